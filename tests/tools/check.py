#!/usr/bin/env python3
"""check - the test of the runners: what fails once is unsteady, what fails twice or has a sanitizer's complaint fails, and the tally says so."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]

# Fails with that text the first `times` times; TOLD counts them.
PROGRAM = """#!/bin/sh
echo told >>"$0.told"
if [ "$(wc -l <"$0.told")" -le {times} ]; then echo '{text}'; echo 'FAIL a story'; exit 1; fi
echo 'ok   a story'
"""

RUNNER = """import sys
sys.path.insert(1, %r)
import stories
sys.exit(stories.main(None, jobs=2, deadlines={"release": 60}))
"""

STORIES = """import pathlib
HERE = pathlib.Path(__file__).parent

def is_first(name):
    told = HERE / name
    before = told.exists()
    told.write_text("")
    return not before

def test_steady(): pass
def test_once(): assert not is_first("once"), "a busy machine"
def test_never(): assert False, "a fault"
def test_cases():
    yield "one case", None
    yield "another case", "a slow answer" if is_first("case") else None
"""


def run(*command, **settings):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120,
                          env={**os.environ, **settings})
    return done.returncode, re.sub(r" \(\d+\.\d s\)", "", done.stdout)


def program(directory, name, times, text):
    path = directory / name
    path.write_text(PROGRAM.format(times=times, text=text))
    path.chmod(0o755)
    return path


def told(path):
    return len(pathlib.Path(str(path) + ".told").read_text().split())


def unit_programs(directory):
    once, twice, race = (program(directory, name, times, text) for name, times, text in (
        ("once", 1, "late"), ("twice", 2, "wrong"), ("race", 1, "WARNING: ThreadSanitizer: data race")))
    code, text = run(TOP / "scripts/unit.py", once)
    assert code == 0 and text.count("\nok   a story\n") == 1 and "\nFAIL" not in text, text
    assert text.endswith("unsteady %s\n| late\n| FAIL a story\n" % once), text
    code, text = run(TOP / "scripts/unit.py", twice)
    assert (code, text.count("\nFAIL"), "unsteady" in text, told(twice)) == (1, 1, False, 2), text
    code, text = run(TOP / "scripts/unit.py", race)
    assert (code, text.count("\nFAIL"), told(race)) == (1, 1, 1), text


def system_stories(directory):
    (directory / "run.py").write_text(RUNNER % str(TOP / "tests/system"))
    (directory / "some_test.py").write_text(STORIES)
    code, text = run(sys.executable, directory / "run.py")
    lines = text.split("\n")
    assert code == 1, text
    assert sorted(line for line in lines if line.startswith(("ok ", "FAIL"))) == [
        "FAIL some: never", "ok   some: another case", "ok   some: once", "ok   some: one case", "ok   some: steady"], text
    assert [line for line in lines if line.startswith("unsteady")] == ["unsteady some: once", "unsteady some: cases"] or \
        [line for line in lines if line.startswith("unsteady")] == ["unsteady some: cases", "unsteady some: once"], text
    assert "| AssertionError: a busy machine" in lines and "| a slow answer" in lines, text


def tally(directory):
    make = directory / "make"
    said = "ok   a\nunsteady b\n| first\n| log\nok   c\n| not its log\n"
    wrong = "Error: still 1\n    at one\nand 2\nFAIL d\nleft out x\nFAIL e\na log\nTraceback (most recent call last):\n  one\nAssertionError: %s\nFAIL f\n" % ("3" * 300)
    (directory / "good").write_text(said)
    (directory / "bad").write_text(said + wrong)
    make.write_text("#!/bin/sh\ncat %s/$2\n" % directory)
    make.chmod(0o755)
    code, text = run(TOP / "scripts/tally.py", "good", MAKE=str(make))
    assert code == 0 and text.endswith("s\nunsteady b\n| first\n| log\n2 passed, 0 failed\n"), text
    code, text = run(TOP / "scripts/tally.py", "bad", MAKE=str(make))
    end = "left out x\nFAIL bad: d: Error: still 1\nFAIL bad: e\nFAIL bad: f: AssertionError: %s\nunsteady b\n| first\n| log\n2 passed, 3 failed\n" % ("3" * 184)
    assert code == 1 and text.endswith("s\n" + end), text


def services_that_collide(directory):
    """Two with one port and one collection, and one that has another name than its folder."""
    names = subprocess.check_output(["make", "-s", "-C", TOP, "print-SERVICES"], text=True,
                                    env={k: v for k, v in os.environ.items() if not k.startswith("MAKE")}).split()
    for number, name in enumerate(names):
        said = {"name": "voucher" if number == 2 else name, "port": (8081, 8081, 8088)[number], "settings": [],
                "collections": [{"path": ("/orders", "/orders", "/inventories")[number], "listed": True}]}
        program = directory / name
        program.write_text("#!/bin/sh\necho '%s'\n" % json.dumps(said))
        program.chmod(0o755)
    code, text = run(TOP / "scripts/generate.py", "--check", "--bin", directory)
    first, second, third = names
    assert (code, text.splitlines()) == (1, [
        "generate: %s has the port 8081, which is %s's" % (second, first),
        "generate: %s has the collection /orders, which is %s's" % (second, first),
        "generate: %s calls itself voucher: .name in %s/main.c" % (third, third),
        "generate: %s has the port 8088, which is gateway's" % third]), text


def lists_that_cannot_be(directory):
    makefile = (TOP / "Makefile").read_text()
    for services, why in (("", "SERVICES is empty"), ("order order", "names a service twice"), ("order gift-card", "gift-card"),
                          ("order Coupon", "Coupon"), ("order gateway", "gateway"), ("order frontend", "frontend"), ("order common", "common")):
        (directory / "Makefile").write_text(re.sub(r"(?m)^SERVICES := .*", "SERVICES := " + services, makefile))
        code, text = run("make", "-s", "-C", TOP, "-f", directory / "Makefile", "print-SERVICES")
        assert code == 2 and "SERVICES" in text and why in text, (services, code, text)


def main():
    failed = 0
    for story in unit_programs, system_stories, tally, services_that_collide, lists_that_cannot_be:
        with tempfile.TemporaryDirectory() as directory:
            try:
                story(pathlib.Path(directory))
                print("ok   runners: " + story.__name__.replace("_", " "))
            except AssertionError as what:
                print("%s\nFAIL runners: %s" % (what, story.__name__.replace("_", " ")))
                failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
