#!/usr/bin/env python3
"""reader - types the commands of one page, in the order of the page, as a reader does; places.py starts it in namespaces of its own.

usage: reader.py PAGE PLACE TREE         PLACE: local, cluster or aws; TREE: where the commands run, a copy of the project's

Says what it typed and what was printed; the last line is `read N commands` or `FAILED PAGE:LINE: why`.
"""
import os
import pathlib
import sys
import tempfile
import time

import fences
from terminal import Ended, Terminal

sys.path.insert(1, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from apart import raise_loopback                                # noqa: E402 (of tests/tools)

KEPT = ("PATH", "LANG", "USER", "CCACHE_DIR", "XDG_CACHE_HOME", "PYTHONPATH", "KUBECONFIG", "JAVA_HOME")


class Failed(Exception):
    """The page is not true."""


def environment(home):
    """Little of what happens to be set here: a reader has none of it."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return {**kept, "HOME": str(home), "TERM": "dumb", "LANG": "C.UTF-8", "PAGER": "cat", "AWS_PAGER": "", "CCACHE_NOHASHDIR": "1"}


class Reader:
    def __init__(self, tree, scratch):
        self.tree, self.scratch, self.terminals, self.others = tree, scratch, {}, []

    def terminal(self, number):
        if number not in self.terminals:
            self.terminals[number] = Terminal(self.tree, environment(self.scratch), self.scratch)
        return self.terminals[number]

    def read(self, step):
        print("== %s\n%s" % (step.name(), "\n".join("$ " + line for line in step.commands.splitlines())), flush=True)
        if step.background:
            self.leave(step)
        elif step.repeat:
            self.repeat(step)
        else:
            self.judge(step, *self.typed(step, step.timeout))

    def typed(self, step, seconds):
        terminal = self.terminal(step.terminal)
        terminal.begin(step.typed())
        try:
            done = terminal.wait(seconds)
        except Ended as what:
            raise Failed("%s\n%s" % (what, terminal.said)) from None
        return done, terminal.said

    def judge(self, step, done, said):
        print("\n".join(fences.plain(said)), flush=True)
        trouble = self.trouble(step, done, said)
        if trouble:
            raise Failed(trouble)

    @staticmethod
    def trouble(step, done, said):
        """None, or what is not as the page says."""
        status, failed = done
        if status != step.exit:
            return "it ended with %d, not with %d" % (status, step.exit)
        if failed and not step.exit:
            return "a command failed: " + failed
        if step.expected is not None:
            wanted = fences.missing(step.expected, said)
            if wanted is not None:
                return "it did not print, where it should: %s" % wanted
        return None

    def repeat(self, step):
        end = time.monotonic() + step.timeout
        while True:
            done, said = self.typed(step, step.timeout)
            if not self.trouble(step, done, said) or time.monotonic() > end:
                return self.judge(step, done, said)
            time.sleep(1)

    def leave(self, step):
        """In a terminal that stays open until the page ends."""
        terminal = Terminal(self.tree, environment(self.scratch), self.scratch)
        self.others.append(terminal)
        terminal.begin(step.typed())
        try:
            done = terminal.wait(step.timeout, until=step.until)
        except Ended as what:
            raise Failed("%s, and did not print %r\n%s" % (what, step.until, terminal.said)) from None
        if done:
            raise Failed("it ended, and did not print %r\n%s" % (step.until, terminal.said))
        if step.expected is not None:
            end = time.monotonic() + step.timeout
            while (wanted := fences.missing(step.expected + "\n" + fences.ANY, terminal.said)) is not None and time.monotonic() < end:
                terminal.read(0.2)
            if wanted is not None:
                raise Failed("it did not print, where it should: %s\n%s" % (wanted, terminal.said))
        print("\n".join(fences.plain(terminal.said)), flush=True)

    def close(self):
        for terminal in [*self.terminals.values(), *self.others]:
            terminal.close()


def main(page, place, tree):
    page = pathlib.Path(page)
    if place != "cluster":
        raise_loopback()
    todo = [step for step in fences.steps(page.stem, page.read_text(encoding="utf-8")) if step.where == place]
    with tempfile.TemporaryDirectory(prefix="mall-reader-") as scratch:
        reader = Reader(pathlib.Path(tree), pathlib.Path(scratch))
        step = None
        try:
            for step in todo:
                reader.read(step)
        except Failed as what:
            print("FAILED %s: %s" % (step.name(), what), flush=True)
            return 1
        finally:
            reader.close()
    print("read %d commands" % len(todo), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
