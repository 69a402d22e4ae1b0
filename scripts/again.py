"""again - a test that failed runs once more, alone, after all others: a busy machine must not decide.

If the second run passes it counts, and the first is shown as unsteady, which tally.py repeats at the very end. A
sanitizer's complaint is a fault however often it comes, so such a test does not run again.
"""
import re

SANITIZER = re.compile(r"(Address|Thread|Leak|Memory)Sanitizer|runtime error: ")


def failed(text):
    return "\nFAIL" in "\n" + text


def verdict(name, first, tell):
    """The text to print about it in the end; tell() runs it once more."""
    if SANITIZER.search(first):
        return first
    second = tell()
    if failed(second):
        return quoted(first) + second
    return "%sunsteady %s\n%s" % (second, name, quoted(first))


def quoted(text):
    return "".join("| %s\n" % line for line in text.rstrip("\n").split("\n"))
