#!/usr/bin/env python3
"""run - tells the system stories, two at a time.

usage: run.py [--variant release|asan] [--jobs N] [PART]...      stories whose name contains one of the PARTs
"""
import sys

import stories

if __name__ == "__main__":
    sys.exit(stories.main(__doc__, jobs=4, deadlines={"release": 240, "asan": 600}))
