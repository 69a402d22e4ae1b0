"""What the READMEs of examples/ say of the code."""
import re

import examples

CODE = {"python": "python/consumer.py", "java": "java/src/main/java/Consumer.java", "go": "go/main.go"}
NO_CODE = re.compile(r"\s*(#|//|/\*|import |from \S+ import )|\s*$")


def code_lines(text):
    """No blank lines, no comments, no docstrings, no imports."""
    text = re.sub(r'^"""(?s:.*?)"""$|^import \((?s:.*?)^\)$', "", text, flags=re.M)
    return sum(not NO_CODE.match(line) and not line.strip().startswith('"""') for line in text.split("\n"))


def test_the_lines_of_code_are_as_many_as_is_said():
    for readme in ("README.md", "README.ko.md"):
        rows = dict(re.findall(r"^\| \[(\w+)\].*\| (\d+) \|$", (examples.SOURCES / readme).read_text(encoding="utf-8"), re.M))
        wrong = ["%s says %s of %s, which has %d" % (readme, rows.get(name), path, code_lines((examples.SOURCES / path).read_text(encoding="utf-8")))
                 for name, path in CODE.items() if rows.get(name) != str(code_lines((examples.SOURCES / path).read_text(encoding="utf-8")))]
        assert not wrong, "; ".join(wrong)


def test_both_languages_have_the_same_commands():
    commands = [re.findall(r"^    \S.*$", (examples.SOURCES / readme).read_text(encoding="utf-8"), re.M) for readme in ("README.md", "README.ko.md")]
    assert len(commands[0]) > 10 and commands[0] == commands[1], commands
