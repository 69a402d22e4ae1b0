#!/usr/bin/env python3
"""metrics - writes docs/metrics.md from the metrics that the daemons list.

usage: metrics.py [--check] [--bin DIR]     --check writes nothing, exit 1 when the file says something else
"""
import sys

import services
import written

DOCUMENT = services.TOP / "docs/metrics.md"


def cell(text):
    return text.replace("|", "\\|")


def table(folder):
    """One row for each metric, with the daemons that have it."""
    rows = {}
    for daemon in services.daemons():
        for one in services.describe(daemon, folder)["metrics"]:
            key = one["name"], one["type"], ", ".join("`%s`" % label for label in one["labels"]) or "-", one["unit"] or "-", one["meaning"]
            rows.setdefault(key, []).append(daemon)
    yield "| name | type | labels | unit | daemons | meaning |\n|---|---|---|---|---|---|\n"
    for (name, kind, labels, unit, meaning), daemons in sorted(rows.items()):
        yield "| `%s` | %s | %s | %s | %s | %s |\n" % (name, kind, labels, unit, ", ".join(daemons), cell(meaning))


if __name__ == "__main__":
    sys.exit(written.main(__doc__, DOCUMENT, table))
