#!/usr/bin/env python3
"""embed - writes a table of files as C (common/http/files.h): their bytes, and the same compressed once.

usage: embed.py NAME FOLDER FILE...     FILEs lie in FOLDER; index.html is "/", any other /assets/FILE
"""
import gzip
import hashlib
import pathlib
import sys

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/vnd.microsoft.icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
LINE = 64


def literal(content):
    """The bytes as string literals of C. An octal escape has three digits, so that none takes a digit after it."""
    lines = (content[at:at + LINE] for at in range(0, len(content), LINE))
    return "\n".join('\t"%s"' % "".join("\\%03o" % byte for byte in line) for line in lines) or '\t""'


def form(content):
    return "{\n%s,\n\t%d, \"\\\"%s\\\"\"}" % (literal(content), len(content), hashlib.sha256(content).hexdigest()[:32])


def row(name, content):
    path = "/" if name == "index.html" else "/assets/" + name
    packed = gzip.compress(content, 9, mtime=0)
    other = form(packed) if len(packed) < len(content) else "{NULL, 0, NULL}"
    return '\t{"%s", "%s",\n\t%s,\n\t%s},' % (path, TYPES[pathlib.PurePath(name).suffix], form(content), other)


def main():
    name, folder, *files = sys.argv[1:]
    rows = [row(pathlib.Path(file).relative_to(folder).as_posix(), pathlib.Path(file).read_bytes()) for file in sorted(files)]
    print('#include "http/files.h"\n\nextern const struct file %s[];\nconst struct file %s[] = {\n%s\n\t{0},\n};' % (name, name, "\n".join(rows)))


if __name__ == "__main__":
    main()
