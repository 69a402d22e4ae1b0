"""fences - the commands of a page of the lab book, with where they run and what they print (docs/lab/README.md has the rules).

    for step in fences.steps(page): step.where, step.commands, step.expected
"""
import dataclasses
import re
import shlex

PLACES = ("local", "cluster", "aws", "fifth", "none")
FLAGS = ("repeat", "background")
VALUES = ("run", "timeout", "exit", "until", "terminal", "in", "reason")
MOST_SECONDS = 60
ANY = "…"


class Wrong(Exception):
    """A fence that is not as the rules say: page, line, what."""


@dataclasses.dataclass
class Step:
    page: str
    line: int
    where: str
    commands: str
    expected: str | None = None
    timeout: int = MOST_SECONDS
    exit: int = 0
    repeat: bool = False
    background: bool = False
    until: str = ""
    terminal: int = 1
    inside: str = ""
    reason: str = ""

    def name(self):
        return "%s:%d" % (self.page, self.line)

    def typed(self):
        """As the terminal gets it; a shell within stops where a command fails."""
        return "%s -ec %s" % (self.inside, shlex.quote(self.commands)) if self.inside else self.commands

    def same_as(self, other):
        """But for the comments, which are each language's own."""
        def told(step):
            return {**dataclasses.asdict(step), "page": "", "line": 0, "reason": "", "commands": bare(step.commands)}
        return told(self) == told(other)


def bare(commands):
    """Without comments: what is in the shell's eyes."""
    return "\n".join(line for line in (re.sub(r"(^|\s+)# .*$", "", line) for line in commands.splitlines()) if line.strip())


def blocks(text):
    """(line, info string, body) of each fence, and where it ends."""
    at = None
    for number, line in enumerate(text.splitlines(), 1):
        if at is None and line.startswith("```"):
            at, info, body = number, line[3:].strip(), []
        elif at is not None and line == "```":
            yield at, info, "\n".join(body), number
            at = None
        elif at is not None:
            body.append(line)
    if at is not None:
        raise Wrong("line %d: the fence has no end" % at)


def attributes(info):
    """{} of `sh run=local repeat timeout=30`, without its first word."""
    given = {}
    for word in shlex.split(info)[1:]:
        name, equals, value = word.partition("=")
        if name in FLAGS and not equals:
            given[name] = True
        elif name in VALUES and equals:
            given[name] = int(value) if name in ("timeout", "exit", "terminal") else value
        else:
            raise Wrong("%r is no attribute: %s, or %s with a value" % (word, ", ".join(FLAGS), ", ".join(VALUES)))
    return given


def step(page, line, info, commands):
    given = attributes(info)
    where = given.pop("run", None)
    if where not in PLACES:
        raise Wrong("a command says where it runs: run= one of %s" % ", ".join(PLACES))
    made = Step(page, line, where, commands, inside=given.pop("in", ""), **given)
    if (where == "none") != bool(made.reason):
        raise Wrong("run=none, and nothing else, has a reason")
    if made.background != bool(made.until):
        raise Wrong("background and until come together")
    if not commands.strip():
        raise Wrong("no command")
    return made


def steps(page, text):
    """All commands of a page, in its order."""
    found, last = [], -1
    for line, info, body, end in blocks(text):
        try:
            language = info.split(" ")[0]
            if language == "sh":
                found.append(step(page, line, info, body))
                last = end
            elif info == "text expect":
                between = "\n".join(text.splitlines()[last:line - 1]).strip()
                if last < 0 or found[-1].expected is not None or "\n\n" in between:
                    raise Wrong("an expectation comes after its command, with one paragraph between them at most")
                if found[-1].where == "none":
                    raise Wrong("what is not run has no expectation; show it as plain text")
                found[-1].expected = body
            elif "run=" in info or "expect" in info:
                raise Wrong("neither `sh run=...` nor `text expect`: %r" % info)
        except (Wrong, ValueError, TypeError) as what:
            raise Wrong("%s:%d: %s" % (page, line, what)) from None
    for one in found:
        if one.repeat and one.expected is None:
            raise Wrong("%s: what is repeated has an expectation" % one.name())
    return found


# ---- what was printed, against what is expected ----

def pattern(line):
    return re.compile(".*".join(re.escape(part) for part in line.rstrip().split(ANY)) + r"\s*\Z")


def plain(text):
    """Without colours, carriage returns and trailing blanks."""
    text = re.sub(r"\r+\n", "\n", re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)).replace("\r", "\n")
    return [line.rstrip() for line in text.rstrip().lstrip("\n").splitlines()]


def missing(expected, printed):
    """None, or the first expected line that was not printed where it should be.

    A line of ANY alone stands for any lines, also none; other lines follow each other."""
    lines, at, loose = plain(printed), 0, False
    for wanted in expected.rstrip().splitlines():
        if wanted.strip() == ANY:
            loose = True
            continue
        hit = pattern(wanted)
        places = [n for n in range(at, len(lines) if loose else min(at + 1, len(lines))) if hit.match(lines[n])]
        if not places:
            return wanted
        at, loose = places[0] + 1, False
    return None if loose or at == len(lines) else "(the end, before %r)" % lines[at]
