#!/usr/bin/env python3
"""run - holds rules, dashboards and runbooks of deploy/monitoring to a real Prometheus and to each other.

usage: run.py [PART]...      stories whose name contains one of the PARTs
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[1:1] = [str(HERE.parent / "system")]
import stories                                                  # noqa: E402

if __name__ == "__main__":
    sys.exit(stories.main(__doc__, jobs=2, deadlines={"release": 480}))
