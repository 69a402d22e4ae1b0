"""examples - the programs of examples/: how each is built, as its README says, in a copy below build/tools; and a process of it.

Maven, Go and pip keep what they fetched in caches of their own, outside of the tree.
"""
import contextlib
import hashlib
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[1:1] = [str(TESTS / "system"), str(TESTS / "k8s")]
import tools                                                    # noqa: E402 (lies in tests/k8s/)
import parts                                                    # noqa: E402 (lies in scripts/)
from mall import PATIENCE, Client, until                        # noqa: E402 (lies in tests/system/)

SOURCES = TESTS.parent / "examples"
NO_WAY = re.compile(r"Could not (?:resolve|transfer|find artifact)|Non-resolvable|dial tcp|no such host|i/o timeout|Unknown host|"
                    r"Could not find a version|ConnectionError|Temporary failure|requires go >=")
LEAST_JAVA = 17
ENDED = {"java": 143}                                           # how a Java says that it ended in order on SIGTERM
SLOW_START = max(PATIENCE, 240)                                 # seconds: a Java on a busy machine


class NotHere(Exception):
    """A tool is missing, or it reaches no registry."""


def require(*programs):
    for program in programs:
        if not shutil.which(program):
            raise NotHere("there is no %s" % program)


def require_java():
    require("java", "javac", "mvn")
    said = subprocess.run(["javac", "-version"], capture_output=True, text=True, check=True)
    version = re.search(r"javac (\d+)", said.stdout + said.stderr)
    if not version or int(version[1]) < LEAST_JAVA:
        raise NotHere("javac is older than %d" % LEAST_JAVA)


def run(place, *command, **environment):
    """A build's step. What only fails for want of a registry is NotHere."""
    done = subprocess.run([str(c) for c in command], cwd=place, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    if done.returncode != 0:
        why = next((line.strip() for line in done.stdout.split("\n") if NO_WAY.search(line)), None)
        if why:
            raise NotHere("%s: %s" % (command[0], why[:200]))
        print(done.stdout)
        raise SystemExit("FAIL examples: %s, in a copy of %s" % (" ".join(map(str, command)), place.name))


class Example:
    def __init__(self, name, label, make, command=None):
        self.name, self.label, self.make, self.command = name, label, make, command
        self.place = tools.TOOLS / ("example-" + name)

    def build(self):
        source = SOURCES / self.name
        files = subprocess.check_output(["git", "ls-files", "-co", "--exclude-standard", "."], cwd=source, text=True).split()
        key = hashlib.sha256(b"\0".join(f.encode() + b"\0" + (source / f).read_bytes() for f in sorted(files))).hexdigest()

        def make():
            shutil.rmtree(self.place, ignore_errors=True)
            for file in files:
                (self.place / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source / file, self.place / file)
            self.make(self.place)
        tools.once(self.place, key, make)

    def is_built(self):
        return (tools.TOOLS / (self.place.name + ".is")).exists()


def make_python(place):
    run(place, sys.executable, "-m", "venv", "venv")
    run(place, "venv/bin/pip", "-q", "install", "--disable-pip-version-check", "-r", "requirements.txt")


def make_java(place):
    require_java()
    run(place, "mvn", "-q", "-B", "compile")


def make_go(place):
    try:
        go = parts.go()
    except subprocess.CalledProcessError:
        raise NotHere("there is no go, and pip could not fetch one") from None
    run(place, go, "build", "-p=2", "-o", "consumer", ".", CGO_ENABLED="0", GOFLAGS="-mod=readonly -buildvcs=false")


def make_mypage(place):
    require_java()
    run(place, "mvn", "-q", "-B", "package")


JAVA = ("java", "-Xmx160m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
CONSUMERS = (Example("python", "the consumer in Python", make_python, ("venv/bin/python3", "consumer.py")),
             Example("java", "the consumer in Java", make_java, (*JAVA, "-cp", "target/classes:target/lib/*", "Consumer")),
             Example("go", "the consumer in Go", make_go, ("./consumer",)))
MYPAGE = Example("spring-mypage", "mypage", make_mypage)
ALL = (*CONSUMERS, MYPAGE)


class Process:
    """A program, whose log is a file, and which may be killed and started again."""

    def __init__(self, label, directory):
        self.label, self.process, self.log_path = label, None, pathlib.Path(directory) / (label + ".log")
        self.is_over = False

    def begin(self, command, **more):
        assert not self.is_over, "%s is over" % self.label
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, **more)

    def log(self):
        return self.log_path.read_text(errors="replace")

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        self.process.kill()
        self.process.wait()

    def wait(self):
        try:
            return self.process.wait(SLOW_START)
        except subprocess.TimeoutExpired:
            raise AssertionError("%s did not end" % self.label) from None

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.is_over = True
        if self.is_running():
            self.kill()
        if kind:
            print("---- the end of %s's log\n%s" % (self.label, self.log()[-3000:] if self.log_path.exists() else ""))


class Consumer(Process):
    """One of CONSUMERS with its file."""

    def __init__(self, example, directory, broker, topic="mall"):
        super().__init__(example.name, directory)
        self.example, self.broker, self.topic = example, broker, topic
        self.group, self.file = "sums-" + example.name, pathlib.Path(directory) / ("sums-%s.db" % example.name)

    def start(self, *arguments):
        self.begin([*self.example.command, *(arguments or (self.broker.address, self.topic, self.group, self.file))], cwd=self.example.place)
        return self

    def store(self, mode="ro"):
        return contextlib.closing(sqlite3.connect("file:%s?mode=%s" % (self.file, mode), uri=True, timeout=60, isolation_level=None))

    def sums(self):
        """{productId: qty}"""
        with self.store() as store:
            return dict(store.execute("SELECT productId, qty FROM ordered"))

    def sums_so_far(self):
        """{} while it has not made its tables yet."""
        assert self.is_running(), "%s ended with %s" % (self.label, self.process.returncode)
        try:
            return self.sums()
        except sqlite3.OperationalError:
            return {}

    def in_order(self):
        return ENDED.get(self.example.name, 0)


class Mypage(Process):
    """The service, in a directory where it makes data/ as it does by hand; also a client of it."""

    def __init__(self, directory, broker, port, label="mypage", **more):
        super().__init__(label, directory)
        self.directory, self.client, self.more = directory, Client(port), more
        self.settings = {"SERVER_PORT": str(port), "SPRING_KAFKA_BOOTSTRAP_SERVERS": broker.address, **more}

    def start(self, **more):
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("MALL_", "SPRING_"))}
        self.begin(["java", "-Xmx256m", *JAVA[2:], "-jar", MYPAGE.place / "target/mypage.jar"], cwd=self.directory,
                   env={**clean, **self.settings, **more})
        until(self.is_ready, SLOW_START, every=0.1)
        return self

    def is_ready(self):
        assert self.is_running(), "mypage ended with %s" % self.process.returncode
        try:
            return self.client.get("/actuator/health/readiness").status == 200
        except OSError:
            return False
