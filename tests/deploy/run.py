#!/usr/bin/env python3
"""run - checks deploy/eks and buildspec without AWS: by linters, by running the pipelines with stand-ins for aws, docker and
kubectl, and by adding a service.

usage: run.py [--mutants] [PART]...      stories whose name contains one of the PARTs

--mutants: spoils what the stories read, in one place at a time, and each story must fail; SHOW=1 shows how.

Fetches what it needs once into build/tools.
"""
import functools
import os
import pathlib
import sys
import traceback

import fetch

if __name__ == "__main__" and pathlib.Path(sys.prefix) != fetch.VENV:
    fetch.fetch()
    os.execv(fetch.PYTHON, [fetch.PYTHON, *sys.argv])

import codebuild                                                # noqa: E402
import evidence_report                                          # noqa: E402
import everywhere                                               # noqa: E402
import files                                                    # noqa: E402
import insights                                                 # noqa: E402
import laptop                                                   # noqa: E402
import mine                                                     # noqa: E402
import one_more                                                 # noqa: E402
import participant                                              # noqa: E402
import pipelines                                                # noqa: E402
import release                                                  # noqa: E402
import teardown                                                 # noqa: E402

OF_TREES, OF_PIPELINES = (files, everywhere, release, laptop, evidence_report, insights, teardown, participant, mine, one_more), pipelines.OF_EACH + pipelines.OF_ORDER


def words(function):
    return function.__name__.replace("_", " ")


def in_a_tree(check, *edits):
    with codebuild.World(edits) as world:
        check(world.tree)


def is_seen_to_fail(story, edits):
    """The test of a promise counts once it has been seen to fail, with each of the edits."""
    assert edits, "nothing to break it with"
    for edit in edits:
        try:
            story(edit)
        except AssertionError as trouble:
            if os.environ.get("SHOW"):
                print("     with %s: %s" % (edit, str(trouble)[:200]))
            continue
        raise AssertionError("passes all the same with %s" % (edit,))


def every_story_has_its_mutants():
    tried = {broken for module in OF_TREES for broken, *_ in module.BROKEN} | {broken for broken, _ in pipelines.MUTANTS}
    untried = {*OF_PIPELINES, *(check for module in OF_TREES for check in module.CHECKS)} - tried
    assert not untried, "nothing to break it with: %s" % sorted(words(story) for story in untried)


def stories():
    yield words(every_story_has_its_mutants), every_story_has_its_mutants
    for module in OF_TREES:
        for check in module.CHECKS:
            yield words(check), functools.partial(in_a_tree, check)
    for daemon in pipelines.DAEMONS:
        for story in pipelines.OF_EACH:
            yield "%s: %s" % (daemon, words(story)), functools.partial(story, codebuild.World, daemon)
    for story in pipelines.OF_ORDER:
        yield words(story), functools.partial(story, codebuild.World)


def mutants():
    for module in OF_TREES:
        for check in module.CHECKS:
            edits = [edit for broken, *edit in module.BROKEN if broken is check]
            yield "seen to fail: " + words(check), functools.partial(is_seen_to_fail, functools.partial(in_a_tree, check), edits)
    for story in OF_PIPELINES:
        edits = [edit for broken, edit in pipelines.MUTANTS if broken is story]
        yield "seen to fail: " + words(story), functools.partial(is_seen_to_fail, lambda edit, story=story: story(functools.partial(codebuild.World, [edit])), edits)


def tell(story):
    """The result, and what went wrong."""
    try:
        story()
        return "ok", ""
    except AssertionError as trouble:
        return "FAIL", str(trouble) or traceback.format_exc()
    except Exception: # noqa: BLE001 - a story that breaks has failed
        return "FAIL", traceback.format_exc()


def main(parts):
    told = failed = 0
    mutated = "--mutants" in parts
    parts = [part for part in parts if part != "--mutants"]
    for story, function in mutants() if mutated else stories():
        if parts and not any(part in story for part in parts):
            continue
        word, trouble = tell(function)
        told += 1
        failed += word == "FAIL"
        print(("%s\n" % trouble if trouble else "") + "%-4s deploy: %s" % (word, story), flush=True)
    print("deploy: %d told, %d failed" % (told, failed))
    return 1 if failed or not told else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
