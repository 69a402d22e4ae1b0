"""stories - tells every test_* function of the *_test.py files beside a run.py, several at a time.

Each story is a process of its own with a deadline. One that is a generator tells many cases: it yields pairs of a name and
what went wrong with it, or None. Prints `ok   file: story`; or what happened and `FAIL file: story`; or why this machine
cannot tell it and `skip file: story`.

A story that failed is told once more, alone, after all others (scripts/again.py).

A module's `slow` names the stories that begin first, its `alone` those that must run alone, at the end.
"""
import argparse
import collections
import concurrent.futures
import importlib
import inspect
import os
import pathlib
import signal
import subprocess
import sys
import time
import traceback

from mall import CannotTell
import again                                                    # of scripts/, which mall has put on the path

TOLD, FAILED, CASES, SKIPPED = 0, 1, 76, 77                     # how a story's process ends; CASES: it printed the verdicts itself


def found(directory):
    """(file, function, whether it wants to be alone) in the order of their telling."""
    stories = []
    for path in sorted(directory.glob("*_test.py")):
        module = importlib.import_module(path.stem)
        for name, function in vars(module).items():
            if name.startswith("test_") and callable(function):
                slow, alone = (name in getattr(module, which, ()) for which in ("slow", "alone"))
                stories.append((not slow, (path.stem, name, alone)))
    return [story for _, story in sorted(stories, key=lambda one: one[0])]


def line(word, module, what):
    return "%-4s %s: %s\n" % (word, module[:-5], what)


def tell(module, name):
    """Runs in a process of its own."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("not done in time"))     # so that `with` ends what it began
    try:
        function = getattr(importlib.import_module(module), name)
        if not inspect.isgeneratorfunction(function):
            function()
            return TOLD
        for case, trouble in function():
            print(("%s\n" % trouble if trouble else "") + line("FAIL" if trouble else "ok", module, case), end="", flush=True)
        return CASES
    except CannotTell as why:
        print(why)
        return SKIPPED
    except BaseException:
        traceback.print_exc(limit=-3)
        return FAILED


def tell_apart(module, name, deadline):
    """The text to print about it."""
    begin = time.monotonic()
    child = subprocess.Popen([sys.executable, sys.argv[0], "--one", module, name], stdin=subprocess.DEVNULL,
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
    if child.returncode == CASES and text:
        return text
    word = {TOLD: "ok", SKIPPED: "skip"}.get(child.returncode, "FAIL")
    verdict = line(word, module, "%s (%.1f s)" % (name[5:].replace("_", " "), time.monotonic() - begin))
    return verdict if word == "ok" else text + verdict


def main(usage, jobs, deadlines):
    """The runner's whole life; deadlines: seconds a story by variant."""
    here = pathlib.Path(sys.argv[0]).resolve().parent
    parser = argparse.ArgumentParser(usage=usage)
    parser.add_argument("--variant", default="release", choices=deadlines)
    parser.add_argument("--jobs", type=int, default=jobs)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("part", nargs="*")
    arguments = parser.parse_args()
    if arguments.one:
        return tell(*arguments.one)
    os.environ["MALL_TEST_VARIANT"] = arguments.variant
    wanted = [s for s in found(here) if not arguments.part or any(p in "%s: %s" % s[:2] for p in arguments.part)]
    words, doubtful = collections.Counter(), []

    def told(text):
        words.update(one[:4].rstrip() for one in text.split("\n") if one.startswith(("ok ", "FAIL", "skip ")))
        print(text, end="", flush=True)

    for crowd, alone in ((arguments.jobs, False), (1, True)):
        with concurrent.futures.ThreadPoolExecutor(crowd) as pool:
            tellings = {pool.submit(tell_apart, module, name, deadlines[arguments.variant]): (module, name)
                        for module, name, own in wanted if own == alone}
            for telling in concurrent.futures.as_completed(tellings):
                if again.failed(telling.result()):
                    doubtful.append((*tellings[telling], telling.result()))
                else:
                    told(telling.result())
    for module, name, text in doubtful:
        told(again.verdict("%s: %s" % (module[:-5], name[5:].replace("_", " ")), text,
                           lambda: tell_apart(module, name, deadlines[arguments.variant])))
    print("%s: %d told, %d failed, %d skipped" % (here.name, words["ok"] + words["FAIL"], words["FAIL"], words["skip"]))
    if not words.total():
        print("%s: no story is called like %s" % (here.name, " ".join(arguments.part) or "that"), file=sys.stderr)
    return 1 if words["FAIL"] or not words.total() else 0
