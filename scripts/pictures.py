#!/usr/bin/env python3
"""pictures - draws docs/pictures/NAME.LANGUAGE.svg and writes the feature lists of docs/lab, from the code, the manifests and docs/features.tsv.

usage: pictures.py [--check] [--bin DIR] [NAME]...     NAME: eventstorming, hexagon, msa, cluster, pipeline, features; without one: all

--check writes nothing; exit 1 when a file says something else. The manifests are built by the kustomize of tests/k8s, which is fetched once.
"""
import argparse
import importlib
import os
import pathlib
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(1, str(TOP / "tests/k8s"))
import tools                                                    # noqa: E402 (lies in tests/k8s/)

if __name__ == "__main__" and pathlib.Path(sys.prefix) != tools.VENV:
    tools.fetch_python()
    tools.fetch_go_tool(*tools.KUSTOMIZE)
    os.execv(tools.PYTHON, [tools.PYTHON, *sys.argv])

import generate                                                 # noqa: E402
import services                                                 # noqa: E402
from picture import features                                    # noqa: E402
from picture.sources import Wrong                               # noqa: E402

PICTURES = ("eventstorming", "hexagon", "msa", "cluster", "pipeline")
LANGUAGES = ("ko", "en")


def files(name, folder):
    """{path: text} of one NAME."""
    if name == "features":
        return {"docs/lab/%s/deliverables/features.md" % language: features.write(folder, language) for language in LANGUAGES}
    module = importlib.import_module("picture." + name)
    return {"docs/pictures/%s.%s.svg" % (name, language): module.draw(folder, language) for language in LANGUAGES}


def settle(path, text, check):
    """Writes the file if it says something else; whether it stays stale."""
    if generate.text_of(services.TOP / path) == text:
        return False
    if check:
        print("%s is not what the code and the manifests say: run `make pictures`" % path)
        return True
    generate.write(services.TOP / path, text)
    print("pictures: wrote %s" % path)
    return False


def main():
    known = (*PICTURES, "features")
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--bin", type=pathlib.Path, default=services.PROGRAMS)
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in known]
    if unknown:
        parser.error("there is no picture %s, but %s" % (unknown[0], ", ".join(known)))
    failed = False
    for name in arguments.names or known:
        try:
            for path, text in files(name, arguments.bin).items():
                failed |= settle(path, text, arguments.check)
        except Wrong as wrong:
            print("pictures: %s: %s" % (name, wrong), file=sys.stderr)
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
