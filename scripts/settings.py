#!/usr/bin/env python3
"""settings - writes docs/settings.md from what the programs' --help says.

usage: settings.py [--check] [--bin DIR]     --check writes nothing, exit 1 when the file says something else

The text before the table is kept; the table is between two comments.
"""
import argparse
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
DOCUMENT = TOP / "docs/settings.md"
DAEMONS = ("order", "delivery", "product", "gateway")
BEGIN, END = "<!-- written by `make settings` -->\n", "<!-- end of what `make settings` wrote -->\n"


def settings_of(program):
    """(variable, flag, default, meaning) of each row of the table in --help, whose columns stand under its heading."""
    text = subprocess.check_output([program, "--help"], text=True)
    heading = re.search(r"^  flag +variable +default.*$", text, re.M).group(0)
    columns = [heading.index(name) for name in ("flag", "variable", "default", "meaning")] + [None]
    for line in text.split("\n"):
        cells = [line[a:b].strip() for a, b in zip(columns, columns[1:])]
        if line.startswith("  --") and cells[1].startswith("MALL_"):
            yield cells[1], cells[0].split(" ")[0], cells[2], cells[3]


def table(folder):
    """A row a setting, with the daemons that have it; defaults that differ are told apart."""
    rows = {}
    for daemon in DAEMONS:
        for variable, flag, default, meaning in settings_of(folder / daemon):
            row = rows.setdefault(variable, {"flag": flag, "daemons": [], "defaults": {}, "meaning": meaning})
            row["daemons"].append(daemon)
            row["defaults"].setdefault(default, []).append(daemon)
    yield "| variable | flag | default (docker profile) | daemons | meaning |\n|---|---|---|---|---|\n"
    for variable, row in rows.items():
        one = len(row["defaults"]) == 1
        default = "; ".join("`%s`%s" % (d, "" if one else " (%s)" % ", ".join(who)) for d, who in row["defaults"].items())
        yield "| `%s` | `%s` | %s | %s | %s |\n" % (variable, row["flag"], default.replace("|", "\\|"), ", ".join(row["daemons"]),
                                                  row["meaning"].replace("|", "\\|"))


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--bin", type=pathlib.Path, default=TOP / "build/bin")
    arguments = parser.parse_args()
    old = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = old.partition(BEGIN)
    _, _, after = rest.partition(END)
    new = before + BEGIN + "".join(table(arguments.bin)) + END + after
    if new == old:
        return 0
    if arguments.check:
        print("docs/settings.md does not say what --help says: run `make settings`")
        return 1
    DOCUMENT.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
