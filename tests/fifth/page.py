"""page - pages that build services of their own, and their code: fenced blocks that say which file they are.

    ```c title=coupon/main.c
"""
import re
import shutil

from mall import TOP, tool

COUPON = TOP / "docs/fifth-service.md"
FOOD = TOP / "docs/lab/en/own-domain.md"
# The same page in another language.
TRANSLATED = {FOOD: TOP / "docs/lab/ko/own-domain.md"}


def files(page=COUPON):
    """{path: text} of each block with a title."""
    blocks = re.findall(r"^```\w+ title=(\S+)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.S | re.M)
    assert blocks, "%s has no code with a title" % page
    doubled = sorted({path for path, _ in blocks if [other for other, _ in blocks].count(path) > 1})
    assert not doubled, "%s has two blocks of %s" % (page, doubled)
    return dict(blocks)


def most_lines(page):
    """How many its services have, as the page says."""
    said = re.findall(r"(\d+)\s+lines\s+as\s+`wc -l`", page.read_text(encoding="utf-8"))
    assert len(said) == 1, "%s says %d times how many lines `wc -l` counts" % (page, len(said))
    return int(said[0])


def names_of(sources):
    """The services, in the order of the page: a folder each."""
    folders = list(dict.fromkeys(path.rpartition("/")[0] for path in sources))
    odd = [folder for folder in folders if not folder or "/" in folder or folder + "/main.c" not in sources]
    assert not odd, "not a folder of the tree with a main.c: %s" % odd
    return folders


def count(sources):
    """Lines of code that make the services; their tests are extra."""
    return sum(text.count("\n") for path, text in sources.items() if not path.endswith("_test.c"))


def copy_tree(to):
    """What git would commit, in a repository of its own; what was fetched into build/ is used from here."""
    listed = tool("git", "-C", TOP, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    for name in filter(None, listed):
        if (TOP / name).exists():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(TOP / name, to / name)                # with its time: what was built from it needs not be built again
    (to / "build").mkdir()
    for fetched in ("tools", "kafka"):
        if (TOP / "build" / fetched).exists():
            (to / "build" / fetched).symlink_to(TOP / "build" / fetched)
    tool("git", "init", "-q", to)


def add_files(tree, sources):
    """The page's files."""
    for path, text in sources.items():
        (tree / path).parent.mkdir(exist_ok=True)
        (tree / path).write_text(text, encoding="utf-8")
    tool("git", "-C", tree, "add", "-A")


def listed(tree):
    """The Makefile's services."""
    lists = re.findall(r"^SERVICES := (.*)$", (tree / "Makefile").read_text(encoding="utf-8"), re.M)
    assert len(lists) == 1, "the Makefile has %d lists of services" % len(lists)
    return lists[0].split()


def add_words(tree, names):
    """One word for each service in the Makefile, where it is missing."""
    words = listed(tree)
    makefile = (tree / "Makefile").read_text(encoding="utf-8")
    new = " ".join(dict.fromkeys([*words, *names]))
    (tree / "Makefile").write_text(makefile.replace("SERVICES := " + " ".join(words), "SERVICES := " + new), encoding="utf-8")
