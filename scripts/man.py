#!/usr/bin/env python3
"""man - writes man pages of the programs, from what each tells about itself.

usage: man.py [--bin DIR] TO      TO/man8/order.8 and so on, TO/man1/mallctl.1
"""
import argparse
import pathlib
import re
import subprocess
import sys

import services

# Commands of mallctl that have a --help of their own.
COMMANDS = ("up", "audit", "ids")


def escaped(text):
    """For roff, as plain text: no line becomes a request, no minus a hyphen."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.M)


def heading(name, section, version):
    return '.TH "%s" "%d" "" "mall %s" "The mall"\n.ad l\n.nh\n' % (name.upper(), section, version)


def verbatim(text):
    return ".nf\n%s\n.fi\n" % escaped(text.strip("\n"))


def said(program, *arguments):
    return subprocess.check_output([program, *arguments], text=True)


def option(setting):
    default = setting["default"] or "unset"
    if setting["dockerDefault"] != setting["default"]:
        default += ", %s in the profile docker" % setting["dockerDefault"]
    value = "|".join(setting.get("choices", ())) or setting["type"].upper()
    names = ", ".join(name for name in (setting["variable"], setting["spring"]) if name)
    return ".TP\n\\fB%s\\fR \\fI%s\\fR\n%s.\n.br\nEnvironment: %s. Default: %s.\n" % (
        escaped(setting["flag"]), escaped(value), escaped(setting["meaning"]), escaped(names), escaped(default))


def events(title, names):
    return ".SH %s\n%s\n" % (title, escaped(", ".join(names))) if names else ""


def daemon_page(name, folder, version):
    about = services.describe(name, folder)
    page = heading(name, 8, version)
    page += ".SH NAME\n%s \\- %s\n" % (name, escaped(about["summary"]))
    page += ".SH SYNOPSIS\n.B %s\n[\\fB\\-\\-SETTING\\fR \\fIVALUE\\fR]...\n" % name
    page += ".SH DESCRIPTION\nA daemon of the mall. It runs until SIGTERM, then ends with 0. A wrong setting ends it with 2.\n"
    page += events("EVENTS IT HEARS", about["hears"]) + events("EVENTS IT SAYS", about["says"])
    page += ".SH OPTIONS\n" + "".join(option(one) for one in about["settings"])
    for flag, meaning in (("describe", "Show what it is as JSON, and exit."), ("help", "Show its settings, and exit."),
                          ("version", "Show the version, and exit.")):
        page += ".TP\n\\fB\\-\\-%s\\fR\n%s\n" % (flag, meaning)
    return page


def mallctl_page(program, version):
    page = heading("mallctl", 1, version)
    page += ".SH NAME\nmallctl \\- looks after a mall: starts it, audits it, reads its event log, renews a store\n"
    page += ".SH SYNOPSIS\n.B mallctl\n\\fICOMMAND\\fR ...\n"
    page += ".SH DESCRIPTION\n" + verbatim(said(program, "--help"))
    for command in COMMANDS:
        page += ".SH %s\n%s" % (command.upper(), verbatim(said(program, command, "--help")))
    return page


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--bin", type=pathlib.Path, default=services.PROGRAMS)
    parser.add_argument("to", type=pathlib.Path)
    arguments = parser.parse_args()
    version, = services.variable("VERSION")
    pages = {"man8/%s.8" % name: daemon_page(name, arguments.bin, version) for name in services.daemons()}
    pages["man1/mallctl.1"] = mallctl_page(arguments.bin / "mallctl", version)
    for path, page in pages.items():
        (arguments.to / path).parent.mkdir(parents=True, exist_ok=True)
        (arguments.to / path).write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
