#!/usr/bin/env python3
"""generate - writes into the tree what follows from the list of services, and only what changes.

usage: generate.py [--check] [--bin DIR]     --check writes nothing, exit 1 when a file says something else

Each module in PARTS has files(bin), which gives the text of each of its files by the path from the top of the tree. None
instead of a text means that there must be no such file.
"""
import argparse
import importlib
import os
import pathlib
import sys

import services

PARTS = ("generate_routes", "generate_frontend", "generate_deploy", "generate_monitoring")


def wanted(folder):
    files = {}
    for part in PARTS:
        files.update(importlib.import_module(part).files(folder))
    return files


def text_of(path):
    return path.read_text(encoding="utf-8") if path.exists() else None


def write(path, text):
    """By renaming, since a build may be reading the file."""
    if text is None:
        path.unlink(missing_ok=True)                            # another make may be at it
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name("%s.%d.new" % (path.name, os.getpid()))
    new.write_text(text, encoding="utf-8")
    if path.exists():
        new.chmod(path.stat().st_mode)
    os.replace(new, path)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--bin", type=pathlib.Path, default=services.PROGRAMS)
    arguments = parser.parse_args()
    faults = services.faults(arguments.bin)
    if faults:
        print("\n".join("generate: " + fault for fault in faults), file=sys.stderr)
        return 1
    stale = [(name, text) for name, text in sorted(wanted(arguments.bin).items()) if text_of(services.TOP / name) != text]
    for name, text in stale:
        if arguments.check:
            print("%s is not what the services say: run `make generate`" % name)
        else:
            write(services.TOP / name, text)
            print("generate: %s %s" % ("removed" if text is None else "wrote", name))
    return 1 if arguments.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
