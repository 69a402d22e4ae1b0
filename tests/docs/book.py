"""book - the pages of docs/lab: what is in them, whether both languages say the same, and what of it no test runs."""
import dataclasses
import functools
import pathlib
import re
import sys

import fences

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(1, str(TOP / "tests/tools"))
import evidence                                                 # noqa: E402 (of tests/tools)

LAB = TOP / "docs/lab"
LANGUAGES = ("en", "ko")
COURSE = TOP / "tests/docs/course.txt"
NOT_PAGES = ("README",)
HEADINGS = {
    "en": ("Goal", "Time and cost", "What you need", "Steps", "Now break it", "Question", "Clean up", "Hand in"),
    "ko": ("목표", "시간과 비용", "준비물", "순서", "일부러 망가뜨려 보기", "질문", "정리", "제출물"),
}
FOLDED = {"en": "<summary>Answer</summary>", "ko": "<summary>정답</summary>"}


@dataclasses.dataclass
class Page:
    language: str
    file: pathlib.Path
    text: str
    steps: list

    @property
    def name(self):
        return self.file.stem


@functools.cache
def pages(language):
    made = []
    for file in sorted((LAB / language).glob("*.md"), key=lambda file: (not file.stem[0].isdigit(), file.stem != "efs", file.stem)):
        if file.stem not in NOT_PAGES:                          # in the order of the course: by number, EFS, then the exercises
            text = file.read_text(encoding="utf-8")
            made.append(Page(language, file, text, fences.steps(file.stem, text)))
    return made


# ---- what holds for all of them: (thing, trouble or "") ----

def fences_are_as_the_rules_say():
    for language in LANGUAGES:
        pages(language)


def each_page_is_there_in_both_languages():
    names = [[page.name for page in pages(language)] for language in LANGUAGES]
    assert names[0] == names[1], "only in one: %s" % sorted(set(names[0]) ^ set(names[1]))


def both_languages_have_the_same_commands_and_expectations():
    for english, korean in zip(pages("en"), pages("ko")):
        for one, other in zip(english.steps, korean.steps):
            assert one.same_as(other), "en %s, ko line %d:\n%s\n%s\n--\n%s\n%s" % (
                one.name(), other.line, one.commands, one.expected, other.commands, other.expected)
        assert len(english.steps) == len(korean.steps), "%s: %d commands in English, %d in Korean" % (
            english.name, len(english.steps), len(korean.steps))


def each_page_has_its_sections_in_order():
    for language in LANGUAGES:
        for page in pages(language):
            found = re.findall(r"^## (.*)$", page.text, re.M)
            assert found == list(HEADINGS[language]), "%s/%s: %s" % (language, page.name, found)
            assert FOLDED[language] in page.text, "%s/%s: no answer is folded away (%s)" % (language, page.name, FOLDED[language])


def section(page, name):
    return re.search(r"^## %s\n\n(.*?)(?=\n\n|\n## |\Z)" % re.escape(name), page.text, re.M | re.S)[1]


def index(language):
    """The table of a README: the page, how long it takes, and where its commands run."""
    head = {"en": "| page | time | runs |", "ko": "| 페이지 | 시간 | 실행 환경 |"}[language]
    where = {"en": {"local": "this machine", "cluster": "cluster", "aws": "AWS", "fifth": "this machine", "none": ""},
             "ko": {"local": "내 컴퓨터", "cluster": "클러스터", "aws": "AWS", "fifth": "내 컴퓨터", "none": ""}}[language]
    rows = []
    for page in pages(language):
        minutes = re.search(r"\d+( to |~)?\d*( minutes|분)", section(page, HEADINGS[language][1]))[0]
        places = ", ".join(dict.fromkeys(where[step.where] for step in page.steps if where[step.where]))
        rows.append("| [%s](%s.md) | %s | %s |" % (re.match("# (.*)", page.text)[1], page.name, minutes, places))
    return "\n".join([head, "|---|---|---|", *rows]) + "\n"


def written(language):
    """A README with its table as it must be."""
    text = (LAB / language / "README.md").read_text(encoding="utf-8")
    before, begin, rest = text.partition("<!-- pages: written by tests/docs/run.py --write -->\n")
    _, end, after = rest.partition("<!-- pages end -->")
    assert begin and end, "%s/README.md has no place for its pages" % language
    return before + begin + index(language) + end + after


def each_page_is_in_its_index():
    for language in LANGUAGES:
        assert (LAB / language / "README.md").read_text(encoding="utf-8") == written(language), "tests/docs/run.py --write makes %s/README.md true" % language


def write():
    evidence.write("docs-test-left-out", ("command", "page", "reason"), left_out())
    for language in LANGUAGES:
        (LAB / language / "README.md").write_text(written(language), encoding="utf-8")


def each_command_of_the_course_is_on_a_page():
    """course.txt has them as the course of 2022 types them."""
    typed = [step for page in pages("en") for step in page.steps if step.where in ("local", "cluster", "aws")]
    lines = {line.strip() for step in typed for line in fences.bare(step.commands).splitlines()}
    wanted = [line for line in COURSE.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    assert len(wanted) > 5, wanted
    missing = [line for line in wanted if line not in lines]
    assert not missing, "no page types:\n" + "\n".join(missing)


def left_out():
    """{command: page and reason} of what no test runs."""
    def cell(text):
        return text.replace("|", "\\|")
    return {"`%s`" % cell(fences.bare(step.commands).splitlines()[0]): "| %s | %s |" % (page.name, cell(step.reason))
            for page in pages("en") for step in page.steps if step.where == "none"}


def what_no_test_runs_is_in_the_evidence():
    made, said = left_out(), evidence.rows("docs-test-left-out")
    assert made == said, "tests/docs/run.py --write makes it true: %s" % sorted(set(made.items()) ^ set(said.items()))


CHECKS = (fences_are_as_the_rules_say, each_page_is_there_in_both_languages, both_languages_have_the_same_commands_and_expectations,
          each_page_has_its_sections_in_order, each_page_is_in_its_index, each_command_of_the_course_is_on_a_page,
          what_no_test_runs_is_in_the_evidence)


def checks():
    for check in CHECKS:
        try:
            check()
            yield check.__name__.replace("_", " "), ""
        except (AssertionError, fences.Wrong, FileNotFoundError) as what:
            yield check.__name__.replace("_", " "), str(what) or "it does not hold"
