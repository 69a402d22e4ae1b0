#!/usr/bin/env python3
"""run - tells the stories of traces, against a collector of the tests and against Jaeger.

usage: run.py [--variant release|asan] [--jobs N] [PART]...      stories whose name contains one of the PARTs
"""
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[1:1] = [str(HERE.parent / "system"), str(HERE.parent / "k8s")]
import stories                                                  # noqa: E402
import tools                                                    # noqa: E402

VENV = tools.TOOLS / "otlp"                                     # OTLP's schema, and what reads JSON by it
REQUIREMENTS = HERE / "requirements.txt"


def fetch():
    def make():
        subprocess.check_call([sys.executable, "-m", "venv", "--clear", VENV])
        subprocess.check_call([VENV / "bin/python3", "-m", "pip", "-q", "install", "--disable-pip-version-check", "-r", REQUIREMENTS])
    tools.once(VENV, REQUIREMENTS.read_text(), make)


if __name__ == "__main__":
    if pathlib.Path(sys.prefix) != VENV:
        fetch()
        os.execv(VENV / "bin/python3", [VENV / "bin/python3", *sys.argv])
    if "--one" not in sys.argv:                                 # which is a story's own process
        import parts                                            # tools found its folder
        if not parts.is_built("jaeger"):
            print("left out Jaeger: it is not built (make deps-jaeger, some ten minutes); the collector of the tests is asked the same")
    sys.exit(stories.main(__doc__, jobs=2, deadlines={"release": 240, "asan": 600}))
