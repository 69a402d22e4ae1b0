#!/usr/bin/env python3
"""compdb - compile_commands.json from what `make -nB V=1` would do; make's output comes on the standard input."""
import json
import os
import pathlib
import shlex
import sys

import services


def commands(lines):
    for line in lines:
        if " -c -o " in line and not line.startswith("echo"):
            arguments = shlex.split(line)
            yield {"directory": str(services.TOP), "file": arguments[-1], "arguments": arguments}


def main():
    database = list(commands(sys.stdin))
    new = pathlib.Path(services.TOP, "compile_commands.json.new")
    new.write_text(json.dumps(database, indent=1) + "\n", encoding="utf-8")
    os.replace(new, new.with_suffix(""))
    print("compile_commands.json: %d files" % len(database))
    return 0 if database else 1


if __name__ == "__main__":
    sys.exit(main())
