#!/usr/bin/env python3
"""run - tells the system stories: every test_* function of the *_test.py files here, two at a time.

usage: run.py [--variant release|asan] [--jobs N] [PART]...      stories whose name contains one of the PARTs

Each story is a process of its own with a deadline. Prints `ok   file: story` or what happened and `FAIL file: story`.
"""
import argparse
import concurrent.futures
import importlib
import os
import pathlib
import signal
import subprocess
import sys
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
DEADLINE = {"release": 240, "asan": 600}


def stories():
    """(module, function) in the files' order; a module's `alone` names those that want the machine for themselves."""
    for path in sorted(HERE.glob("*_test.py")):
        module = importlib.import_module(path.stem)
        for name, function in vars(module).items():
            if name.startswith("test_") and callable(function):
                yield path.stem, name, name in getattr(module, "alone", ())


def tell(module, name):
    """In a process of its own."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))     # so that `with` ends what it began
    try:
        getattr(importlib.import_module(module), name)()
    except BaseException:
        traceback.print_exc(limit=-3)
        return 1
    return 0


def tell_apart(module, name):
    """(passed, what it printed)"""
    begin, deadline = time.monotonic(), DEADLINE[os.environ["MALL_TEST_VARIANT"]]
    child = subprocess.Popen([sys.executable, __file__, "--one", module, name], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True)
    try:
        text, _ = child.communicate(timeout=deadline)
    except subprocess.TimeoutExpired:
        child.terminate()
        try:
            text, _ = child.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            text, _ = child.communicate()
        text += "not done within %d s\n" % deadline
    good = child.returncode == 0
    verdict = "%-4s %s: %s (%.1f s)\n" % ("ok" if good else "FAIL", module[:-5], name[5:].replace("_", " "), time.monotonic() - begin)
    return good, ("" if good else text) + verdict


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--variant", default="release", choices=DEADLINE)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("part", nargs="*")
    arguments = parser.parse_args()
    if arguments.one:
        return tell(*arguments.one)
    os.environ["MALL_TEST_VARIANT"] = arguments.variant
    wanted = [s for s in stories() if not arguments.part or any(p in "%s: %s" % (s[0], s[1]) for p in arguments.part)]
    failed = 0
    for crowd, alone in ((arguments.jobs, False), (1, True)):
        with concurrent.futures.ThreadPoolExecutor(crowd) as pool:
            tellings = [pool.submit(tell_apart, module, name) for module, name, own in wanted if own == alone]
            for telling in concurrent.futures.as_completed(tellings):
                good, text = telling.result()
                failed += not good
                print(text, end="", flush=True)
    print("system: %d told, %d failed" % (len(wanted), failed))
    return 1 if failed or not wanted else 0


if __name__ == "__main__":
    sys.exit(main())
