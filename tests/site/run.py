#!/usr/bin/env python3
"""run - builds the documentation site and reads it: its links, its search, both languages, phone and desk, where there is no network.

usage: run.py [--jobs N] [PART]...      stories whose name contains one of the PARTs; MALL_TEST_CASE=Korean picks among the browser's

The site is build/site/html; pictures of what was seen are in build/site/seen. Where there is no chromium, what takes one is left out.
"""
import pathlib
import subprocess
import sys

sys.path.insert(1, str(pathlib.Path(__file__).resolve().parents[1] / "console"))
import drivers                                                  # noqa: E402 (lies in tests/console; it puts tests/system on the path)
import stories                                                  # noqa: E402

if __name__ == "__main__":
    if "--one" not in sys.argv:                                 # which is a story's own process
        built = subprocess.run([sys.executable, drivers.tools.TOP / "scripts/build_site.py"])
        if built.returncode:
            print("FAIL site: it is built")
            sys.exit(1)
        print("ok   site: it is built, and MkDocs warns of nothing")
        drivers.fetch()
    sys.exit(stories.main(__doc__, jobs=2, deadlines={"release": 900}))
