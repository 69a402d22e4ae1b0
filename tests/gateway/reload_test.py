"""A hostile routes file, too large when read: it ends no running gateway, and none starts with it."""
import os
import signal
import subprocess

from client import ask
from front import Front
from mall import BIN, SLOWER, equal, until
from upstream import Upstream

FAN_OUT = "server: {port: '${a0}'}\n" + "".join("a%d: '%s'\n" % (n, "${a%d}" % (n + 1) * 20) for n in range(15)) + "a15: x\n"
ALIASES = "a: &a " + "x" * 600000 + "\nb:\n" + "- *a\n" * 40000
DOTS = "? a" + ".a" * 400000 + "\n: 1\n"
LARGE = "# " + "x" * (2 << 20) + "\n"
BAD = {"placeholders": (FAN_OUT, ":1: ${...}"), "aliases": (ALIASES, ":"), "dots": (DOTS, ":1: nested"), "large": (LARGE, ":1: larger")}


def test_a_running_gateway_keeps_its_routes():
    with Front(Upstream()) as front:
        file = front.directory / "application.yml"
        for text, says in BAD.values():
            before = front.daemon.log().count("the old routes stay")
            other = file.with_suffix(".new")
            other.write_text(text)
            os.replace(other, file)
            front.daemon.signal(signal.SIGHUP)
            until(lambda before=before: front.daemon.log().count("the old routes stay") > before)
            assert str(file) + says in front.daemon.log(), says
            equal(ask(front.port, "GET", "/still-here").status, 200)
        assert front.memory() < (100 << 20) * SLOWER, "%d bytes" % front.memory()


def test_a_gateway_that_starts_says_what_is_wrong():
    with Front(Upstream()) as front:
        for name, (text, says) in BAD.items():
            file = front.directory / (name + ".yml")
            file.write_text(text)
            done = subprocess.run([BIN / "gateway"], env=front.daemon.environment(routes=file, port=0), cwd=front.directory,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
            equal(done.returncode, 2, name)
            assert str(file) + says in done.stdout, done.stdout
