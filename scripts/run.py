#!/usr/bin/env python3
"""run - the whole mall on this machine, until Ctrl-C.

usage: run.py [--kafka] [--postgres] [--faults] [--monitor] [--rules DIR] [--bin DIR] [--port NAME=PORT]...

Starts all daemons, waits until they are ready, says where they are and shows their logs, each line with its
daemon's name in front; data/log/NAME.log keeps them, also those of what an open console asks all the time, which are
not shown. MALL_ settings of the environment reach the daemons, except those that cannot be the same for all of them.
--port moves a daemon; the built-in routes and the console follow it. --kafka starts a broker on localhost:9092, unless
MALL_BUS_URL names one; --postgres a PostgreSQL on localhost:5432 (--port postgresql=PORT), unless MALL_DB_URL names one.
--faults gives each daemon an admin port on the loopback, its port + 1000, where faults to practise with are switched on,
and the console a panel over them; MALL_ADMIN_TOKEN_FILE, if it is set, has the token of all of them.
--monitor starts a Prometheus and an Alertmanager too, on localhost:9190 and localhost:9193 (--port prometheus=PORT,
--port alertmanager=PORT), with the rules of deploy/monitoring, or of another folder by --rules. The gateway shows its
metrics on a port of their own only, hence its port + 1100 then.
Daemons, Prometheus and Alertmanager end with it also when it is killed; a broker and a PostgreSQL do not.
Ends with 0 after Ctrl-C, SIGTERM or SIGHUP, with 1 when something could not start or a daemon died.
"""
import argparse
import contextlib
import os
import pathlib
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import lifeline
import monitor
import ports
import services

TOP = services.TOP
NOT_FOR_ALL = ("MALL_PORT", "MALL_MANAGEMENT_PORT", "MALL_ADMIN_PORT")
# what the console asks for as long as somebody looks: some twenty lines a second, among which nobody would see an order's
ASKED_ALL_THE_TIME = re.compile(
    rb"\bGET /(?:actuator/\S* \d"                               # the gateway answers 404 where it hides its metrics
    rb"|(?:topology|books|faults|dead|assets/\S*"
    rb"|openapi\.json|\w+\?size=1000&page=\d+"                  # the audit
    rb"|\w+\?page=\d+&size=[18]&sort=id,desc|movements(?:\?\S*)?"    # the tables
    rb") [1-4])\d\d\b")
SIGNALS = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
READY_SECONDS = 20
STOP_SECONDS = 30
BROKER = TOP / "tests/kafka/broker.sh"
BROKER_PORT = 9092
ROUTES = TOP / "gateway/application.yml"                        # the built-in ones
SERVER = TOP / "tests/postgres/server.sh"
ADMIN_STEP = 1000                                               # from a daemon's port to its admin port
SERVER_PORT = 5432
BESIDE = {"postgresql": SERVER_PORT, "prometheus": monitor.PROMETHEUS, "alertmanager": monitor.ALERTMANAGER}
METRICS_STEP = 1100                                             # from the gateway's port to that of its metrics


class Trouble(Exception):
    """The reason why the run ends, as a text."""


class Daemon:
    def __init__(self, name, port, folder, data, settings):
        self.name, self.port = name, port
        self.log = open(data / "log" / (name + ".log"), "ab", buffering=0)
        # a session of its own: Ctrl-C reaches only this program, which stops the daemons in order
        self.process = subprocess.Popen([folder / name, "--port", str(port)], env=settings, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
                                        preexec_fn=lifeline.to(os.getpid()))

    def follow(self, lines):
        """Copies each line of the log to its file and the queue; None is the end."""
        for line in self.process.stdout:
            self.log.write(line)
            lines.put((self.name, line))
        lines.put((self.name, None))

    def is_ready(self):
        try:
            with urllib.request.urlopen(self.url() + "/actuator/health/readiness", timeout=1) as answer:
                return answer.status == 200
        except (OSError, urllib.error.URLError):
            return False

    def url(self):
        return "http://localhost:%d" % self.port


def show(name, line):
    if ASKED_ALL_THE_TIME.search(line):
        return
    with contextlib.suppress(OSError):                          # the terminal may be gone
        sys.stdout.write("%-8s | %s" % (name, line.decode("utf-8", "replace")))
        sys.stdout.flush()


def drain(lines):
    while not lines.empty():
        name, line = lines.get()
        if line is None:
            raise Trouble("%s died" % name)
        show(name, line)


def wait_until_ready(daemons, lines):
    deadline = time.monotonic() + READY_SECONDS
    for daemon in daemons:
        while not daemon.is_ready():
            drain(lines)
            if time.monotonic() > deadline:
                raise Trouble("%s is not ready after %d s" % (daemon.name, READY_SECONDS))
            time.sleep(0.02)
    drain(lines)


def without_password(url):
    """As it may be shown on a terminal: hides what redact.c of the daemons hides."""
    scheme, _, place = url.rpartition("://")
    user, at, place = place.rpartition("@")
    return (scheme and scheme + "://") + user.partition(":")[0] + at + re.sub(r"\?.*", "", place)


def another(port):
    """A free port that is easy to remember."""
    return next(other for other in range(port + 10000, 65536) if ports.is_free(other, "0.0.0.0")) if port < 55536 else ports.reserve()


def admin_ports(numbers):
    beyond = ["%s=%d" % pair for pair in numbers.items() if pair[1] + ADMIN_STEP > 65535]
    if beyond:
        raise Trouble("--faults takes the port + %d too, which is too large for %s" % (ADMIN_STEP, ", ".join(beyond)))
    return {name: port + ADMIN_STEP for name, port in numbers.items()}


def metrics_ports(numbers):
    """Where each daemon shows its metrics."""
    if numbers["gateway"] + METRICS_STEP > 65535:
        raise Trouble("--monitor takes the gateway's port + %d too, which is too large for %d" % (METRICS_STEP, numbers["gateway"]))
    return {**numbers, "gateway": numbers["gateway"] + METRICS_STEP}


def require_free_for_monitor(numbers, admins, metrics, own):
    """own: the ports of Prometheus and Alertmanager."""
    wanted = {**own, "the gateway's metrics": metrics["gateway"]}
    others = [*numbers.values(), *admins.values()]
    bad = ["port %d of %s is another's too" % (port, name) for name, port in wanted.items() if port in others or list(wanted.values()).count(port) > 1]
    bad += ["port %d of %s is taken; `make run PORTS=\"%s=%d\"` moves it" % (port, name, *moved) for name, port, moved in (
        (name, port, (name, another(port)) if name in own else ("gateway", another(numbers["gateway"]))) for name, port in wanted.items()) if not ports.is_free(port)]
    if bad:
        raise Trouble("\nrun: ".join(bad))


def require_free(numbers, admins):
    both = ["port %d of %s is the admin port of %s" % (port, name, other)
            for name, port in numbers.items() for other, admin in admins.items() if port == admin]
    taken = ["port %d, the admin port of %s, is taken; `make run PORTS=%s=%d` moves both of its ports"
             % (port, name, name, another(port - ADMIN_STEP)) for name, port in admins.items() if not ports.is_free(port)]
    if both or taken:
        raise Trouble("\nrun: ".join(both or taken))
    for name, port in numbers.items():
        both = [other for other in numbers if numbers[other] == port]
        if len(both) > 1:
            raise Trouble("port %d is that of %s" % (port, " and ".join(both)))
    taken = ["port %d, which %s needs, is taken (`ss -ltnp sport = :%d` shows by whom); `make run PORTS=%s=%d` gives it another"
             % (port, name, port, name, another(port)) for name, port in numbers.items() if not ports.is_free(port, "0.0.0.0")]
    if taken:
        raise Trouble("\nrun: ".join(taken))


def moved_routes(numbers, folder):
    """The built-in routes, where some lead to another port; None: they are right as they are."""
    usual = {services.port(name, folder): port for name, port in numbers.items() if name != "gateway"}
    if all(port == other for port, other in usual.items()):
        return None
    return re.sub(r"(uri: http://localhost:)(\d+)", lambda uri: uri[1] + str(usual.get(int(uri[2]), uri[2])), ROUTES.read_text())


def own_settings(numbers, admins, metrics, folder, settings, data):
    """What the gateway and the console must know of where the others are, as far as nobody said it already."""
    routes = moved_routes(numbers, folder)
    theirs = settings.get("MALL_ROUTES") or ("application.yml" if os.path.exists("application.yml") else None)
    own = {"frontend": {"MALL_SERVICES": ",".join("%s=http://localhost:%d" % pair for pair in metrics.items() if pair[0] != "frontend")}}
    if routes and theirs:
        print("run: the routes are those of %s, which must know the ports" % theirs, file=sys.stderr)
    elif routes:
        (data / "routes.yml").write_text(routes)
        own["gateway"] = {"MALL_ROUTES": str(data / "routes.yml")}
    if metrics["gateway"] != numbers["gateway"]:
        own.setdefault("gateway", {})["MALL_MANAGEMENT_PORT"] = str(metrics["gateway"])
    if admins:
        own["frontend"]["MALL_CONSOLE_FAULTS"] = "on"
        own["frontend"]["MALL_ADMIN_SERVICES"] = ",".join("%s=http://localhost:%d" % pair for pair in admins.items())
    for name, port in admins.items():
        own.setdefault(name, {})["MALL_ADMIN_PORT"] = str(port)
    return own


def those_of(name, folder, settings):
    """Without what is a setting of another daemon only, of which this one would warn."""
    of = {daemon: {s["variable"] for s in services.describe(daemon, folder)["settings"]} for daemon in services.daemons()}
    return {k: v for k, v in settings.items() if k in of[name] or not any(k in known for known in of.values())}


def table(daemons, admins, watch, store, bus):
    rows = [("daemon", "port", "pid", "health")]
    rows += [(d.name, str(d.port), str(d.process.pid), d.url() + "/actuator/health") for d in daemons]
    urls = {d.name: d.url() for d in daemons}
    print("\n  open  %s/     the console: what happens in the mall, while it happens\n" % urls["gateway"])
    for row in rows:
        print("  %-9s %-6s %-8s %s" % row)
    print("\n  data in %s, events over %s" % (store, bus))
    if {"order", "product"} <= set(urls):
        print("  try:  http POST %s/inventories productId=1001 productName=TV stock=100"
              "\n        http POST %s/orders productId=1001 productName=TV qty=5 customerId=100"
              "\n        http %s/inventories/1" % (urls["product"], urls["gateway"], urls["gateway"]))
    if admins:
        print("\n  faults to practise with: the console's panel, or GET, POST and DELETE /faults of")
        print("\n".join("  %-9s http://localhost:%d/faults" % pair for pair in admins.items()))
        print("  try:  http POST http://localhost:%d/faults kind=http-latency delay=500ms duration=1min\n"
              % (admins.get("product") or min(admins.values())))
    if watch:
        print("\n  Prometheus %s/graph and %s/alerts, Alertmanager %s" % (watch.url, watch.url, watch.alertmanager_url)
              + "\n  what to ask, and what an alert means: deploy/monitoring/README.md\n")
    print("  Ctrl-C stops all of it\n", flush=True)


def stop(daemons, lines):
    """SIGTERM to each, the gateway first so that no request meets a service that has gone; shows their last lines."""
    for daemon in reversed(daemons):
        if daemon.process.poll() is None:
            daemon.process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    clean = True
    for daemon in reversed(daemons):
        try:
            code = daemon.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            daemon.process.kill()
            code = daemon.process.wait()
        clean &= code == 0
        if code:
            print("run: %s ended with %d" % (daemon.name, code), file=sys.stderr)
        daemon.follower.join(1)
    while not lines.empty():
        name, line = lines.get()
        if line is not None:
            show(name, line)
    return clean


def mall(arguments, settings, data):
    """Runs until a signal (KeyboardInterrupt) or until a daemon dies (Trouble)."""
    daemons, lines = [], queue.SimpleQueue()               # a signal may come while it is waited for
    trouble = None
    numbers = {name: arguments.port.get(name) or services.port(name, arguments.bin) for name in services.daemons()}
    admins = admin_ports(numbers) if arguments.faults else {}
    metrics = metrics_ports(numbers) if arguments.monitor else numbers
    require_free(numbers, admins)
    watch = None
    if arguments.monitor:
        require_free_for_monitor(numbers, admins, metrics, arguments.watch)
        watch = monitor.Monitor(data / "monitor", metrics, rules=arguments.rules.resolve(), **arguments.watch)
    own = own_settings(numbers, admins, metrics, arguments.bin, settings, data)
    try:
        for name, port in numbers.items():
            daemon = Daemon(name, port, arguments.bin, data, those_of(name, arguments.bin, {**own.get(name, {}), **settings}))
            daemons.append(daemon)
            daemon.follower = threading.Thread(target=daemon.follow, args=(lines,), daemon=True)
            daemon.follower.start()
        wait_until_ready(daemons, lines)
        if watch:
            watch.start()
        table(daemons, admins, watch, without_password(settings.get("MALL_DB_URL", str(data))), settings.get("MALL_BUS_URL", "the embedded log"))
        while True:
            name, line = lines.get()
            if line is None:
                raise Trouble("%s died" % name)
            show(name, line)
    except KeyboardInterrupt:
        with contextlib.suppress(OSError):
            print("\nrun: stopping", flush=True)
    except (Trouble, monitor.Missing) as what:
        trouble = what
    finally:
        ignore_signals()
        if watch:
            watch.stop()
        clean = stop(daemons, lines)
    if trouble:
        raise Trouble(str(trouble))
    return 0 if clean else 1


def start_broker(data):
    if not ports.is_free(BROKER_PORT):
        raise Trouble("port %d, which the broker needs, is taken; MALL_BUS_URL=kafka://HOST:PORT/mall uses that one" % BROKER_PORT)
    print("run: fetching and starting a Kafka broker on localhost:%d" % BROKER_PORT, flush=True)
    for command in (["fetch"], ["start", str(data / "kafka"), str(BROKER_PORT)]):
        if subprocess.call([BROKER] + command):
            raise Trouble("the broker did not start")


def start_server(data, port):
    """Where it is."""
    if not ports.is_free(port):
        raise Trouble("port %d, which PostgreSQL needs, is taken; MALL_DB_URL=postgresql://USER@HOST/DATABASE uses that one" % port)
    print("run: starting a PostgreSQL on localhost:%d" % port, flush=True)
    if subprocess.call([SERVER, "start", str(data / "postgres"), str(port)]):
        raise Trouble("PostgreSQL did not start")
    return (data / "postgres/url").read_text().strip()


def ignore_signals():
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def interrupt(*_):
    ignore_signals()                                            # a second one must not cut the stop short
    raise KeyboardInterrupt


def port_of(text):
    """("order", 8081)"""
    name, equals, port = text.partition("=")
    if not equals or name not in (*services.daemons(), *BESIDE) or not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65536:
        raise argparse.ArgumentTypeError("%s is not NAME=PORT of %s" % (text, ", ".join((*services.daemons(), *BESIDE))))
    return name, int(port)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--kafka", action="store_true")
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--faults", action="store_true")
    parser.add_argument("--monitor", action="store_true")
    parser.add_argument("--rules", type=pathlib.Path, default=monitor.RULES)
    parser.add_argument("--bin", type=pathlib.Path, default=services.PROGRAMS)
    parser.add_argument("--port", action="append", default=[], type=port_of)
    arguments = parser.parse_args()
    for number in SIGNALS:
        signal.signal(number, interrupt)
    settings = {"MALL_LOG": "text", **os.environ}
    for name in NOT_FOR_ALL:
        if settings.pop(name, None):
            print("run: %s is for one daemon and not passed on" % name, file=sys.stderr)
    data = pathlib.Path(settings.get("MALL_DATA_DIR", "data")).resolve()
    settings["MALL_DATA_DIR"] = str(data)
    if socket.has_dualstack_ipv6() and "SERVER_ADDRESS" not in settings:
        settings.setdefault("MALL_ADDRESS", "::")               # some siege try localhost's first address only, which is ::1
    broker = server = False
    arguments.port = dict(arguments.port)
    beside = {name: arguments.port.pop(name, usual) for name, usual in BESIDE.items()}
    server_port = beside.pop("postgresql")
    arguments.watch = beside
    try:
        (data / "log").mkdir(parents=True, exist_ok=True)
        if arguments.kafka and "MALL_BUS_URL" not in os.environ:
            broker = True
            start_broker(data)
            settings["MALL_BUS_URL"] = "kafka://localhost:%d/mall" % BROKER_PORT
        if arguments.postgres and "MALL_DB_URL" not in os.environ:
            server = True
            settings["MALL_DB_URL"] = start_server(data, server_port)
        return mall(arguments, settings, data)
    except KeyboardInterrupt:
        return 0
    except (Trouble, OSError) as what:
        print("run: %s" % what, file=sys.stderr)
        return 1
    finally:
        if broker:
            subprocess.call([BROKER, "stop", data / "kafka"])
        if server:
            subprocess.call([SERVER, "stop", data / "postgres"])


if __name__ == "__main__":
    sys.exit(main())
