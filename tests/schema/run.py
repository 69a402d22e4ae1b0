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


# a fault ends as soon as it was answered, so the check that it is there then would fail
OF_ADMIN = ("admin.toml", "harmless", ["--exclude-checks", "ensure_resource_availability"])
OF_SERVICES = ("schemathesis.toml", None, [])


def ask_all(place, directory, seed, config, hooks, flags):
    """How the tester ended, and {operation: did it fail}."""
    report = directory / "report.xml"
    command = [VENV / "bin/schemathesis", "--config-file", HERE / config, "run", place + "/openapi.json", "--checks", "all", "--no-color",
               "--seed", str(seed), "--report-junit-path", report, *flags]
    environment = {**os.environ, "NO_PROXY": "127.0.0.1", "PYTHONPATH": str(HERE),
                   **({"SCHEMATHESIS_HOOKS": hooks, "MALL_TEST_ADMIN": place} if hooks else {})}
    code = subprocess.run(command, cwd=directory, env=environment, stdin=subprocess.DEVNULL,
                          timeout=LONGEST).returncode
    cases = xml.etree.ElementTree.parse(report).iter("testcase") if report.exists() else ()
    return code, {case.get("name"): len(case) > 0 for case in cases}


def ended_at_once(daemon):
    on = daemon.admin.get("/faults").body["faults"]
    return not on and all(daemon.metric("mall_faults_injected_total", kind=kind) for kind in ("cpu", "memory"))


def ask(name, seed):
    """What failed."""
    daemon = "order" if name == "admin" else name
    with mall.Mall(only=(daemon,), admin=name == "admin") as alone:
        asked = alone.daemons[daemon].admin if name == "admin" else alone.daemons[daemon]
        code, operations = ask_all("http://127.0.0.1:%d" % asked.port, alone.directory, seed, *(OF_ADMIN if name == "admin" else OF_SERVICES))
        if name == "admin":
            operations["cpu and memory begin, and nothing is left on"] = not ended_at_once(alone.daemons[daemon])
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
