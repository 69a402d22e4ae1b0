#!/usr/bin/env python3
"""run - replays the recorded answers of the reference, each file against one fresh daemon alone."""
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))
import mall                                                     # noqa: E402


def main():
    failed = False
    for name in mall.SERVICES:
        try:
            with mall.Mall(only=(name,)) as alone:
                code = subprocess.call([HERE / "replay.py", "-v", "http://localhost:%d" % alone.daemons[name].port, HERE / (name + ".jsonl")])
            if code not in (0, 1):
                print("FAIL %s: the replay ended with %d" % (name, code))
            failed |= code != 0
        except (AssertionError, OSError) as trouble:
            print("FAIL %s: %s" % (name, trouble))
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
