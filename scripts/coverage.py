#!/usr/bin/env python3
"""coverage - how much of each tier, room and program the tests have run, after a run of VARIANT=coverage.

usage: coverage.py [--files] DIRECTORY      DIRECTORY holds the objects; --files tells each file, the least covered first

Lines and functions that ran at least once, and branches that went that way at least once, by gcov.
"""
import argparse
import collections
import json
import pathlib
import subprocess
import sys

import services

KINDS = ("lines", "functions", "branches")


def is_tested(path):
    """Ours, and no test."""
    return not path.startswith(("/", "tests/")) and "/testing/" not in path and not path.endswith(("_test.c", "_fuzz.c"))


def reports(directory):
    """What gcov says of each object that ran."""
    data = sorted(str(path) for path in directory.rglob("*.gcda"))
    said = subprocess.check_output(["gcov", "--json-format", "--stdout", "--branch-probabilities", *data], text=True, cwd=services.TOP)
    return [json.loads(line) for line in said.splitlines() if line]


def counted(directory):
    """{file: {kind: {where: how often}}}; a header is in many objects."""
    found = collections.defaultdict(lambda: {kind: collections.Counter() for kind in KINDS})
    for report in reports(directory):
        for file in report["files"]:
            if not is_tested(file["file"]):
                continue
            of = found[file["file"]]
            for function in file["functions"]:
                of["functions"][function["start_line"]] += function["execution_count"]
            for line in file["lines"]:
                of["lines"][line["line_number"]] += line["count"]
                for i, branch in enumerate(line["branches"]):
                    of["branches"][line["line_number"], i] += branch["count"]
    return found


def place(path):
    """common/base, gateway/proxy, order"""
    parts = path.split("/")[:-1]
    return "/".join(parts[:2])


def row(name, counters):
    cells = []
    for kind in KINDS:
        ran, all_of_them = sum(count > 0 for count in counters[kind]), len(counters[kind])
        cells.append("%5.1f %% of %5d" % (100 * ran / all_of_them, all_of_them) if all_of_them else "%16s" % "-")
    return "%-40s %s" % (name, "   ".join(cells))


def joined(files):
    return {kind: [count for file in files for count in file[kind].values()] for kind in KINDS}


def share(file):
    return sum(count > 0 for count in file["lines"].values()) / max(1, len(file["lines"]))


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--files", action="store_true")
    parser.add_argument("directory", type=pathlib.Path)
    arguments = parser.parse_args()
    found = counted(arguments.directory)
    if not found:
        print("coverage: nothing has run in %s" % arguments.directory)
        return 1
    print("%-40s %s" % ("", "   ".join("%-16s" % kind for kind in KINDS)))
    if arguments.files:
        for path, file in sorted(found.items(), key=lambda one: share(one[1])):
            print(row(path, joined([file])))
    for here in sorted({place(path) for path in found}):
        print(row(here, joined([file for path, file in found.items() if place(path) == here])))
    print(row("all", joined(found.values())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
