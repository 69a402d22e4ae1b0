#!/usr/bin/env python3
"""check - the test of scripts/mutants.py: what it changes, what it leaves alone, which mutants are killed and which survive."""
import contextlib
import pathlib
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / "scripts"))
import mutants  # noqa: E402

SAMPLE = r'''
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#define TWO (1 + 1 < 3)
static const int outside[] = {1, 2};

/* if (a < b) return 7; */
int larger(int a, int b)
{
        int room[8] = {0};
        const char *text = "a < 7 && b"; // a == 7

        assert(a < 1000);
        (void)text, (void)room;
        if (a > b)
                return a;
        return b;
}

int untested(int a)
{
        a = outside[0];
        return a;
}

void spins(volatile int n)
{
        while (n < 1)
                ;
}

void fills(volatile int n)
{
        while (n < 1)
                if (!malloc(64 << 20))
                        abort();
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int counted;

void *counts(void *arg)
{
        pthread_mutex_lock(&lock);
        counted++;
        pthread_mutex_unlock(&lock);
        return arg;
}
'''
TEST = r'''
#include <pthread.h>
#include <stdio.h>
int larger(int a, int b);
void spins(volatile int n);
void fills(volatile int n);
void *counts(void *arg);
int main(void)
{
        int good = larger(1, 2) == 2 && larger(2, 1) == 2;
        pthread_t other;

        spins(1);
        fills(1);
        pthread_create(&other, NULL, counts, NULL);
        counts(NULL);
        pthread_join(other, NULL);
        printf("%s the larger one\n", good ? "ok  " : "FAIL");
        return !good;
}
'''


def changes(text):
    """{(before, after)} of a function's body"""
    source = "void f(int a)\n{\n%s\n}\n" % text
    return {mutants.shown(source, m) for m in mutants.mutants_of(source)}


def what_is_changed():
    assert changes("g(a);") == {("g(a);", ";")}
    assert changes("a += 1;") == {("a += 1;", ";"), ("a += 1;", "a += 2;"), ("a += 1;", "a += 0;")}
    assert changes("int b = g(a);") == set()
    assert changes("int b = a & 0xff;") == {("int b = a & 0xff;", "int b = a %s;" % end) for end in ("| 0xff", "& 256", "& 254")}
    assert changes("if (a)\ng(&a);") == {("if (a)", "if (!(a))"), ("g(&a);", ";")}
    assert changes("if (a < b && !c)\nreturn;\ng(a);") == {
        ("if (a < b && !c)", "if (%s)" % c) for c in ("a <= b && !c", "a >= b && !c", "a < b || !c", "a < b && c", "!(a < b && !c)")
    } | {("return;", ";"), ("g(a);", ";")}
    assert changes("for (i = 0; i < a; i++)\n;") == {("for (i = 0; i < a; i++)", "for (i = %s; i++)" % c) for c in
                                                     ("1; i < a", "0; i <= a", "0; i >= a")}


def what_is_left_alone():
    found = [(m.function,) + mutants.shown(SAMPLE, m) for m in mutants.mutants_of(SAMPLE) if m.function == "larger"]
    assert sorted(found) == [
        ("larger", "if (a > b)", "if (a <= b)"), ("larger", "if (a > b)", "if (a >= b)"),
        ("larger", "return a;", "return 0;"), ("larger", "return b;", "return 0;")], found


def who_survives():
    with tempfile.TemporaryDirectory() as directory, contextlib.closing(mutants.Bench("sample.c", ["sample_test"], "release")) as bench, \
            contextlib.closing(mutants.Bench("sample.c", ["sample_test"], "tsan")) as races:
        test = pathlib.Path(directory, "test.c")
        test.write_text(TEST)
        bench.compile = ["gcc"]
        bench.link = {"build/release/sample_test": ["gcc", str(test), "-lpthread"]}
        races.compile = ["gcc", "-fsanitize=thread"]
        races.link = {"build/tsan/sample_test": ["gcc", "-fsanitize=thread", str(test), "-lpthread"]}
        mutants.HUNG_S = 3
        every, verdicts = mutants.mutants_of(SAMPLE), {}

        def tell(m, why):
            verdicts[(m.function,) + mutants.shown(SAMPLE, m)] = why

        killed, survivors = mutants.hunt(bench, races, SAMPLE, every, 2, tell)
        left = {place for place, why in verdicts.items() if why is None}
        assert ("larger", "if (a > b)", "if (a <= b)") not in left, left
        assert ("larger", "if (a > b)", "if (a >= b)") in left, left
        assert ("untested", "return a;", "return 0;") in left, left
        assert ("counts", "pthread_mutex_lock(&lock);", ";") not in left, "a race survived"
        assert ("spins", "while (n < 1)", "while (n >= 1)") not in left, "a mutant that hangs survived"
        why = verdicts["fills", "while (n < 1)", "while (n >= 1)"]
        assert why == "ended with -6", "a mutant may take memory without end: %s" % why
        assert killed + len(survivors) == len(every)
    assert not bench.top.exists()


def a_sanitizer_has_all_addresses():
    for variant, all_of_them in ("release", False), ("asan", True), ("tsan", True):
        with tempfile.TemporaryDirectory() as directory, contextlib.closing(mutants.Bench("sample.c", [], variant)) as bench:
            why = bench.run(["sh", "-c", "test $(ulimit -v) = unlimited"], "sample_test", directory)
            assert (why is None) == all_of_them, (variant, why)


def what_is_equivalent():
    known = mutants.equivalents("# a comment\n\na.c f\n- a < b\n+ a <= b\nthey are\nnever equal\n")
    assert known == {("a.c", "f", "a < b", "a <= b"): "they are never equal"}, known
    try:
        mutants.equivalents("a.c f\n- a < b\n+ a <= b\n")
    except ValueError:
        return
    raise AssertionError("no reason is no complaint")


def the_list_is_well_formed():
    for file, *_ in mutants.equivalents(mutants.EQUIVALENT.read_text()):
        assert (TOP / file).exists(), file


def the_help_is_printed():
    help = subprocess.run([TOP / "scripts/mutants.py", "--help"], capture_output=True, text=True)
    assert help.returncode == 0 and "--seed" in help.stdout and "M killed, P %`" in help.stdout, help.stderr


failed = False
for check in (what_is_changed, what_is_left_alone, who_survives, a_sanitizer_has_all_addresses, what_is_equivalent, the_list_is_well_formed,
              the_help_is_printed):
    try:
        check()
        print("ok   mutants: " + check.__name__.replace("_", " "))
    except AssertionError as wrong:
        failed = True
        print("FAIL mutants: %s: %s" % (check.__name__.replace("_", " "), wrong))
sys.exit(failed)
