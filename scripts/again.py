"""again - what fails is told once more, alone, when all else is done: a busy machine is no verdict.

If the second telling passes it counts, and the first is shown as unsteady, which tally.py repeats at the very end. What a
sanitizer complained of is a fault however often it comes, so it is not told again.
"""
import re

SANITIZER = re.compile(r"(Address|Thread|Leak|Memory)Sanitizer|runtime error: ")


def failed(text):
    return "\nFAIL" in "\n" + text


def verdict(name, first, tell):
    """What is to be printed of it at last; tell() tells it once more."""
    if SANITIZER.search(first):
        return first
    second = tell()
    if failed(second):
        return quoted(first) + second
    return "%sunsteady %s\n%s" % (second, name, quoted(first))


def quoted(text):
    return "".join("| %s\n" % line for line in text.rstrip("\n").split("\n"))
