"""written - a document with a table that is written from what the daemons say of themselves.

The text around the table is kept; the table is between two comments.
"""
import argparse
import pathlib

import services

BEGIN, END = "<!-- written by `make generate` -->\n", "<!-- end of what `make generate` wrote -->\n"


def main(usage, document, table):
    """table(folder): the lines, from the programs in that folder. Returns the exit code."""
    parser = argparse.ArgumentParser(usage=usage)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--bin", type=pathlib.Path, default=services.PROGRAMS)
    arguments = parser.parse_args()
    old = document.read_text(encoding="utf-8")
    before, _, rest = old.partition(BEGIN)
    _, _, after = rest.partition(END)
    new = before + BEGIN + "".join(table(arguments.bin)) + END + after
    name = document.relative_to(services.TOP)
    if new == old:
        return 0
    if arguments.check:
        print("%s does not say what the daemons say: run `make generate`" % name)
        return 1
    document.write_text(new, encoding="utf-8")
    print("%s: wrote %s" % (document.stem, name))
    return 0
