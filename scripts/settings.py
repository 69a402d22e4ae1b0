#!/usr/bin/env python3
"""settings - writes docs/settings.md from the settings that the daemons list.

usage: settings.py [--check] [--bin DIR]     --check writes nothing, exit 1 when the file says something else
"""
import sys

import services
import written

DOCUMENT = services.TOP / "docs/settings.md"


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


if __name__ == "__main__":
    sys.exit(written.main(__doc__, DOCUMENT, table))
