#!/usr/bin/env python3
"""run - builds docs/fifth-service.md in a copy of the tree, and looks whether all that a service needs follows from it.

usage: run.py [--page FILE] [--keep] [PART]...     cases whose name contains one of the PARTs; --keep leaves the copy
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
sys.path.insert(1, str(HERE.parent / "system"))
sys.path.insert(1, str(HERE.parent / "k8s"))
import page                                                     # noqa: E402
import tools                                                    # noqa: E402 (lies in tests/k8s/)
from mall import equal                                          # noqa: E402 (lies in tests/system/)


class Copy:
    """The tree with the service of the page."""

    def __init__(self, tree, sources):
        self.tree, self.sources, self.name = tree, sources, page.name_of(sources)

    def run(self, *command, fine=(0,), **more):
        """What it printed."""
        # the compiler's cache then answers what it compiled in the tree itself
        environment = {**os.environ, "CCACHE_NOHASHDIR": "1", **more}
        for variable in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MALL_TEST_VARIANT", "MALL_TEST_BIN"):
            environment.pop(variable, None)
        done = subprocess.run([str(c) for c in command], cwd=self.tree, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", timeout=900)
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


# ---- the cases, in this order: what comes later needs what was built

def it_is_one_folder_of_at_most_110_lines(copy):
    lines = page.count(copy.sources)
    assert lines <= page.MOST_LINES, "%s has %d lines" % (copy.name, lines)


def it_is_built_without_a_warning(copy):
    said = copy.make("programs")
    assert "warning:" not in said, said
    assert (copy.tree / "build/bin" / copy.name).exists(), said


def its_unit_tests_are_built_and_pass(copy):
    tests = [path for path in copy.sources if path.endswith("_test.c")]
    listed = copy.words("test_sources")
    equal([path for path in listed if path.startswith(copy.name + "/")], sorted(tests))
    if tests:
        said = copy.make("VARIANT=asan", "unit-here", "UNDER=" + copy.name)
        assert "\nok " in said and "FAIL" not in said, said


def it_describes_itself_and_its_settings(copy):
    help_text = copy.run("build/bin/" + copy.name, "--help")
    assert help_text.startswith(copy.name + " - ") and "MALL_BUS_URL" in help_text, help_text
    rows = [line for line in copy.text("docs/settings.md").splitlines() if line.startswith("| `MALL_BUS_URL`")]
    assert len(rows) == 1 and copy.name in rows[0], rows


def found_by_lint(copy):
    """What is wrong in the service's files, by the checks that ask no compiler."""
    code = "import lint; print('%s seen' % lint.sources().count({main!r})); " \
        "print(*(check()[1] for check in (lambda: lint.tiers({tiers!r}), lint.layers, lint.columns, lint.names)), sep='\\n')"
    said = copy.python(code.format(main=copy.name + "/main.c", tiers=copy.words("TIERS")), "scripts").splitlines()
    equal(said[0], "1 seen")
    return [line for line in said if re.search(r"\b{0}/|^{0}: \w+ includes".format(copy.name), line)]


def the_checks_of_lint_see_it(copy):
    """And take it."""
    main = copy.tree / copy.name / "main.c"
    good = main.read_text(encoding="utf-8")
    equal(found_by_lint(copy), [])
    main.write_text('#include "gateway/gateway.h"\n' + good, encoding="utf-8")
    try:
        equal(found_by_lint(copy), ["%s/main.c:1: gateway is not to its left" % copy.name])
    finally:
        main.write_text(good, encoding="utf-8")
    copy.run("scripts/format", "--check")


def the_generated_files_are_there(copy):
    copy.run("scripts/generate.py", "--check")
    routes = copy.text("gateway/application.yml")
    port = copy.python("import services; print(services.describe(%r)['port'])" % copy.name, "scripts").strip()
    for uri in ("http://localhost:" + port, "http://user23-%s:8080" % copy.name):
        assert "- id: %s\n          uri: %s\n" % (copy.name, uri) in routes, routes


def the_console_looks_at_it(copy):
    """By default; overlays.py looks at MALL_SERVICES of the pods."""
    said = copy.run("build/bin/frontend", "--describe")
    port = copy.python("import services; print(services.describe(%r)['port'])" % copy.name, "scripts").strip()
    for place in ("%s=http://localhost:%s," % (copy.name, port), "%s=http://%s:8080," % (copy.name, copy.name)):
        assert place in said, said


def it_has_a_pipeline(copy):
    assert re.search(r"_PROJECT_NAME: user23-%s\b" % copy.name, copy.text("buildspec/%s.yml" % copy.name)), copy.text("buildspec/%s.yml" % copy.name)
    assert re.search(r"\b%s\b" % copy.name, copy.text("deploy/eks/pipelines.yaml")), "deploy/eks/pipelines.yaml"


def the_overlays_have_it_under_every_prefix(copy):
    copy.run(tools.PYTHON, "tests/fifth/overlays.py", copy.name)


def the_overlays_keep_their_promises_with_it(copy):
    said = copy.run("tests/k8s/run.py", "base:", "overlays/", "another prefix", "the gateway takes")
    assert re.search(r"k8s: \d\d+ told, 0 failed, 0 skipped", said), said


def an_edited_generated_file_is_noticed(copy):
    path = copy.tree / "gateway/application.yml"
    good = path.read_text(encoding="utf-8")
    path.write_text(good.replace("- id: " + copy.name, "- id: other"), encoding="utf-8")
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


def it_is_among_the_images_and_programs(copy):
    for variable in ("IMAGES", "PROGRAMS", "DAEMONS"):
        assert copy.name in copy.words(variable), "%s: %s" % (variable, copy.words(variable))


def the_tests_of_the_system_run_with_it(copy):
    said = copy.run("tests/system/run.py", "docs_test: test_settings", "docs_test: test_make_run_starts", "lab_test: test_the_lab_over_the_embedded")
    assert "system: 3 told, 0 failed, 0 skipped" in said, said


def live(bus):
    def story(copy):
        apart = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]
        if subprocess.call([*apart, "true"], stderr=subprocess.DEVNULL) != 0:
            apart = []
        command = [*apart, sys.executable, copy.tree / "tests/fifth/live.py", copy.name, bus]
        said = copy.run(*command, fine=(0, 1), **({"MALL_TEST_APART": "1"} if apart else {}))
        assert re.search("fifth:? over", said) and "Traceback" not in said, said
        return said
    return story


CASES = [it_is_one_folder_of_at_most_110_lines, it_is_built_without_a_warning, its_unit_tests_are_built_and_pass,
         it_describes_itself_and_its_settings, the_checks_of_lint_see_it, the_generated_files_are_there,
         the_console_looks_at_it, it_has_a_pipeline, the_overlays_have_it_under_every_prefix,
         the_overlays_keep_their_promises_with_it, an_edited_generated_file_is_noticed, a_route_that_a_person_changed_stays,
         it_is_among_the_images_and_programs, the_tests_of_the_system_run_with_it]
LIVE = {"over the embedded log": live("log"), "over Kafka": live("kafka")}


def tell(words, story, copy):
    """Did it hold?"""
    try:
        said = story(copy)
        print(said.rstrip() if said else "ok   fifth: " + words, flush=True)
        return "FAIL" not in (said or "")
    except (AssertionError, OSError, subprocess.SubprocessError) as trouble:
        said = str(trouble) or traceback.format_exc()
        print("%s\nFAIL fifth: %s" % (textwrap.indent(said, "  "), words), flush=True)     # lines of ok and FAIL in it are not ours
        return False


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--page", type=pathlib.Path, default=page.PAGE)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("part", nargs="*")
    arguments = parser.parse_args()
    tools.fetch_python()
    tools.fetch_go_tool(*tools.KUSTOMIZE)
    subprocess.check_call([tools.TOP / "tests/kafka/broker.sh", "fetch"])                   # here, for live() may have no network
    top = pathlib.Path(tempfile.mkdtemp(prefix="mall-tree-"))
    stories = {**{case.__name__.replace("_", " "): case for case in CASES}, **LIVE}
    good = True
    try:
        sources = page.files(arguments.page)
        copy = Copy(top, sources)
        page.copy_tree(top)
        page.add_service(top, copy.name, sources)
        for words, story in stories.items():
            if not arguments.part or story is it_is_built_without_a_warning or any(part in words for part in arguments.part):
                good &= tell(words, story, copy)
                if not good and story is it_is_built_without_a_warning:
                    break
    except AssertionError as trouble:
        print("FAIL fifth: %s" % trouble)
        good = False
    finally:
        if arguments.keep:
            print("the copy is in %s" % top)
        else:
            shutil.rmtree(top, ignore_errors=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
