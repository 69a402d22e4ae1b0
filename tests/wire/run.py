#!/usr/bin/env python3
"""run - replays the recorded answers of the reference, each file against one fresh daemon alone."""
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))
import mall                                                     # noqa: E402


def replay(name, recording):
    try:
        with mall.Mall(only=(name,)) as alone:
            code = subprocess.call([HERE / "replay.py", "-v", "http://localhost:%d" % alone.daemons[name].port, recording])
        if code not in (0, 1):
            print("FAIL %s: the replay ended with %d" % (recording.name, code))
        return code == 0
    except (AssertionError, OSError) as trouble:
        print("FAIL %s: %s" % (recording.name, trouble))
        return False


def main():
    failed = False
    for name in mall.SERVICES:
        for recording in (HERE / (name + ".jsonl"), HERE / ("more-%s.jsonl" % name)):
            if name in mall.SHOP or recording.exists():         # of others there is no reference
                failed |= not replay(name, recording)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
