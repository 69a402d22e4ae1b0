"""check - the test of this runner: what is not as a page says fails, and it is said where."""
import pathlib
import subprocess
import sys
import tempfile

import fences
import places

HOLDS = None
# words: (the page, what is said of it; HOLDS: it is read to its end)
PAGES = {
    "what is printed as expected holds": ("```sh run=local\nprintf 'a\\n  b 7 c\\nd\\n'\n```\n```text expect\na\n  b … c\nd\n```\n", HOLDS),
    "a line of … alone stands for any lines": ("```sh run=local\nseq 5\n```\n```text expect\n…\n3\n…\n```\n", HOLDS),
    "another text fails": ("```sh run=local\necho a\n```\n```text expect\nb\n```\n", "t:1: it did not print, where it should: b"),
    "a line between fails": ("```sh run=local\nseq 3\n```\n```text expect\n1\n3\n```\n", "where it should: 3"),
    "a line more at the end fails": ("```sh run=local\nseq 3\n```\n```text expect\n1\n2\n```\n", "(the end, before '3')"),
    "a command that fails in the middle fails": ("```sh run=local\nfalse\necho a\n```\n", "a command failed: 1 false"),
    "an end with another number fails": ("```sh run=local exit=3\nfalse\n```\n", "it ended with 1, not with 3"),
    "an end with the number that is said holds": ("```sh run=local exit=3\n(exit 3)\n```\n", HOLDS),
    "what hangs fails": ("```sh run=local timeout=1\nsleep 600\n```\n", "not done within 1 s"),
    "what becomes so a moment later holds": (
        "```sh run=local repeat\necho x >>n; wc -l <n\n```\n```text expect\n3\n```\n", HOLDS),
    "what never becomes so fails": ("```sh run=local repeat timeout=2\necho a\n```\n```text expect\nb\n```\n", "where it should: b"),
    "a terminal keeps its variables, another one has none of them": (
        "```sh run=local\nX=1\n```\n```sh run=local\ntest \"$X\" = 1\n```\n```sh run=local terminal=2\ntest -z \"$X\"\n```\n", HOLDS),
    "a tool sees a terminal": ("```sh run=local\ntest -t 0 -a -t 1 -a -t 2\n```\n", HOLDS),
    "what stays open is waited for": ("```sh run=local background until=\"ready\"\necho ready; sleep 600\n```\n", HOLDS),
    "what stays open and ends fails": ("```sh run=local background until=\"ready\"\necho so\n```\n", "it ended, and did not print 'ready'"),
    "what is typed in the shell of another command holds": ("```sh run=local in=\"env -u HOME bash\"\nX=\"a 'b'\"\necho \"$X ${HOME-none}\"\n```\n```text expect\na 'b' none\n```\n", HOLDS),
    "a command that fails in the middle there fails": ("```sh run=local in=bash\nfalse\necho a\n```\n", "it ended with 1, not with 0"),
    "another place's commands are not typed": ("```sh run=aws\nfalse\n```\n", HOLDS),
}
# words: (the page, what is said of it)
WRONG = {
    "a command without a place": ("```sh\nls\n```\n", "t:1: a command says where it runs"),
    "a place that is none": ("```sh run=here\nls\n```\n", "t:1: a command says where it runs"),
    "an attribute that is none": ("```sh run=local retry\nls\n```\n", "'retry' is no attribute"),
    "what is not run has no reason": ("```sh run=none\nls\n```\n", "has a reason"),
    "an expectation without a command": ("```text expect\na\n```\n", "comes after its command"),
    "an expectation far from its command": ("```sh run=local\nls\n```\na\n\nb\n\n```text expect\na\n```\n", "one paragraph between"),
    "a fence without an end": ("a\n```sh run=local\nls\n", "line 2: the fence has no end"),
    "background without until": ("```sh run=local background\nls\n```\n", "come together"),
    "repeated without an expectation": ("```sh run=local repeat\nls\n```\n", "has an expectation"),
}
# A page's command among the stand-ins, and what is said
AWS = {
    "aws eks list-clusters --query clusters --output text": HOLDS,
    "aws eks list-clusters --nonsense": "Unknown options: --nonsense",
    "aws eks describe-cluster --query cluster.name": "the following arguments are required: --name",
    "aws codebuild start-build --project-name a --timeout-in-minutes-override many": "invalid literal for int",
    "aws s3api list-buckets": "s3.ListBuckets has no answer",
    "eksctl create cluster -f nowhere.yaml": "does not exist",
    "eksctl create cluster --nonsense 1": "unknown flag: --nonsense",
    "kubectl sing": "unknown command: sing",
}


def typed(text, place, tools=None):
    """What the reader says of a page."""
    with tempfile.TemporaryDirectory(prefix="mall-docs-check-") as scratch:
        folder = pathlib.Path(scratch)
        (folder / "t.md").write_text(text, encoding="utf-8")
        (folder / "tree").mkdir()
        environment = places.environment(tools)
        done = subprocess.run([*places.apart(*places.ALONE), sys.executable, places.HERE / "reader.py", folder / "t.md", place, folder / "tree"],
                              env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
        return done.returncode == 0, done.stdout


def verdict(done, wanted):
    """"" or what is wrong with the reader's verdict."""
    held, said = done
    if wanted is HOLDS:
        return "" if held else said
    return "" if not held and wanted in said else "%r was not said of it:\n%s" % (wanted, said)


def of_rules():
    for words, (text, wanted) in WRONG.items():
        try:
            fences.steps("t", text)
            yield words, "taken, though %r" % wanted
        except fences.Wrong as what:
            yield words, "" if wanted in str(what) else "%r was not said: %s" % (wanted, what)


def of_aws():
    places.prepare({"aws"})
    with tempfile.TemporaryDirectory(prefix="mall-docs-check-") as tools:
        places.tools_for_aws(pathlib.Path(tools))
        for line, wanted in AWS.items():
            yield line, verdict(typed("```sh run=aws\n%s\n```\n" % line, "aws", tools), wanted)


def stories():
    """(thing, trouble or "")"""
    troubles = [("%s: %s" % one) for one in of_rules() if one[1]]
    yield "the rules of the fences are held, and each breach is named (%d)" % len(WRONG), "\n".join(troubles)
    if not places.apart(*places.ALONE):
        print("left out docs: the reader's own test: this machine gives no namespaces", flush=True)
        return
    for words, (text, wanted) in PAGES.items():
        yield "the reader: " + words, verdict(typed(text, "local"), wanted)
    troubles = [("%s: %s" % one) for one in of_aws() if one[1]]
    yield "AWS' stand-ins take what the real tools take (%d)" % len(AWS), "\n".join(troubles)
