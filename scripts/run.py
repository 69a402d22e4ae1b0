#!/usr/bin/env python3
"""run - the whole mall on this machine, until Ctrl-C.

usage: run.py [--kafka] [--postgres] [--faults] [--monitor] [--rules DIR] [--bin DIR] [--port NAME=PORT]...

Runs `mallctl up --text`, which starts all daemons, waits until they are ready, says where they are and shows their logs, each
line with its daemon's name in front; data/log/NAME.log keeps them, also those of what an open console asks all the time,
which are not shown. MALL_ settings of the environment reach the daemons, except those that cannot be the same for all of them.
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
import os
import pathlib
import re
import signal
import subprocess
import sys

import lifeline
import monitor
import ports
import services

SIGNALS = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
BROKER = services.TOP / "tests/kafka/broker.sh"
BROKER_PORT = 9092
SERVER = services.TOP / "tests/postgres/server.sh"
SERVER_PORT = 5432
BESIDE = {"postgresql": SERVER_PORT, "prometheus": monitor.PROMETHEUS, "alertmanager": monitor.ALERTMANAGER}
ADMIN_STEP, METRICS_STEP = 1000, 1100                           # mallctl/up_plan.h


class Trouble(Exception):
    """The reason why the run ends, as a text."""


class Mall:
    """`mallctl up`, which gets our signals: the first ends it in order, another one hurries it."""

    def __init__(self):
        self.process, self.told = None, False

    def tell(self, *_):
        self.told = True
        if self.process:
            self.process.send_signal(signal.SIGTERM)

    def run(self, command, settings):
        """Its exit code."""
        tie = lifeline.to(os.getpid())

        def prepare():
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # until it takes signals
            tie()
        for number in SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN:      # nohup ignores SIGHUP
                signal.signal(number, self.tell)
        # a session of its own: Ctrl-C reaches only this program
        process = subprocess.Popen(command, env=settings, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=prepare)
        self.process = process
        if self.told:
            process.send_signal(signal.SIGTERM)
        return process.wait()


def another(port):
    """A free port that is easy to remember."""
    return next(other for other in range(port + 10000, 65536) if ports.is_free(other, "0.0.0.0")) if port < 55536 else ports.reserve()


def require_free_for_monitor(numbers, faults, own):
    """own: the ports of Prometheus and Alertmanager. Those of the daemons are mallctl's to look at."""
    others = [port + step for port in numbers.values() for step in ((0, ADMIN_STEP) if faults else (0,))] + [numbers["gateway"] + METRICS_STEP]
    bad = ["port %d of %s is another's too" % (port, name) for name, port in own.items() if port in others or list(own.values()).count(port) > 1]
    bad += ["port %d of %s is taken; `make run PORTS=\"%s=%d\"` moves it" % (port, name, name, another(port))
            for name, port in own.items() if not ports.is_free(port)]
    if bad:
        raise Trouble("\nrun: ".join(bad))


def start_monitor(arguments, data):
    numbers = {name: arguments.port.get(name) or services.port(name, arguments.bin) for name in services.daemons()}
    require_free_for_monitor(numbers, arguments.faults, arguments.watch)
    metrics = {**numbers, "gateway": numbers["gateway"] + METRICS_STEP}
    return monitor.Monitor(data / "monitor", metrics, rules=arguments.rules.resolve(), **arguments.watch).start()


def mall(arguments, settings, data):
    """Until a signal, or until a daemon dies; the exit code."""
    command = [arguments.bin / "mallctl", "up", "--text", "--bin", arguments.bin, "--data-dir", data]
    for pair in arguments.port.items():
        command += ["--port", "%s=%d" % pair]
    if arguments.faults:
        command.append("--faults")
    if not arguments.monitor:
        return Mall().run(command, settings)
    watch = start_monitor(arguments, data)
    try:
        note = ("  Prometheus %s/graph and %s/alerts, Alertmanager %s\n  what to ask, and what an alert means: deploy/monitoring/README.md\n"
                % (watch.url, watch.url, watch.alertmanager_url))
        return Mall().run([*command, "--metrics", "--note=" + note], settings)
    finally:
        watch.stop()


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
    settings = dict(os.environ)
    data = pathlib.Path(settings.get("MALL_DATA_DIR", "data")).resolve()
    broker = server = False
    arguments.port = dict(arguments.port)
    beside = {name: arguments.port.pop(name, usual) for name, usual in BESIDE.items()}
    server_port = beside.pop("postgresql")
    arguments.watch = beside
    try:
        data.mkdir(parents=True, exist_ok=True)
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
    except (Trouble, monitor.Missing, OSError) as what:
        print("run: %s" % what, file=sys.stderr)
        return 1
    finally:
        if broker:
            subprocess.call([BROKER, "stop", data / "kafka"])
        if server:
            subprocess.call([SERVER, "stop", data / "postgres"])


if __name__ == "__main__":
    sys.exit(main())
