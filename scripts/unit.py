#!/usr/bin/env python3
"""unit - runs unit test programs, two at a time, and shows what each printed when it is done.

usage: unit.py [--only PART]... PROGRAM...

PROGRAM@postgresql runs it with MALL_TEST_STORE, a PostgreSQL (MALL_TEST_POSTGRES) instead of SQLite.

A program prints `ok   story` and `FAIL story` lines (testing/check.h). One that crashes, hangs, was not built or that a
sanitizer ended gets a FAIL line here. A program that failed runs once more, alone, at the end (again.py). Exit 1 when anything failed.
"""
import argparse
import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys

import again

TOP = pathlib.Path(__file__).resolve().parent.parent
DEADLINE = 600                       # seconds for a program, sanitizers included; the sweeps take minutes on a busy machine
SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0",
    "LSAN_OPTIONS": "suppressions=%s/tests/lsan.supp:print_suppressions=0" % TOP,
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "TSAN_OPTIONS": "suppressions=%s/tests/tsan.supp:print_suppressions=0" % TOP,
}


def without_aslr():
    """Older thread sanitizers do not start where the kernel randomises more bits than they know."""
    command = ["setarch", os.uname().machine, "-R"]
    allowed = shutil.which("setarch") and subprocess.call(command + ["true"], stderr=subprocess.DEVNULL) == 0
    return command if allowed else []


def run(name, prefix):
    """What it printed, and the failures that it could not print itself."""
    program, _, store = name.partition("@")
    settings = {**os.environ, **SANITIZERS}
    if store:
        settings["MALL_TEST_STORE"] = os.environ["MALL_TEST_POSTGRES"]
    if not os.access(program, os.X_OK):
        return "FAIL %s was not built\n" % program
    try:
        done = subprocess.run(prefix + [program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=DEADLINE, env=settings, cwd=TOP)
    except subprocess.TimeoutExpired as late:
        return (late.stdout or b"").decode(errors="replace") + "FAIL %s did not end within %d s\n" % (name, DEADLINE)
    text = done.stdout.decode(errors="replace")
    if done.returncode and ("\nFAIL" not in "\n" + text or done.returncode != 1):
        text += "FAIL %s ended with %d\n" % (name, done.returncode)
    return text


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--only", action="append")
    parser.add_argument("program", nargs="+")
    arguments = parser.parse_args()
    programs = [p for p in arguments.program if not arguments.only or any(o in p for o in arguments.only)]
    setarch = without_aslr()

    def one(program):
        return run(program, setarch if "/tsan/" in program else [])

    doubtful, failed = [], False
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for program, text in zip(programs, pool.map(one, programs)):
            if again.failed(text):
                doubtful.append((program, text))
            else:
                print("== %s\n%s" % (program, text), end="", flush=True)
    for program, text in doubtful:
        text = again.verdict(program, text, lambda: one(program))
        print("== %s, once more\n%s" % (program, text), end="", flush=True)
        failed |= again.failed(text)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
