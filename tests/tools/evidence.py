"""evidence - the tables of docs/evidence.md that tests write, each between two lines that name it."""
import datetime
import pathlib
import re
import subprocess

EVIDENCE = pathlib.Path(__file__).resolve().parents[2] / "docs/evidence.md"


def lines(name):
    return "<!-- %s: written by tests -->" % name, "<!-- %s ends -->" % name


def parts(name):
    """The text before the table, the table, and the text after it."""
    begin, end = lines(name)
    before, found, rest = EVIDENCE.read_text(encoding="utf-8").partition(begin + "\n")
    table, also, after = rest.partition(end)
    assert found and also, "%s has no lines %s and %s" % (EVIDENCE, begin, end)
    return before + begin + "\n", table, end + after


def rows(name):
    """{first cell: the rest of its row}, without the head."""
    found = re.findall(r"^\| ((?:[^|\\]|\\.)+?) (\|.*)$", parts(name)[1], re.M)
    return dict(found[1:])


def write(name, head, made):
    """head: the titles; made: {first cell: the rest of its row}, which is all of the table then."""
    before, _, after = parts(name)
    table = "| %s |\n%s|\n" % (" | ".join(head), "|---" * len(head))
    table += "".join("| %s %s\n" % row for row in made.items())
    EVIDENCE.write_text(before + table + after, encoding="utf-8")


def held(name, head, thing, figures):
    """A row with today's date and the commit: the last time that it held. The other rows stay."""
    commit = subprocess.check_output(["git", "-C", EVIDENCE.parent, "rev-parse", "--short=12", "HEAD"], text=True).strip()
    write(name, head, {**rows(name), thing: "| %s | %s | %s |" % (datetime.date.today(), commit, figures)})
