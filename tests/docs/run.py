#!/usr/bin/env python3
"""run - the lab book (docs/lab) is true: its commands are typed as a reader types them, and print what the page says.

usage: run.py [--cluster] [--show] [PART]...     pages whose name contains one of the PARTs
       run.py --write                            writes the table of each README of the book, and what no test runs into docs/evidence.md

Without --cluster: what runs on this machine (run=local) and among stand-ins for AWS (run=aws). With it: what runs on the Kubernetes
of `make cluster` (run=cluster). --show prints what was typed and printed also where it held.
The English pages are typed; the Korean ones must have the same commands and expectations.
"""
import argparse
import concurrent.futures
import sys
import textwrap
import time

import book
import check
import fences
import places


def told(thing, trouble, shown=""):
    """A line for tally.py; did it hold?"""
    if trouble:
        print(textwrap.indent(shown + trouble, "  "), flush=True)
    print("%s docs: %s" % ("FAIL" if trouble else "ok  ", thing), flush=True)
    return not trouble


def typed(page, place, show, lacks):
    """(thing, trouble, what was printed); no trouble at all (None): it was left out, and why. lacks: {place: what it lacks}."""
    steps = [step for step in page.steps if step.where == place]
    thing = "%s: %d commands, %s" % (page.name, len(steps), place)
    if place in lacks:
        return thing, None, lacks[place]
    begin = time.monotonic()
    done = on_cluster(page) if place == "cluster" else places.read(page.file, place)
    if done is None:
        return thing, None, ""
    held, said = done
    if held is None:
        return thing, None, said
    thing += " (%.1f s)" % (time.monotonic() - begin)
    if show and held:
        print(textwrap.indent(said, "  "), flush=True)
    return thing, "" if held else said, ""


def on_cluster(page):
    """From the lab as it is, to the lab as it was."""
    import cluster                                              # which wants one that runs
    lacking = cluster.lacks(page.name)
    if lacking:
        return None, "scripts/parts.py has not built %s" % lacking
    cluster.becomes_the_lab()
    before = cluster.objects()
    held, said = places.read(page.file, "cluster")
    left = held and cluster.difference(before)
    if held and not left:
        book.evidence.held("docs-test-cluster", ("page", "date", "commit", "commands"), page.name, sum(step.where == "cluster" for step in page.steps))
    return held and not left, said + (left or "")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--cluster", action="store_true")
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("part", nargs="*")
    arguments = parser.parse_args()
    if arguments.write:
        return book.write()
    good = True
    for thing, trouble in [*check.stories(), *book.checks()] if not arguments.part and not arguments.cluster else ():
        good &= told(thing, trouble)
    try:
        pages = [page for page in book.pages("en") if not arguments.part or any(part in page.name for part in arguments.part)]
    except fences.Wrong as what:
        return not told("the fences of all pages", str(what))
    if not pages:
        sys.exit("docs: no page is called like %s" % ", ".join(arguments.part))
    wanted = ("cluster",) if arguments.cluster else ("local", "aws")
    jobs = [(page, place) for page in pages for place in wanted if any(step.where == place for step in page.steps)]
    lacks = {} if arguments.cluster else places.prepare({place for _, place in jobs})
    with concurrent.futures.ThreadPoolExecutor(1 if arguments.cluster else 3) as pool:
        for thing, trouble, shown in pool.map(lambda job: typed(*job, arguments.show, lacks), jobs):
            if trouble is None:
                print("left out docs: %s: %s" % (thing, shown or "this machine gives no namespaces"), flush=True)
            else:
                good &= told(thing, trouble, shown)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
