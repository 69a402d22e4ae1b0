#!/usr/bin/env python3
"""run - a real browser uses the console as people do, through the gateway, on both buses.

usage: run.py [--pictures] [--jobs N] [PART]...      stories whose name contains one of the PARTs

The browser is the machine's chromium. Pictures of what was seen are in build/console; with --pictures those of README.md are made anew.
"""
import os
import shutil
import sys

import drivers                                                  # which puts tests/system on the path
import stories

if __name__ == "__main__":
    if "--pictures" in sys.argv:
        sys.argv.remove("--pictures")
        os.environ["MALL_TEST_PICTURES"] = str(drivers.tools.TOP / "docs/pictures")
    if "--one" not in sys.argv:                                 # which is a story's own process
        if not shutil.which("chromium"):
            print("left out the console: there is no chromium")
            sys.exit(0)
        drivers.fetch()
    sys.exit(stories.main(__doc__, jobs=2, deadlines={"release": 600, "asan": 900}))
