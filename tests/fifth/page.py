"""page - the code of docs/fifth-service.md: fenced blocks that say which file they are.

    ```c title=coupon/main.c
"""
import re
import shutil

from mall import TOP, tool

PAGE = TOP / "docs/fifth-service.md"
MOST_LINES = 110


def files(page=PAGE):
    """{path: text} of each block with a title."""
    blocks = re.findall(r"^```\w+ title=(\S+)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.S | re.M)
    assert blocks, "%s has no code with a title" % page
    return dict(blocks)


def name_of(sources):
    """The service: the one folder of all its files."""
    folders = {path.rpartition("/")[0] for path in sources}
    assert len(folders) == 1, "the page's files lie in several folders: %s" % sorted(folders)
    return folders.pop()


def count(sources):
    """Lines of code that make the service; its test is extra."""
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


def add_service(tree, name, sources):
    """The page's files, and the one word in the Makefile."""
    for path, text in sources.items():
        (tree / path).parent.mkdir(exist_ok=True)
        (tree / path).write_text(text, encoding="utf-8")
    makefile = (tree / "Makefile").read_text(encoding="utf-8")
    new, count_of_lists = re.subn(r"^(SERVICES := .*)$", r"\1 " + name, makefile, flags=re.M)
    assert count_of_lists == 1, "the Makefile has %d lists of services" % count_of_lists
    (tree / "Makefile").write_text(new, encoding="utf-8")
    tool("git", "-C", tree, "add", "-A")
