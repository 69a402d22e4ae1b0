#!/usr/bin/env python3
"""run - asks the gateway alone, over raw sockets.

usage: run.py [--variant release|asan|tsan] [--jobs N] [PART]...      stories whose name contains one of the PARTs
"""
import pathlib
import sys

sys.path.insert(1, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
import stories                                                  # noqa: E402

if __name__ == "__main__":
    sys.exit(stories.main(__doc__, jobs=4, deadlines={"release": 180, "asan": 240, "tsan": 240}))
