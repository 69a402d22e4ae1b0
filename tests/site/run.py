#!/usr/bin/env python3
"""run - builds the documentation site and reads it: its links, its search, both languages, phone and desk, where there is no network.

usage: run.py [--jobs N] [PART]...      stories whose name contains one of the PARTs; MALL_TEST_CASE=Korean picks among the browser's

Pictures of what was seen are in build/site/seen. Where there is no chromium, what takes one is left out.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(1, str(pathlib.Path(__file__).resolve().parents[1] / "console"))
import drivers                                                  # noqa: E402 (lies in tests/console; it puts tests/system on the path)
import stories                                                  # noqa: E402


def main():
    drivers.fetch()
    with tempfile.TemporaryDirectory() as folder:               # nobody else builds there
        built = subprocess.run([sys.executable, drivers.tools.TOP / "scripts/build_site.py", "--out", folder],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if built.returncode:
            print("%s\nFAIL site: it is built" % built.stdout)
            return 1
        print("ok   site: it is built, and MkDocs warns of nothing", flush=True)
        os.environ["MALL_TEST_SITE"] = folder
        return stories.main(__doc__, jobs=2, deadlines={"release": 900})


if __name__ == "__main__":
    sys.exit(main() if "--one" not in sys.argv else stories.main(__doc__, jobs=1, deadlines={"release": 900}))   # --one: a story's own process
