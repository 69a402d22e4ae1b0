#!/usr/bin/env python3
"""settings - writes docs/settings.md from the settings that the daemons list.

usage: settings.py [--check] [--bin DIR]     --check writes nothing, exit 1 when the file says something else

The text before the table is kept; the table is between two comments.
"""
import argparse
import pathlib
import sys

import services

DOCUMENT = services.TOP / "docs/settings.md"
BEGIN, END = "<!-- written by `make generate` -->\n", "<!-- end of what `make generate` wrote -->\n"


def settings_of(daemon, folder):
    """(variable, flag, default, meaning) of each, as in the table of --help."""
    for one in services.describe(daemon, folder)["settings"]:
        default = one["default"] or "-"
        if one["dockerDefault"] != one["default"]:
            default += " (%s)" % one["dockerDefault"]
        also = "; also " + one["spring"] if one["spring"] else ""
        yield one["variable"], one["flag"], default, one["meaning"] + also


def table(folder):
    """One row for each setting, with the daemons that have it; where their defaults differ, each is named."""
    rows = {}
    for daemon in services.daemons():
        for variable, flag, default, meaning in settings_of(daemon, folder):
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
    parser.add_argument("--bin", type=pathlib.Path, default=services.PROGRAMS)
    arguments = parser.parse_args()
    old = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = old.partition(BEGIN)
    _, _, after = rest.partition(END)
    new = before + BEGIN + "".join(table(arguments.bin)) + END + after
    if new == old:
        return 0
    if arguments.check:
        print("docs/settings.md does not say what the daemons say: run `make generate`")
        return 1
    DOCUMENT.write_text(new, encoding="utf-8")
    print("settings: wrote docs/settings.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
