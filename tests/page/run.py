#!/usr/bin/env python3
"""run - the tests of the page's parts that need no browser (frontend/page_test), in Node.

usage: run.py [PART]...      tests in files whose name contains one of the PARTs

Prints `ok` or `FAIL` and the test's name, with what was found; exit 1 when any failed.
"""
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(1, str(TOP / "tests/console"))
import drivers                                                  # noqa: E402

RESULT = re.compile(r"(not )?ok \d+ - (.*)")                    # TAP, which Node writes


def tell(name, tap):
    """Prints each test's result, and below one that failed what Node says of it; whether all passed."""
    passed, failing = True, False
    for line in tap.splitlines():
        result = RESULT.fullmatch(line)
        if result:
            failing = bool(result[1])
            passed = passed and not failing
            print("%s %s: %s" % ("FAIL" if failing else "ok  ", name, result[2]))
        elif failing and line.startswith("  "):
            print(line)
    return passed


def run(path):
    done = subprocess.run([drivers.node(), "--test-reporter=tap", path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
    passed = tell(path.name.removesuffix("_test.js"), done.stdout)
    if done.returncode and passed:                              # it did not get as far as a test
        print("FAIL %s: ended with %d\n%s" % (path.name, done.returncode, done.stdout))
    return passed and not done.returncode


def main(parts):
    drivers.tools.once(drivers.VENV, drivers.REQUIREMENTS.read_text(), drivers.fetch_node)
    files = [path for path in sorted((TOP / "frontend/page_test").glob("*_test.js")) if not parts or any(part in path.name for part in parts)]
    return 0 if all([run(path) for path in files]) and files else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
