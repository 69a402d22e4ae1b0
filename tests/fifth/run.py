#!/usr/bin/env python3
"""run - builds the services of a page in a copy of the tree, and looks whether all that a service needs follows from it.

usage: run.py [--page FILE] [--keep] [PART]...     cases whose name contains one of the PARTs; --keep leaves the copy

The pages are docs/fifth-service.md and docs/lab/en/own-domain.md. The commands of the second (`run=fifth`) are typed first, and list
its services in the Makefile.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[1:1] = [str(HERE.parent / folder) for folder in ("docs", "k8s", "system")]
import fences                                                   # noqa: E402 (lies in tests/docs/)
import page                                                     # noqa: E402
import places                                                   # noqa: E402 (lies in tests/docs/)
import tools                                                    # noqa: E402 (lies in tests/k8s/)
from mall import equal                                          # noqa: E402 (lies in tests/system/)


class LeftOut(Exception):
    """This machine does not allow it; why."""


class Copy:
    """The tree with the services of the page."""

    def __init__(self, tree, file):
        self.tree, self.file, self.sources = tree, file, page.files(file)
        self.names = page.names_of(self.sources)
        text = file.read_text(encoding="utf-8")
        self.commands = [step for step in fences.steps(file.stem, text) if step.where == "fifth"] if "run=fifth" in text else []

    def run(self, *command, fine=(0,), **more):
        """What it printed."""
        # the compiler's cache then answers what it compiled in the tree itself
        environment = {**os.environ, "CCACHE_NOHASHDIR": "1", **more}
        for variable in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MALL_TEST_VARIANT", "MALL_TEST_BIN"):
            environment.pop(variable, None)
        done = subprocess.run([str(c) for c in command], cwd=self.tree, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", timeout=places.DEADLINE)
        assert done.returncode in fine, "%s ended with %d: %s" % (command, done.returncode, done.stdout[-4000:])
        return done.stdout

    def make(self, *words):
        return self.run("make", "-s", "--no-print-directory", "-j%d" % (os.cpu_count() or 1), *words)

    def python(self, code, *paths):
        """What a line of Python prints, which sees these folders of the copy."""
        return self.run(sys.executable, "-c", "import sys; sys.path[1:1] = %r; %s" % ([str(self.tree / p) for p in paths], code))

    def words(self, variable):
        return self.make("print-" + variable).split()

    def text(self, path):
        assert (self.tree / path).exists(), "there is no %s" % path
        return (self.tree / path).read_text(encoding="utf-8")


# ---- the cases, in this order: what comes later needs what was built; those of SERVICE are told of each service

def its_commands_print_what_it_says(copy):
    inside = places.apart(*places.ALONE)
    if not inside:
        raise LeftOut("this machine gives no namespaces")
    cache = {"CCACHE_DIR": copy.run("ccache", "--get-config", "cache_dir").strip()} if shutil.which("ccache") else {}
    copy.run(*inside, sys.executable, HERE.parent / "docs/reader.py", copy.file, "fifth", copy.tree, **cache)
    equal(page.listed(copy.tree)[-len(copy.names):], copy.names)


def it_is_the_same_in_both_languages(copy):
    other = page.TRANSLATED[copy.file]
    equal(sorted(page.files(other)), sorted(copy.sources), "the files of %s" % other.name)
    different = [path for path, text in page.files(other).items() if text != copy.sources[path]]
    assert not different, "%s has other code: %s" % (other, different)


def it_has_as_many_lines_as_it_says(copy):
    lines, most = page.count(copy.sources), page.most_lines(copy.file)
    assert lines <= most, "%s have %d lines, not %d" % (copy.names, lines, most)


def it_is_built_without_a_warning(copy):
    page.add_words(copy.tree, copy.names)
    for path in copy.sources:                                   # its commands may have built it already
        (copy.tree / path).touch()
    said = copy.make("programs")
    assert "warning:" not in said, said
    assert all((copy.tree / "build/bin" / name).exists() for name in copy.names), said


def its_unit_tests_are_built_and_pass(copy, name):
    tests = [path for path in copy.sources if path.startswith(name + "/") and path.endswith("_test.c")]
    listed = copy.words("test_sources")
    equal([path for path in listed if path.startswith(name + "/")], sorted(tests))
    if tests:
        said = copy.make("VARIANT=asan", "unit-here", "UNDER=" + name)
        assert "\nok " in said and "FAIL" not in said, said


def it_describes_itself_and_its_settings(copy, name):
    help_text = copy.run("build/bin/" + name, "--help")
    assert help_text.startswith(name + " - ") and "MALL_BUS_URL" in help_text, help_text
    rows = [line for line in copy.text("docs/settings.md").splitlines() if line.startswith("| `MALL_BUS_URL`")]
    assert len(rows) == 1 and name in rows[0], rows


def found_by_lint(copy, name):
    """What is wrong in the service's files, by the checks that ask no compiler."""
    code = "import lint; print('%s seen' % lint.sources().count({main!r})); " \
        "print(*(check()[1] for check in (lambda: lint.tiers({tiers!r}), lint.layers, lint.columns, lint.names)), sep='\\n')"
    said = copy.python(code.format(main=name + "/main.c", tiers=copy.words("TIERS")), "scripts").splitlines()
    equal(said[0], "1 seen")
    return [line for line in said if re.search(r"\b{0}/|^{0}: \w+ includes".format(name), line)]


def the_checks_of_lint_see_it(copy, name):
    """And take it."""
    main = copy.tree / name / "main.c"
    good = main.read_text(encoding="utf-8")
    equal(found_by_lint(copy, name), [])
    main.write_text('#include "gateway/gateway.h"\n' + good, encoding="utf-8")
    try:
        equal(found_by_lint(copy, name), ["%s/main.c:1: gateway is not to its left" % name])
    finally:
        main.write_text(good, encoding="utf-8")
    copy.run("scripts/format", "--check")


def the_generated_files_are_there(copy, name):
    copy.run("scripts/generate.py", "--check")
    routes = copy.text("gateway/application.yml")
    port = copy.python("import services; print(services.describe(%r)['port'])" % name, "scripts").strip()
    for uri in ("http://localhost:" + port, "http://user23-%s:8080" % name):
        assert "- id: %s\n          uri: %s\n" % (name, uri) in routes, routes


def the_console_looks_at_it(copy, name):
    """By default; overlays.py looks at MALL_SERVICES of the pods."""
    said = copy.run("build/bin/frontend", "--describe")
    port = copy.python("import services; print(services.describe(%r)['port'])" % name, "scripts").strip()
    for place in ("%s=http://localhost:%s," % (name, port), "%s=http://%s:8080," % (name, name)):
        assert place in said, said


def it_has_a_pipeline(copy, name):
    assert re.search(r"_PROJECT_NAME: user23-%s\b" % name, copy.text("buildspec/%s.yml" % name)), copy.text("buildspec/%s.yml" % name)
    assert re.search(r"\b%s\b" % name, copy.text("deploy/eks/pipelines.yaml")), "deploy/eks/pipelines.yaml"


def it_is_among_the_images_and_programs(copy, name):
    for variable in ("IMAGES", "PROGRAMS", "DAEMONS"):
        assert name in copy.words(variable), "%s: %s" % (variable, copy.words(variable))


def the_overlays_have_it_under_every_prefix(copy, name):
    copy.run(tools.PYTHON, "tests/fifth/overlays.py", name)


def the_overlays_keep_their_promises_with_it(copy):
    said = copy.run("tests/k8s/run.py", "base:", "overlays/", "another prefix", "the gateway takes")
    assert re.search(r"k8s: \d\d+ told, 0 failed, 0 skipped", said), said


def an_edited_generated_file_is_noticed(copy, name):
    path = copy.tree / "gateway/application.yml"
    good = path.read_text(encoding="utf-8")
    path.write_text(good.replace("- id: " + name, "- id: other"), encoding="utf-8")
    try:
        assert "gateway/application.yml" in copy.run("scripts/generate.py", "--check", fine=(1,))
    finally:
        path.write_text(good, encoding="utf-8")


def a_route_that_a_person_changed_stays(copy):
    path = copy.tree / "gateway/application.yml"
    good = path.read_text(encoding="utf-8")
    edited = good.replace("http://localhost:8081", "http://localhost:9999")
    assert edited != good
    path.write_text(edited, encoding="utf-8")
    try:
        copy.run("scripts/generate.py")
        equal(path.read_text(encoding="utf-8"), edited)
    finally:
        path.write_text(good, encoding="utf-8")


def the_tests_of_the_system_run_with_it(copy):
    said = copy.run("tests/system/run.py", "docs_test: test_settings", "docs_test: test_make_run_starts", "lab_test: test_the_lab_over_the_embedded")
    assert "system: 3 told, 0 failed, 0 skipped" in said, said


def live(bus):
    def story(copy):
        inside = places.apart("--net")
        command = [*inside, sys.executable, copy.tree / "tests/fifth/live.py", copy.names[0], bus]
        said = copy.run(*command, fine=(0, 1), **({"MALL_TEST_APART": "1"} if inside else {}))
        assert re.search("fifth:? ", said) and "Traceback" not in said, said
        return said
    return story


SERVICE = [its_unit_tests_are_built_and_pass, it_describes_itself_and_its_settings, the_checks_of_lint_see_it, the_generated_files_are_there,
           the_console_looks_at_it, it_has_a_pipeline, it_is_among_the_images_and_programs]
# What follows from any service: one page's is enough.
ANY = [the_overlays_have_it_under_every_prefix, the_overlays_keep_their_promises_with_it, an_edited_generated_file_is_noticed,
       a_route_that_a_person_changed_stays, the_tests_of_the_system_run_with_it]
PAGE = [it_has_as_many_lines_as_it_says, it_is_built_without_a_warning]
LIVE = {"over the embedded log": live("log"), "over Kafka": live("kafka")}


def stories_of(copy):
    """{words: story}"""
    def named(story, name):
        return lambda copy: story(copy, name)

    stories = {}
    if copy.commands:
        stories["its commands print what it says"] = its_commands_print_what_it_says
    if copy.file in page.TRANSLATED:
        stories["it is the same in both languages"] = it_is_the_same_in_both_languages
    for story in [*PAGE, *SERVICE, *(ANY if copy.file not in page.TRANSLATED else ())]:
        words = story.__name__.replace("_", " ")
        if story.__code__.co_argcount == 1:
            stories[words] = story
        else:
            stories.update({"%s, %s" % (words, name): named(story, name) for name in copy.names})
    return {**stories, **LIVE}


def tell(words, story, copy):
    """Did it hold?"""
    try:
        said = story(copy)
        print(said.rstrip() if said else "ok   fifth: %s: %s" % (copy.file.stem, words), flush=True)
        return "FAIL" not in (said or "")
    except LeftOut as why:
        print("left out fifth: %s: %s: %s" % (copy.file.stem, words, why), flush=True)
        return True
    except (AssertionError, OSError, subprocess.SubprocessError) as trouble:
        said = str(trouble) or traceback.format_exc()
        print("%s\nFAIL fifth: %s: %s" % (textwrap.indent(said, "  "), copy.file.stem, words), flush=True)     # lines of ok and FAIL in it are not ours
        return False


def tell_of(file, parts, keep):
    """All that is told of a page; did it hold?"""
    top = pathlib.Path(tempfile.mkdtemp(prefix="mall-tree-"))
    good = True
    try:
        copy = Copy(top, file)
        page.copy_tree(top)
        page.add_files(top, copy.sources)
        for words, story in stories_of(copy).items():
            if not parts or story is it_is_built_without_a_warning or any(part in words for part in parts):
                good &= tell(words, story, copy)
                if not good and story is it_is_built_without_a_warning:
                    break
    except (AssertionError, OSError, fences.Wrong) as trouble:
        print("FAIL fifth: %s: %s" % (file.stem, trouble))
        good = False
    finally:
        if keep:
            print("the copy is in %s" % top)
        else:
            shutil.rmtree(top, ignore_errors=True)
    return good


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--page", type=pathlib.Path, action="append")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("part", nargs="*")
    arguments = parser.parse_args()
    tools.fetch_python()
    tools.fetch_go_tool(*tools.KUSTOMIZE)
    subprocess.check_call([tools.TOP / "tests/kafka/broker.sh", "fetch"])                   # here, for live() may have no network
    good = True
    for file in arguments.page or (page.COUPON, page.FOOD):
        good &= tell_of(file.resolve(), arguments.part, arguments.keep)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
