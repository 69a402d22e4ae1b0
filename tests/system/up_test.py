"""mallctl up: all daemons under one process, as in a container."""
import contextlib
import fcntl
import json
import os
import pathlib
import pty
import re
import signal
import socket
import subprocess
import sys
import tempfile

from mall import BIN, DAEMONS, PATIENCE, SLOWER, TOP, CannotTell, Client, Load, equal, ports, tool, until, until_equal

WAIT = max(PATIENCE, 60) * SLOWER                               # ends only what hangs
ORDER = {"productId": "1001", "productName": "TV", "qty": 1, "customerId": "100"}
MUCH = 1000000


class Up:
    """`mallctl up` on ports of its own, in a directory of its own; launcher: a command that becomes, or starts, it."""

    def __init__(self, *flags, launcher=(), stdout=None, wait=True, directory=None, **settings):
        self.own = None if directory else tempfile.TemporaryDirectory(prefix="mall-up-")
        self.directory = pathlib.Path(directory or self.own.name)
        self.numbers = {name: ports.reserve() for name in DAEMONS}
        self.launcher, self.stdout, self.wait_ready = launcher, stdout, wait
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("MALL_", "SPRING_", "SERVER_"))}
        self.environment = {**clean, **{"MALL_" + k.upper(): v for k, v in settings.items()}}
        self.command = [*launcher, str(BIN / "mallctl"), "up", *(w for pair in self.numbers.items() for w in ("--port", "%s=%d" % pair)), *flags]
        self.process = None

    def __enter__(self):
        self.start()
        try:
            if self.wait_ready:
                until(self.is_up)
        except BaseException:
            self.__exit__(None)
            raise
        return self

    def start(self):
        with open(self.directory / "out", "ab") as out, open(self.directory / "err", "ab") as err:
            self.process = subprocess.Popen(self.command, cwd=self.directory, env=self.environment, stdin=subprocess.DEVNULL,
                                            stdout=out if self.stdout is None else self.stdout, stderr=err,
                                            # `nohup make test` would have it ignored
                                            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL))

    def is_up(self):
        assert self.process.poll() is None, (self.process.returncode, self.said())
        return "Ctrl-C stops" in self.err() + self.out()

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(WAIT)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.own:
            self.own.cleanup()

    def out(self):
        return (self.directory / "out").read_text(errors="replace")

    def err(self):
        return (self.directory / "err").read_text(errors="replace")

    def said(self):
        return self.out()[-3000:] + self.err()[-3000:]

    def client(self, name):
        return Client(self.numbers[name])

    def seen(self):
        """How the daemons are, as the console sees them."""
        return {s["name"]: s["status"] for s in self.client("gateway").get("/topology").body["services"]}

    def mallctl(self):
        """Its process id, also where a launcher waits for it."""
        return self.process.pid if not self.launcher else children(self.process.pid)[0]

    def pids(self):
        """Of the daemons, by name."""
        return {pathlib.Path("/proc/%d/comm" % pid).read_text(encoding="ascii").strip(): pid for pid in children(self.mallctl())}

    def stop(self, *signals):
        for number in signals or (signal.SIGTERM,):
            os.kill(self.mallctl(), number)
        return self.process.wait(WAIT)

    def leaves_nothing(self):
        until_equal(lambda: [name for name, port in self.numbers.items() if not ports.is_free(port, "0.0.0.0")], [])


def children(pid):
    return [int(child) for child in pathlib.Path("/proc/%d/task/%d/children" % (pid, pid)).read_text(encoding="ascii").split()]


def state(pid):
    """"S", "Z", or None: it is gone."""
    with contextlib.suppress(OSError):
        return pathlib.Path("/proc/%d/stat" % pid).read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
    return None


def test_it_starts_all_says_where_passes_their_lines_on_and_stops_all():
    with Up("--data-dir", "d/e") as up:
        equal(sorted(up.pids()), sorted(DAEMONS))
        equal(up.client("product").post("/inventories", {**ORDER, "stock": 10}).status, 201)
        order = up.client("gateway").post("/orders", ORDER)
        equal(order.status, 201)
        until_equal(lambda: up.client("gateway").get("/inventories/1").body["stock"], 9)
        page = up.client("gateway").get("/", Accept="text/html")
        assert page.status == 200 and "<html" in page.text, "the built-in routes do not lead to the console"
        until(lambda: up.seen().get("order") == "UP")
        for name, port in up.numbers.items():
            assert re.search(r"\n  %s +%d +%d +http://localhost:%d/actuator/health\n" % (name, port, up.pids()[name], port), up.err()), up.err()
        equal(up.stop(), 0, up.said())
        lines = [json.loads(line) for line in up.out().splitlines()]
        equal({line["service.name"] for line in lines}, set(DAEMONS))
        at = lambda what: {line["service.name"]: line["@timestamp"] for line in lines if line["message"] == what}
        told, stopped = at("told to stop; draining"), at("stopped")
        equal([name for name in DAEMONS if name != "gateway" and told[name] < stopped["gateway"]], [], "told to stop before the gateway had")
        assert not (up.directory / "d/e/log").exists() and (up.directory / "d/e/order.db").exists(), list(up.directory.rglob("*"))
        up.leaves_nothing()


def test_each_signal_stops_all_of_it():
    for number in (signal.SIGINT, signal.SIGHUP):
        with Up() as up:
            equal(up.stop(number), 0, up.said())
            up.leaves_nothing()


def test_sigterm_under_load_loses_no_request_and_no_line():
    """Clients that honour `Connection: close` get every order through; all are there after the next start, and each line is whole."""
    with Up(drain="1s") as up:
        up.client("product").post("/inventories", {**ORDER, "stock": MUCH})
        with Load(up.numbers["gateway"], clients=8) as load:
            until(lambda: len(load.acknowledged) > 500)
            equal(up.stop(), 0, up.said())
        equal(load.failed[:5], [], "failed requests")
        asked = [line for line in map(json.loads, up.out().splitlines()) if line.get("url.path", line.get("url.original", "")).startswith("/orders")]
        assert len([line for line in asked if line["service.name"] == "order"]) >= len(load.acknowledged), len(asked)
        up.start()
        until(lambda: up.err().count("Ctrl-C stops") == 2)
        tool(BIN / "mallctl", "audit", "--settle=60s", "--bus=log:%s" % (up.directory / "data/mall.log"),
             *("--%s=http://localhost:%d" % (name, up.numbers[name]) for name in ("order", "delivery", "product")))
        missing = set(load.acknowledged) - {row["id"] for row in up.client("order").rows("orders")}
        equal(missing, set(), "acknowledged orders that are gone")


# A daemon that says it is one, and is ready. A gateway ends only when it is told so twice.
STUBBORN = """#!%(python)s
import http.server, json, os, signal, sys
name, told = os.path.basename(sys.argv[0]), []
if sys.argv[1] != "--port":
    os.execv("%(bin)s/" + name, [name, *sys.argv[1:]])

class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

def tell(*_):
    told.append(1)
    print(name, "told", len(told), flush=True)
    if len(told) == (2 if name == "gateway" else 1):
        os._exit(0)

signal.signal(signal.SIGTERM, tell)
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
http.server.HTTPServer(("", int(sys.argv[2])), Ready).serve_forever()
"""


def test_another_signal_hurries_the_stop():
    """The gateway is told twice and the others then. One that does not end would be killed, and that is a 1."""
    with tempfile.TemporaryDirectory() as programs:
        for name in DAEMONS:
            path = pathlib.Path(programs, name)
            path.write_text(STUBBORN % {"python": sys.executable, "bin": BIN})
            path.chmod(0o755)
        with Up("--bin", programs, address="0.0.0.0") as up:
            os.kill(up.mallctl(), signal.SIGTERM)
            until_equal(lambda: "gateway told 1" in up.out(), True)
            equal(up.stop(signal.SIGINT), 0, up.said())
            assert all("%s told 1\n" % name in up.out() for name in DAEMONS) and "gateway told 2\n" in up.out(), up.said()


def test_a_daemon_that_dies_ends_all_with_1_and_is_named():
    with Up() as up:
        os.kill(up.pids()["delivery"], signal.SIGKILL)
        equal(up.process.wait(WAIT), 1)
        assert "\nmallctl: delivery died (signal 9, Killed)\n" in up.err(), up.err()
        equal(up.err().count("mallctl: "), 1, up.err())
        up.leaves_nothing()


def test_one_that_cannot_start_is_named_after_its_reason():
    with Up("--text", wait=False, routes="/dev/null/routes.yml") as up:
        equal(up.process.wait(WAIT), 1)
        reason, death = (re.search(what, up.out()) for what in (r"gateway +\| .*/dev/null/routes.yml", r"mallctl: gateway died \(exit code 2\)"))
        assert reason and death and reason.start() < death.start(), up.said()
        up.leaves_nothing()


def test_killed_itself_it_leaves_no_daemon():
    with Up() as up:
        pids = up.pids()
        up.process.kill()
        equal(up.process.wait(WAIT), -signal.SIGKILL)
        try:
            until_equal(lambda: [name for name, pid in pids.items() if state(pid) not in (None, "Z")], [])
        except AssertionError:
            for pid in pids.values():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            raise


def test_killed_while_it_asks_the_daemons_what_they_are_it_leaves_none():
    """It holds signals back by then, and what it started must not."""
    with tempfile.TemporaryDirectory(prefix="mall-up-") as directory:
        for name in DAEMONS:
            program = pathlib.Path(directory) / name
            program.write_text("#!/bin/sh\necho $$ >>%s/pids\nexec sleep 1000\n" % directory)
            program.chmod(0o755)
        up = subprocess.Popen([BIN / "mallctl", "up", "--bin", directory], cwd=directory, stdin=subprocess.DEVNULL)
        pids = pathlib.Path(directory) / "pids"
        try:
            until(lambda: pids.exists() and pids.read_text().endswith("\n"))
        finally:
            up.kill()
            up.wait()
        asked = [int(line) for line in pids.read_text().split()]
        try:
            until_equal(lambda: [pid for pid in asked if state(pid) not in (None, "Z")], [])
        finally:
            for pid in asked:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def test_an_error_output_that_stands_still_holds_up_no_stop():
    mine, its = pty.openpty()
    try:
        with Up(wait=False) as up:
            up.process.kill()                                   # once more, with the terminal for its errors
            up.process.wait()
            fcntl.fcntl(its, fcntl.F_SETFL, os.O_NONBLOCK)
            with contextlib.suppress(BlockingIOError):
                while True:
                    os.write(its, b"x" * 1000)
            fcntl.fcntl(its, fcntl.F_SETFL, 0)
            until(lambda: all(ports.is_free(number) for number in up.numbers.values()))
            with open(up.directory / "out", "ab") as out:
                up.process = subprocess.Popen(up.command, cwd=up.directory, env=up.environment, stdin=subprocess.DEVNULL, stdout=out, stderr=its)
            until(lambda: '"running"' in up.out())
            up.process.terminate()
            equal(up.process.wait(WAIT), 0)
    finally:
        os.close(mine)
        os.close(its)


def require_namespaces():
    if subprocess.call(["unshare", "--pid", "--fork", "--mount-proc", "true"], stderr=subprocess.DEVNULL):
        raise CannotTell("it takes the right to make a PID namespace")


def test_as_the_first_process_it_reaps_orphans_and_stops():
    require_namespaces()
    with Up(launcher=("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")) as up:
        first = up.mallctl()
        before = sorted(children(first))
        # two processes whose parent has gone: one ends by itself with 3, one is killed
        orphans = tool("nsenter", "--target", first, "--pid", "--mount", "sh", "-c", "(sleep 1; exit 3) >/dev/null 2>&1 & sleep 1000 >/dev/null 2>&1 & kill -9 $!; wait $!; "
                       "sleep 1000 >/dev/null 2>&1 & echo $!").split()
        until(lambda: len(children(first)) > len(before))
        tool("nsenter", "--target", first, "--pid", "--mount", "kill", "-9", orphans[-1])
        until_equal(lambda: sorted(children(first)), before)
        equal((up.process.poll(), up.client("gateway").get("/actuator/health").status), (None, 200), up.said())
        os.kill(first, signal.SIGTERM)
        equal(up.process.wait(WAIT), 0, up.said())
        assert "died" not in up.err(), up.err()
        up.leaves_nothing()


def test_at_a_terminal_lines_have_names_and_one_that_stands_still_holds_nothing_up():
    """Nobody reads what is too much for the terminal, and it stops all the same."""
    mine, its = pty.openpty()
    try:
        with Up(stdout=its, wait=False) as up:
            shown = b""
            while b"Ctrl-C stops" not in shown:
                shown += os.read(mine, 65536)
            assert re.search(rb"gateway  \| 2\S+ INFO  running ", shown), shown
            with Load(up.numbers["order"], clients=4):
                until(lambda: (up.directory / "data/log/order.log").stat().st_size > 1 << 20)
                equal(up.stop(), 0, up.err())
            assert "stopped" in (up.directory / "data/log/order.log").read_text(), "the log has no end"
    finally:
        os.close(mine)
        os.close(its)


def test_faults_and_metrics_have_ports_of_their_own_and_the_console_knows():
    with Up("--faults", "--metrics", "--note", "look here") as up:
        for name, port in up.numbers.items():
            admin = Client(port + 1000)
            admin.host = "127.0.0.1"
            equal(admin.get("/faults").body["service"], name)
            assert "  %-9s http://localhost:%d/faults\n" % (name, port + 1000) in up.err(), up.err()
        assert "http_server_requests" in Client(up.numbers["gateway"] + 1100).get("/actuator/prometheus").text
        until(lambda: up.seen().get("gateway") == "UP")
        switches = lambda: {s["name"]: [place["status"] for place in s["places"]] for s in up.client("gateway").get("/faults").body["services"]}
        until_equal(switches, {name: ["UP"] for name in DAEMONS})
        assert "\nlook here\n" in up.err(), up.err()
        equal(up.stop(), 0, up.said())


def test_settings_reach_those_that_know_them_and_slips_are_said():
    with Up(port="1", stock_check_timeout="2s", drian="1s") as up:
        assert "mallctl: MALL_PORT is for one daemon and not passed on\n" in up.err(), up.err()
        slips = [line["service.name"] for line in map(json.loads, up.out().splitlines()) if "MALL_DRIAN is no setting; did you mean MALL_DRAIN?" in line["message"]]
        equal(sorted(slips), sorted(DAEMONS))
        assert "MALL_STOCK_CHECK_TIMEOUT" not in up.out(), up.out()
        given = pathlib.Path("/proc/%d/environ" % up.pids()["order"]).read_text(encoding="utf-8").split("\0")
        assert "MALL_STOCK_CHECK_TIMEOUT=2s" in given and "MALL_PORT=1" not in given, given


def test_the_gateway_shows_its_built_in_routes():
    equal(tool(BIN / "gateway", "--builtin-routes"), (TOP / "gateway/application.yml").read_text(encoding="utf-8"))


def refused(*words, **environment):
    done = subprocess.run([BIN / "mallctl", "up", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=WAIT,
                          env={**os.environ, **environment})
    return done.returncode, done.stderr


def test_what_it_does_not_understand_it_says():
    for words, why in ((["--prot", "order=1"], "unknown flag --prot; did you mean --port?"), (["order"], "up takes flags only, not order"),
                       (["--port", "ordr=18081"], "no daemon has this name; did you mean order?"), (["--port=order=0"], "with a port from 1 to 65535"),
                       (["--port"], "expected a value"), (["--faults=on"], "expected one of no, yes"), (["--data-dir", ""], "--data-dir is empty"), (["--bin", "/nowhere"], "there is no program /nowhere/order"),
                       (["--faults", "--port", "order=64536"], "--faults takes the port of order + 1000 too, which is too large for 64536")):
        code, said = refused(*words)
        assert code == 2 and why in said and said.endswith("; see mallctl up --help\n"), (words, code, said)
    with tempfile.NamedTemporaryFile() as file:
        code, said = refused("--data-dir", file.name + "/data", *(w for name in DAEMONS for w in ("--port", "%s=%d" % (name, ports.reserve()))))
        assert code == 1 and "the directory %s/data cannot be made: Not a directory" % file.name in said, said


def test_a_port_that_is_taken_is_named_with_a_way_out():
    with socket.create_server(("0.0.0.0", ports.reserve())) as taken:
        port = taken.getsockname()[1]
        others = [w for name in DAEMONS if name != "order" for w in ("--port", "%s=%d" % (name, ports.reserve()))]
        code, said = refused("--port", "order=%d" % port, *others)
        equal(code, 1)
        free = re.search(r"port %d, which order needs, is taken \(`ss -ltnp sport = :%d` shows by whom\); `make run PORTS=order=(\d+)`, "
                         r"or `mallctl up --port order=(\d+)`, gives it another\n" % (port, port), said)
        assert free and free[1] == free[2] and ports.is_free(int(free[1])), said
