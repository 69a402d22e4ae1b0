#!/usr/bin/env python3
"""fuzz - runs fuzzers one after the other and says what each found.

usage: fuzz.py [--seconds N] [--only PART]... PROGRAM...

A fuzzer x_fuzz begins with tests/fuzz/corpus/x and tests/fuzz/crashes/x; what it learns goes to build/fuzz/corpus/x, an input that breaks a
promise goes to build/fuzz/found/x-*. Prints `ok   fuzz x` or FAIL lines; exit 1 when anything was found.
"""
import argparse
import os
import pathlib
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
LEARNT, FOUND = TOP / "build/fuzz/corpus", TOP / "build/fuzz/found"
# An input is small, also when unfolded (common/testing/fuzz.h): one that takes this much memory or time has found a fault.
LIMITS = ["-max_len=16384", "-len_control=20", "-timeout=10", "-rss_limit_mb=1500", "-malloc_limit_mb=256"]
SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:allocator_release_to_os_interval_ms=-1",
    "LSAN_OPTIONS": "suppressions=%s/tests/lsan.supp:print_suppressions=0" % TOP,
    "UBSAN_OPTIONS": "print_stacktrace=1",
}


def run(program, seconds):
    """True: it found nothing."""
    name = pathlib.Path(program).name.removesuffix("_fuzz")
    seeds = [TOP / "tests/fuzz" / kind / name for kind in ("corpus", "crashes")]
    words = TOP / "tests/fuzz" / (name + ".dict")
    (LEARNT / name).mkdir(parents=True, exist_ok=True)
    FOUND.mkdir(parents=True, exist_ok=True)
    command = [program, LEARNT / name] + [s for s in seeds if s.is_dir()] + LIMITS
    command += ["-dict=%s" % words] * words.exists()
    command += ["-max_total_time=%d" % seconds, "-print_final_stats=1", "-artifact_prefix=%s/%s-" % (FOUND, name)]
    good = subprocess.call(command, cwd=TOP, env={**os.environ, **SANITIZERS}, stdin=subprocess.DEVNULL) == 0
    print("%s fuzz %s" % ("ok  " if good else "FAIL", name), flush=True)
    return good


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--only", action="append")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("program", nargs="+")
    arguments = parser.parse_args()
    programs = [p for p in arguments.program if not arguments.only or any(o in pathlib.Path(p).name for o in arguments.only)]
    return 0 if all([run(p, arguments.seconds) for p in programs]) else 1


if __name__ == "__main__":
    sys.exit(main())
