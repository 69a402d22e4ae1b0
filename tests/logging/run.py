#!/usr/bin/env python3
"""run - tells the stories of logs and sampled traces, with a real collector, a real VictoriaLogs and a real Jaeger.

usage: run.py [--jobs N] [PART]...      stories whose name contains one of the PARTs

What is not built is left out, which is said: `make deps-logging` builds it.
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[1:1] = [str(HERE.parent / "system"), str(HERE.parents[1] / "scripts")]
import stories                                                  # noqa: E402

if __name__ == "__main__":
    if "--one" not in sys.argv:                                 # which is a story's own process
        import parts
        absent = [name for name in ("collector", "victoria-logs", "jaeger") if not parts.is_built(name)]
        if absent:
            print("left out what needs %s: not built (make deps-logging, some half an hour)" % " and ".join(absent))
    sys.exit(stories.main(__doc__, jobs=1, deadlines={"release": 600}))
