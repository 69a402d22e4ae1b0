#!/usr/bin/env python3
"""run - a public tester sends each service, and one's admin listener, all that its own /openapi.json allows, and much that it forbids.

usage: run.py [--seed N] [SERVICE|admin]...

The tester is schemathesis with all of its checks; schemathesis.toml sets how much it tests, what is left out, and why. Each service
runs alone on a store of its own, and the same seed makes the same requests.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).resolve().parent
sys.path[1:1] = [str(HERE.parent / "system"), str(HERE.parent / "k8s")]
import mall                                                     # noqa: E402
import tools                                                    # noqa: E402

VENV = tools.TOOLS / "schemathesis"
REQUIREMENTS = HERE / "requirements.txt"
LONGEST = 1800                                                  # s; some 20 on an idle machine


def fetch():
    def make():
        subprocess.check_call([sys.executable, "-m", "venv", "--clear", VENV])
        subprocess.check_call([VENV / "bin/python3", "-m", "pip", "-q", "install", "--disable-pip-version-check", "-r", REQUIREMENTS])
    tools.once(VENV, REQUIREMENTS.read_text(), make)


def ask_all(url, directory, seed, config, hooks):
    """How the tester ended, and {operation: did it fail}."""
    report = directory / "report.xml"
    command = [VENV / "bin/schemathesis", "--config-file", HERE / config, "run", url, "--checks", "all", "--no-color",
               "--seed", str(seed), "--report-junit-path", report]
    environment = {**os.environ, "NO_PROXY": "127.0.0.1", "PYTHONPATH": str(HERE), **({"SCHEMATHESIS_HOOKS": hooks} if hooks else {})}
    code = subprocess.run(command, cwd=directory, env=environment, stdin=subprocess.DEVNULL,
                          timeout=LONGEST).returncode
    cases = xml.etree.ElementTree.parse(report).iter("testcase") if report.exists() else ()
    return code, {case.get("name"): len(case) > 0 for case in cases}


def ask(name, seed):
    """What failed."""
    daemon = "order" if name == "admin" else name
    with mall.Mall(only=(daemon,), admin=name == "admin") as alone:
        asked = alone.daemons[daemon].admin if name == "admin" else alone.daemons[daemon]
        config = ("admin.toml", "harmless") if name == "admin" else ("schemathesis.toml", None)
        code, operations = ask_all("http://127.0.0.1:%d/openapi.json" % asked.port, alone.directory, seed, *config)
    for operation, failed in operations.items():
        print("%s %s: %s" % ("FAIL" if failed else "ok", name, operation))
    failed = [operation for operation, failed in operations.items() if failed]
    if code and not failed or not operations:
        failed.append("all")
        print("FAIL %s: the tester ended with %d" % (name, code))
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("services", nargs="*", default=(*mall.SERVICES, "admin"))
    wanted = parser.parse_args()
    failed = []
    try:
        fetch()
        for name in wanted.services:
            failed += ask(name, wanted.seed)
    except (AssertionError, OSError, subprocess.SubprocessError) as trouble:
        print("FAIL %s" % trouble)
        failed.append(trouble)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
