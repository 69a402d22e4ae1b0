"""queries - those that deploy/logging/README.md gives to copy."""
import pathlib
import re

README = pathlib.Path(__file__).resolve().parents[2] / "deploy/logging/README.md"


def saved():
    """{what it finds: LogsQL}: below a comment each."""
    return dict(re.findall(r"^    # ([a-z ]+)\n    (.+)$", README.read_text(), re.M))
