#!/usr/bin/env python3
"""mutants - changes a C file in one place at a time and runs its tests, which should see it.

usage: mutants.py [--most N] [--seed N] [--jobs N] [--variant asan] [--lines FROM-TO] [--list] FILE [TEST...]

TEST is a test program, as common/event/inbox_test; without one: those of TESTS below, else the test beside FILE.
TEST@postgresql runs it on PostgreSQL, as in unit.py. --most 0 tries all mutants, else a sample that SEED decides.

A mutant is compiled and linked in a directory of its own, so that the tree and its build are not touched. It is killed
when a test fails, crashes, is ended by a sanitizer, takes memory without end, or hangs (HUNG_S seconds beyond ten times
what the test takes otherwise). A survivor whose line has a lock or an atomic is tried again with the thread sanitizer.
It prints the survivors, each as FILE:LINE:COLUMN, the line before and after, then `N of M killed, P %`.

Changes are made inside functions: comparisons, boolean and bit operators, conditions, whole numbers, returned
values, calls and assignments that are statements. Asserts, sizes of arrays and preprocessor lines are left alone.

No test can kill a mutant that behaves like the original. It stands in tests/mutants/equivalent.txt with its reason, in the
form in which survivors are printed; it is found by its text, so line numbers may move.
"""
import argparse
import collections
import concurrent.futures
import contextlib
import os
import pathlib
import random
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import unit

TOP = unit.TOP
EQUIVALENT = TOP / "tests/mutants/equivalent.txt"
HUNG_S = 30
MEMORY_MB = 2000                     # a mutant that takes more is killed
ADDRESSES_MB = 4000                  # without a sanitizer, whose shadow takes terabytes; threads reserve more than they take
SANITIZED = ("asan", "tsan", "fuzz")
RACY = re.compile(r"pthread_|atomic_")

# Which tests know a file, where that is not (or not only) the test beside it.
TESTS = {
    "common/base/arena.c": "common/base/arena_test common/base/json_test common/data/store_test",
    "common/base/json_write.c": "common/base/json_test",
    "common/data/entity.c": "common/data/entity_test common/service/resource_test",
    "common/base/trace.c": "common/http/request_test common/event/event_test",
    "common/data/event_form.c": "common/data/event_form_test common/event/event_test common/data/store_test",
    "common/data/record.c": "common/event/event_test",
    "common/data/outbox.c": "common/data/outbox_test common/data/sent_test common/data/writer_test common/data/batch_test "
                            "common/data/parts_test@postgresql",
    "common/data/outbox_parts.c": "common/data/parts_test common/data/parts_test@postgresql",
    "common/data/purge.c": "common/data/purge_test common/data/purge_test@postgresql",
    "common/data/store.c": "common/data/store_test common/data/writer_test",
    "common/data/unit.c": "common/data/store_test common/data/outbox_test common/data/table_test common/data/writer_test "
                          "common/event/relay_test common/service/write_test product/policy_test",
    "common/data/writer.c": "common/data/writer_test common/data/batch_test common/data/batch_fault_test common/data/outbox_test "
                            "common/data/sent_test common/data/batch_test@postgresql common/data/contend_test@postgresql",
    "common/event/dead_letter.c": "common/event/dead_letter_test common/event/own_test",
    "common/event/event.c": "common/event/event_test common/event/inbox_test common/event/inbox_trouble_test common/event/dead_letter_test",
    "common/event/messaging.c": "common/event/process_span_test common/event/relay_spans_test",
    "common/event/inbox_report.c": "common/event/inbox_test common/event/inbox_trouble_test common/event/dead_letter_test "
                                   "common/event/process_span_test",
    "common/event/inbox.c": "common/event/process_span_test common/event/dead_letter_test common/event/own_test common/event/inbox_test common/event/inbox_trouble_test "
                            "common/event/dead_letter_test@postgresql",
    "common/event/own.c": "common/event/own_test common/event/own_test@postgresql",
    "common/event/relay_flights.c": "common/event/relay_steps_test common/event/relay_results_test "
                                    "common/event/relay_flights_test common/event/relay_faults_test",
    "common/event/relay_results.c": "common/event/relay_spans_test common/event/relay_results_test common/event/relay_steps_test "
                                    "common/event/relay_flights_test common/event/relay_faults_test",
    "common/event/relay_offer.c": "common/event/relay_steps_test common/event/relay_results_test "
                                  "common/event/relay_flights_test common/event/relay_faults_test",
    "common/event/relay_wait.c": "common/event/relay_life_test common/event/relay_flights_test common/event/relay_faults_test "
                                 "common/event/relay_test",
    "common/event/relay.c": "common/event/relay_life_test common/event/relay_test",
    "common/event/relay_memory.c": "common/event/relay_memory_test common/event/relay_rounds_test common/event/relay_life_test "
                                   "common/event/relay_flights_test common/event/relay_faults_test common/event/relay_test",
    "common/event/relay_parts.c": "common/event/relay_parts_test@postgresql common/event/relay_parts_life_test@postgresql "
                                 "common/event/relay_test@postgresql",
    "common/http/connection.c": "common/http/server_test common/http/limits_test common/http/crowd_test",
    "common/http/framing.c": "common/http/framing_test common/http/server_test",
    "common/http/head.c": "common/http/framing_test common/http/limits_test common/http/server_test",
    "common/service/openapi_schema.c": "common/service/openapi_test",
    "common/service/write.c": "common/service/write_test common/service/resource_test common/service/idempotency_keys_test "
                              "common/service/admission_test",
    "common/service/write_unit.c": "common/service/write_test common/service/resource_test common/service/admission_test",
    "common/service/respond.c": "common/service/resource_test common/service/write_test",
    "common/service/describe.c": "common/service/service_test",
    "common/service/document.c": "common/service/openapi_test common/service/service_test",
    "delivery/policy.c": "delivery/policy_test",
    "gateway/proxy/admit.c": "gateway/proxy/admit_test gateway/gateway_test",
    "gateway/proxy/proxy_request.c": "gateway/proxy/proxy_request_test gateway/gateway_test gateway/proxy/retry_model_test",
    "gateway/proxy/response.c": "gateway/gateway_test gateway/proxy/proxy_request_test gateway/proxy/admit_test",
    "gateway/proxy/retry.c": "gateway/proxy/retry_test gateway/proxy/retry_model_test gateway/routing/retry_policy_test gateway/gateway_test",
    "gateway/upstream/dial.c": "gateway/upstream/dial_test gateway/upstream/upstream_test gateway/gateway_test",
    "gateway/proxy/forward.c": "gateway/proxy/forward_test gateway/gateway_test gateway/proxy/admit_test gateway/routing/retry_policy_test",
}

TOKENS = re.compile(r"""
    (?P<space>   \s+ | //[^\n]* | /\*.*?\*/ )
  | (?P<hash>    (?:(?<=\n)|\A)[ \t]*\#(?:[^\n\\]|\\.)* )
  | (?P<string>  "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' )
  | (?P<word>    [A-Za-z_]\w* )
  | (?P<number>  \.?[0-9](?:[eEpP][+-]|[\w.])* )
  | (?P<sign>    \.\.\. | <<= | >>= | -> | \+\+ | -- | << | >> | [<>=!+\-*/%&|^]= | && | \|\| | . )
""", re.X | re.S)

COMPARISONS = {"<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="), ">=": (">", "<"), "==": ("!=",), "!=": ("==",)}
LOGIC = {"&&": "||", "||": "&&", "&": "|", "|": "&", "&=": "|=", "|=": "&="}
ASSIGNING = {"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=", "++", "--"}
CONTROL = {"if", "for", "while", "switch"}
NO_CALL = CONTROL | {"return", "sizeof", "case", "assert", "static_assert", "_Static_assert", "va_start", "va_end", "va_copy", "do", "else", "goto"}
LEFT_ALONE = {"assert", "static_assert", "_Static_assert", "text_open"}     # the last has a size to begin with, no bound

Token = collections.namedtuple("Token", "kind text at")
Mutant = collections.namedtuple("Mutant", "begin end text function")      # text takes the place of [begin, end)


def read(source):
    """The tokens that matter, comments and blanks left out."""
    at, tokens = 0, []
    while at < len(source):
        match = TOKENS.match(source, at)
        if match.lastgroup == "hash" or match.lastgroup != "space":
            tokens.append(Token(match.lastgroup, match.group(), at))
        at = match.end()
        # blanks are greedy: a directive's own indentation belongs to it
        if match.lastgroup == "space" and "\n" in match.group() and at < len(source) and source[at] == "#":
            line = re.compile(r"\#(?:[^\n\\]|\\.)*", re.S).match(source, at)
            at = line.end()
    return [t for t in tokens if t.kind != "hash"]


def pairs_of(tokens):
    """For each bracket the index of its partner."""
    pairs, open_ones = {}, []
    for i, token in enumerate(tokens):
        if token.kind == "sign" and token.text in "([{":
            open_ones.append(i)
        elif token.kind == "sign" and token.text in ")]}" and open_ones:
            j = open_ones.pop()
            pairs[i], pairs[j] = j, i
    return pairs


def functions_of(tokens, pairs):
    """(name, what it returns, first token of the body, last) of each function."""
    i, begin = 0, 0
    while i < len(tokens):
        text = tokens[i].text
        if text == "{" and i in pairs:
            if tokens[i - 1].text == ")":
                name = pairs[i - 1] - 1
                yield tokens[name].text, [t.text for t in tokens[begin:name]], i + 1, pairs[i] - 1
            i = pairs[i]
            begin = i + 1
        elif text == ";":
            begin = i + 1
        elif text == "(" and i in pairs:
            i = pairs[i]
        i += 1


class Body:
    """The mutants of one function."""

    def __init__(self, source, tokens, pairs, function):
        self.source, self.tokens, self.pairs = source, tokens, pairs
        self.name, self.returns, self.first, self.last = function

    def mutant(self, i, j, text):
        """Tokens i to j, j included, become text."""
        return Mutant(self.tokens[i].at, self.tokens[j].at + len(self.tokens[j].text), text, self.name)

    def text(self, i, j):
        return self.source[self.tokens[i].at:self.tokens[j].at + len(self.tokens[j].text)]

    def is_operand(self, i):
        """Does an expression end here, so that an operator that follows has two sides?"""
        t = self.tokens[i]
        return t.kind in ("word", "number", "string") and t.text not in ("return", "case") or t.text in (")", "]")

    def end_of_statement(self, i):
        while self.tokens[i].text != ";":
            i = self.pairs[i] + 1 if self.tokens[i].text in "([{" and self.tokens[i].kind == "sign" else i + 1
        return i

    def begins_statement(self, i):
        before = self.tokens[i - 1]
        if before.text == ")":
            return self.tokens[self.pairs[i - 1] - 1].text in CONTROL
        if before.text == ":":
            j = i - 2
            while self.tokens[j].text not in (";", "{", "}", "?", "case", "default"):
                j -= 1
            return self.tokens[j].text in ("case", "default")
        return before.text in (";", "{", "}", "else", "do") and not self.in_for(i)

    def in_for(self, i):
        """Is token i between a for's parentheses, or in an initialiser?"""
        depth = i - 1
        while depth >= self.first:
            text = self.tokens[depth].text
            if text in ")]}" and self.tokens[depth].kind == "sign":
                depth = self.pairs[depth]
            elif text in ("(", "["):
                return True
            elif text == "{":
                return self.tokens[depth - 1].text not in (")", ";", "{", "}", "else", "do", ":")
            depth -= 1
        return False

    def of_condition(self, i):
        """if and while of a condition that no other mutant turns round"""
        begin, end = i + 2, self.pairs[i + 1] - 1
        inside = {t.text for t in self.tokens[begin:end + 1]}
        one = not inside & {"&&", "||", "?"}
        if not (one and (inside & set(COMPARISONS) or self.tokens[begin].text == "!")):
            yield self.mutant(begin, end, "!(%s)" % self.text(begin, end))

    def of_number(self, i):
        token = self.tokens[i]
        plain = re.fullmatch(r"(0[xX][0-9a-fA-F]+|[0-9]+)([uUlL]*)", token.text)
        if not plain or (self.tokens[i - 1].text == "[" and self.declares(i)):
            return
        if (self.tokens[i - 1].text, token.text, self.tokens[i + 1].text) == ("{", "0", "}"):
            return                                              # nothing but zeros
        value = int(plain.group(1), 16 if plain.group(1)[1:2] in ("x", "X") else 8 if plain.group(1)[0] == "0" else 10)
        yield self.mutant(i, i, "%d%s" % (value + 1, plain.group(2)))
        if value:
            yield self.mutant(i, i, "%d%s" % (value - 1, plain.group(2)))

    def declares(self, i):
        """Is the statement of token i a declaration: two words, or a word and stars and a word?"""
        while i > self.first and self.tokens[i - 1].text not in (";", "{", "}"):
            i -= 1
        j = i + 1
        while self.tokens[j].text == "*":
            j += 1
        return self.tokens[i].kind == "word" and self.tokens[j].kind == "word" and self.tokens[i].text not in NO_CALL

    def of_return(self, i):
        end = self.end_of_statement(i)
        value = self.text(i + 1, end - 1) if end > i + 1 else ""
        if not value:
            if end < self.last:
                yield self.mutant(i, end, ";")
        elif "*" in self.returns:
            instead = ["NULL"]
        elif "bool" in self.returns:
            instead = ["false", "true"]
        elif "struct" in self.returns or "union" in self.returns:
            instead = []
        elif re.fullmatch(r"\d+", value):
            return                                              # of_number does it
        else:
            instead = ["0"]
        for other in instead if value else []:
            if other != value:
                yield self.mutant(i, end, "return %s;" % other)

    def of_statement(self, i):
        """A call or an assignment that is left out."""
        end = self.end_of_statement(i)
        first = self.tokens[i]
        if first.kind == "word" and self.tokens[i + 1].text == "(" and self.pairs[i + 1] == end - 1:
            if first.text not in NO_CALL:
                yield self.mutant(i, end, ";")
            return
        depth, j = 0, i
        while j < end:                                          # an lvalue, then what assigns
            text = self.tokens[j].text
            if text in ASSIGNING:
                if not self.declares(i):
                    yield self.mutant(i, end, ";")
                return
            if text in "([" and self.tokens[j].kind == "sign":
                j = self.pairs[j]
            j += 1
        if "(" in {t.text for t in self.tokens[i:end]} and self.tokens[end - 1].text == ")" and not self.declares(i) \
                and self.tokens[i].text != "(" and self.tokens[i].text not in NO_CALL:
            yield self.mutant(i, end, ";")                      # a call through a pointer

    def mutants(self):
        i = self.first
        while i <= self.last:
            token = self.tokens[i]
            if token.text in LEFT_ALONE and self.tokens[i + 1].text == "(":
                i = self.pairs[i + 1] + 1
                continue
            if token.kind == "sign" and token.text in COMPARISONS:
                yield from (self.mutant(i, i, other) for other in COMPARISONS[token.text])
            elif token.kind == "sign" and token.text in LOGIC and self.is_operand(i - 1):
                yield self.mutant(i, i, LOGIC[token.text])
            elif token.text == "!":
                yield self.mutant(i, i, "")
            elif token.kind == "number":
                yield from self.of_number(i)
            elif token.text in ("true", "false") and self.tokens[i - 1].text != "return":
                yield self.mutant(i, i, "false" if token.text == "true" else "true")
            elif token.text in ("if", "while"):
                yield from self.of_condition(i)
            elif token.text == "return":
                yield from self.of_return(i)
            if (token.kind == "word" or token.text in ("*", "(", "++", "--")) and self.begins_statement(i) \
                    and token.text not in NO_CALL | {"break", "continue", "default"}:
                yield from self.of_statement(i)
            i += 1


def mutants_of(source):
    tokens = read(source)
    pairs = pairs_of(tokens)
    return [m for f in functions_of(tokens, pairs) for m in Body(source, tokens, pairs, f).mutants()]


def shown(source, mutant):
    """The lines that it changes, before and after, each as one line."""
    begin = source.rfind("\n", 0, mutant.begin) + 1
    end = source.find("\n", mutant.end)
    after = source[begin:mutant.begin] + mutant.text + source[mutant.end:end]
    return " ".join(source[begin:end].split()), " ".join(after.split())


def place(source, mutant):
    line = source.count("\n", 0, mutant.begin) + 1
    return line, mutant.begin - source.rfind("\n", 0, mutant.begin)


def equivalents(text):
    """{(file, function, before, after): reason}: paragraphs of `file function`, `- before`, `+ after`, and the reason."""
    known = {}
    for paragraph in re.split(r"\n\s*\n", text):
        lines = [line for line in paragraph.strip().split("\n") if line and line[0] != "#"]
        if not lines:
            continue
        head = lines[0].split()
        if len(head) != 2 or len(lines) < 4 or lines[1][:2] != "- " or lines[2][:2] != "+ ":
            raise ValueError("%s: not `file function`, `- before`, `+ after` and a reason: %s" % (EQUIVALENT.name, lines[0]))
        known[head[0], head[1], lines[1][2:], lines[2][2:]] = " ".join(lines[3:])
    return known


def command_of(goal, changed, variant):
    """The command by which make would rebuild goal after a change."""
    said = subprocess.check_output(["make", "--no-print-directory", "-n", "V=1", "VARIANT=" + variant, "-W", changed, goal], cwd=TOP, text=True)
    for line in reversed(said.split("\n")):
        words = shlex.split(line) if " -o %s " % goal in line else []
        if words:
            return words[1:] if os.path.basename(words[0]) == "ccache" else words     # its cache is not for mutants
    raise SystemExit("mutants: make does not say how %s is made" % goal)


class Bench:
    """Compiles and runs mutants of a file, in a scratch directory."""

    def __init__(self, path, tests, variant):
        self.path, self.tests, self.variant = path, tests, variant
        self.prefix = unit.without_aslr() if variant == "tsan" else []
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="mall-mutants-"))
        self.running = set()
        self.lock = threading.Lock()
        self.took = {}                 # seconds, of each test with the unchanged file, which comes first

    def build(self):
        built = "build/%s/" % self.variant
        thing = built + self.path[:-2] + ".o"
        programs = [built + t.partition("@")[0] for t in self.tests]
        subprocess.check_call(["make", "--no-print-directory", "-s", "-j2", "VARIANT=" + self.variant, thing] + programs, cwd=TOP,
                              stdout=subprocess.DEVNULL)
        self.compile = [w for w in command_of(thing, self.path, self.variant) if w not in ("-MMD", "-MP", "-c", "-o", thing, self.path)]
        self.link = {p: self.kept(command_of(p, p + ".o", self.variant), p, thing) for p in programs}

    def kept(self, words, program, thing):
        """The link command, with copies of what it links; the mutant goes first, so that an archive's own is not taken."""
        kept = []
        for word in words:
            if word in ("-o", program, thing):
                continue
            if word.endswith((".o", ".a")) and (TOP / word).exists():
                copy = self.top / word
                if not copy.exists():
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(TOP / word, copy)
                word = str(copy)
            kept.append(word)
        return kept

    def limit_memory(self):
        """In the child: no core file, and no more addresses than a test needs."""
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if self.variant not in SANITIZED:
            resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES_MB << 20, ADDRESSES_MB << 20))

    def run(self, command, test, directory):
        """Why the test failed; None when it passed."""
        settings = {**os.environ, **unit.SANITIZERS, "TMPDIR": str(directory)}
        for options in "ASAN_OPTIONS", "TSAN_OPTIONS":
            settings[options] += ":hard_rss_limit_mb=%d" % MEMORY_MB
        if "@" in test:
            settings["MALL_TEST_STORE"] = os.environ["MALL_TEST_POSTGRES"]
        with self.lock:
            process = subprocess.Popen(self.prefix + command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=TOP,
                                       env=settings, start_new_session=True, preexec_fn=self.limit_memory)
            self.running.add(process)
        limit = HUNG_S + 10 * self.took[test] if test in self.took else None
        late = threading.Timer(limit, lambda: self.end(process)) if limit else None
        begin = time.monotonic()
        if late:
            late.start()
        try:
            for line in process.stdout:
                if line.startswith(b"FAIL "):
                    return line.decode(errors="replace").strip()
            if process.wait() == 0:
                self.took.setdefault(test, time.monotonic() - begin)
                return None
            if limit and time.monotonic() - begin >= limit:
                return "hung"
            return "ended with %d" % process.returncode
        finally:
            if late:
                late.cancel()
            self.end(process)
            process.stdout.close()
            process.wait()
            with self.lock:
                self.running.discard(process)

    @staticmethod
    def end(process):
        """Ends it and all that it started: they have a process group of their own."""
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def judge(self, source, name):
        """"skipped" when it does not compile; why a test failed; None when all passed."""
        directory = self.top / name
        directory.mkdir()
        try:
            changed = directory / os.path.basename(self.path)
            changed.write_text(source)
            thing = str(directory / "mutant.o")
            if subprocess.call(self.compile + ["-O1", "-g0", "-w", "-iquote", str((TOP / self.path).parent), "-c", "-o", thing, str(changed)], cwd=TOP,
                               stderr=subprocess.DEVNULL):
                return "skipped"
            for test in self.tests:
                program = "build/%s/%s" % (self.variant, test.partition("@")[0])
                binary = directory / "test"
                link = self.link[program]
                if subprocess.call(link[:1] + ["-o", str(binary), thing] + link[1:], cwd=TOP, stderr=subprocess.DEVNULL):
                    return "skipped"
                why = self.run([str(binary)], test, directory)
                if why:
                    return why
            return None
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    def close(self):
        with self.lock:
            for process in self.running:
                self.end(process)
        shutil.rmtree(self.top, ignore_errors=True)


def hunt(bench, races, source, mutants, jobs, tell):
    """Judges all; (killed, survivors). races: the bench with the thread sanitizer, or None."""
    for b in filter(None, (bench, races)):
        why = b.judge(source, "unchanged")
        if why:
            raise SystemExit("mutants: the tests fail as it is: " + why)
    killed, survivors = 0, []
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        def one(item):
            number, m = item
            changed = source[:m.begin] + m.text + source[m.end:]
            why = bench.judge(changed, str(number))
            if why is None and races and RACY.search(shown(source, m)[0]):
                return races.judge(changed, str(number))
            return why
        for m, why in zip(mutants, pool.map(one, enumerate(mutants))):
            tell(m, why)
            if why is None:
                survivors.append(m)
            elif why != "skipped":
                killed += 1
    return killed, survivors


def tests_of(path):
    if path in TESTS:
        return TESTS[path].split()
    beside = path[:-2] + "_test"
    if not (TOP / (beside + ".c")).exists():
        raise SystemExit("mutants: there is no %s.c; name the tests with TESTS=..." % beside)
    return [beside]


def main():
    parser = argparse.ArgumentParser(usage=__doc__.replace("%", "%%"))
    parser.add_argument("--most", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--variant", default="asan")
    parser.add_argument("--lines", default="1-1000000")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("file")
    parser.add_argument("test", nargs="*")
    arguments = parser.parse_args()
    source = (TOP / arguments.file).read_text()
    first, _, last = arguments.lines.partition("-")
    every = mutants_of(source)
    known = {key: why for key, why in equivalents(EQUIVALENT.read_text()).items() if key[0] == arguments.file}
    for key in set(known) - {(arguments.file, m.function) + shown(source, m) for m in every}:
        print("%s %s: no mutant is like that any more\n- %s\n+ %s" % ((EQUIVALENT.name + ": " + key[0],) + key[1:]))
    mutants = [m for m in every if int(first) <= place(source, m)[0] <= int(last or first)]
    tried = [m for m in mutants if (arguments.file, m.function) + shown(source, m) not in known]
    equivalent = len(mutants) - len(tried)
    if arguments.most and len(tried) > arguments.most:
        tried = sorted(random.Random(arguments.seed).sample(tried, arguments.most))

    def describe(m):
        return "%s:%d:%d %s\n- %s\n+ %s" % ((arguments.file,) + place(source, m) + (m.function,) + shown(source, m))

    def tell(m, why):
        if why is None or arguments.verbose:
            print(describe(m) + ("\n  " + why if why else "") + "\n", flush=True)

    if arguments.list:
        print("\n\n".join(map(describe, tried)))
        return 0
    tests = arguments.test or tests_of(arguments.file)
    if any("@" in t for t in tests) and "MALL_TEST_POSTGRES" not in os.environ:
        beside = str(TOP / "scripts/beside.py")
        os.execv(beside, [beside, os.path.abspath(__file__)] + sys.argv[1:])
    with contextlib.ExitStack() as stack:
        def bench_of(variant):
            bench = stack.enter_context(contextlib.closing(Bench(arguments.file, tests, variant)))
            bench.build()
            return bench
        bench = bench_of(arguments.variant)
        races = bench_of("tsan") if arguments.variant != "tsan" and any(RACY.search(shown(source, m)[0]) for m in tried) else None
        killed, survivors = hunt(bench, races, source, tried, arguments.jobs, tell)
    judged = killed + len(survivors)
    print("%s: %d of %d killed, %.0f %%; %d did not compile, %d are equivalent, %d were not tried" % (
        arguments.file, killed, judged, 100 * killed / judged if judged else 100, len(tried) - judged, equivalent,
        len(mutants) - equivalent - len(tried)))
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
