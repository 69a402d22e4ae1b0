#!/usr/bin/env python3
"""run - tells the lab's stories on the Kubernetes of `make cluster`, one after the other, and writes what they measured into docs/evidence.md.

usage: run.py [PART]...      stories whose name contains one of the PARTs

A story is a function of *_stories.py, in its list STORIES; what it returns are its figures.
"""
import importlib
import pathlib
import sys
import time
import traceback

import kube

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(1, str(HERE.parent / "tools"))
import evidence                                                 # noqa: E402 (of tests/tools)
FIRST = ("admitted", "policies", "course")                      # in this order; the others after them
HEAD = "story", "date", "commit", "figures"


def stories():
    found = [story for path in sorted(HERE.glob("*_stories.py")) for story in importlib.import_module(path.stem).STORIES]
    return sorted(found, key=lambda s: (s.__name__ not in FIRST, FIRST.index(s.__name__) if s.__name__ in FIRST else 0))


def main(wanted):
    chosen = [s for s in stories() if not wanted or any(w in s.__name__ for w in wanted)]
    if not chosen:
        print("cluster: there is no story %s; there are: %s" % (" ".join(wanted), " ".join(s.__name__ for s in stories())), file=sys.stderr)
        return 2
    failed = 0
    if any(not s.__name__.startswith("mesh") for s in chosen):
        kube.apply_lab()
    for story in chosen:
        what, began = "%s: %s" % (story.__name__, story.__doc__.split("\n")[0].rstrip(".")), time.monotonic()
        try:
            figures = story()
        except Exception:
            traceback.print_exc(limit=-4)
            print("FAIL %s" % what, flush=True)
            failed += 1
            continue
        print("ok   %s: %s (%d s)" % (what, figures, time.monotonic() - began), flush=True)
        evidence.held("cluster-test", HEAD, story.__name__, figures)
    print("cluster: %d told, %d failed" % (len(chosen), failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
