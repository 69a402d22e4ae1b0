#!/usr/bin/env python3
"""run - starts the images of build/images without an engine and types the lab's commands.

usage: [ARCH=arm64] run.py [--jobs N] [PART]...      stories whose name contains one of the PARTs
"""
import pathlib
import sys

sys.path[1:1] = [str(pathlib.Path(__file__).resolve().parents[1] / folder) for folder in ("system", "tools")]
import stories                                                  # noqa: E402

if __name__ == "__main__":
    sys.exit(stories.main(__doc__, jobs=2, deadlines={"release": 120}))
