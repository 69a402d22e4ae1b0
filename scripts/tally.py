#!/usr/bin/env python3
"""tally - runs make targets one after the other and counts what they report.

usage: tally.py TARGET...

A line that begins with `ok ` is one passed, one that begins with `FAIL` one failed; a target that fails without
such a line is one failed. So is one that prints neither, unless a line begins with `left out` and says why. All of them run whatever fails.
The end repeats what was left out, what failed and why, and what was unsteady (again.py) with its first log; then comes `N passed, N failed`.
"""
import os
import re
import subprocess
import sys
import time

COLOURS = re.compile(r"\x1b\[[0-9;]*m")                           # Maven ends a colour on the next line, which may be another program's
VERDICTS = ("ok ", "FAIL", "skip ", "left out ", "unsteady ", "| ", "== ")     # what is said of one story ends with such a line
MOST = 200                                                      # characters of a reason


def reason(lines):
    """The first line of what was said above a FAIL; of a traceback the exception's; "" where there is none."""
    begins = [at for at, line in enumerate(lines) if line.startswith("Traceback ")]
    said = [line.strip() for line in lines[begins[-1] + 1 if begins else 0:] if line.strip() and not line.startswith(" ")]
    return ": " + said[0][:MOST] if said else ""


def run(target):
    """(passed, list of what failed, list of what was left out, lines of what was unsteady)"""
    passed, failures, left_out, unsteady, said = 0, [], [], [], []
    its_log = False                                             # of the last story that was unsteady
    make = subprocess.Popen([os.environ.get("MAKE", "make"), "--no-print-directory", target], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    for line in make.stdout:
        line = COLOURS.sub("", line)
        print(line, end="", flush=True)
        passed += line.startswith("ok ")
        its_log = line.startswith("unsteady ") or its_log and line.startswith("| ")
        if its_log:
            unsteady.append(line.rstrip("\n"))
        if line.startswith("FAIL"):
            failures.append("%s: %s%s" % (target, line[4:].strip(), reason(said)))
        if line.startswith("left out "):
            left_out.append(line.strip())
        said.append(line)
        if line.startswith(VERDICTS):
            said.clear()
    if make.wait() and not failures:
        failures.append("%s: ended with %d" % (target, make.returncode))
    if not passed and not failures and not left_out:
        failures.append("%s: nothing was run" % target)
    return passed, failures, left_out, unsteady


def main(targets):
    passed, failures, left_out, unsteady, lines = 0, [], [], [], []
    for target in targets:
        begin = time.monotonic()
        ok, failed, without, doubtful = run(target)
        passed += ok
        failures += failed
        left_out += without
        unsteady += doubtful
        lines.append("%-10s %5d passed %5d failed %6.0f s" % (target, ok, len(failed), time.monotonic() - begin))
    print("\n" + "\n".join(lines + left_out))
    for failure in failures:
        print("FAIL " + failure)
    for line in unsteady:
        print(line)
    print("%d passed, %d failed" % (passed, len(failures)))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
