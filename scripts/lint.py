#!/usr/bin/env python3
"""lint - what the compiler does not check, and the compilers' warnings.

usage: lint.py TIER...      the tiers from left to right, as in the Makefile

Prints `ok   check` or what was found and `FAIL check`; exit 1 when any failed.
"""
import glob
import os
import re
import subprocess
import sys

import services


def sources(suffix="c"):
    """Ours only: nothing that was built."""
    programs = services.variable("PROGRAMS")
    folders = ["common/*", *programs, *(program + "/*" for program in programs), "tests/bench", "tests/fuzz"]
    return sorted(f for folder in folders for f in glob.glob("%s/*.%s" % (folder, suffix)))


def in_parallel(command, files):
    """Runs the command with the files, on all processors; (whether all passed, what it printed)."""
    done = subprocess.run(["xargs", "-P", str(os.cpu_count()), "-n", "4"] + command, input="\n".join(files), text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode == 0, done.stdout


# Tiers to its left that a tier does not use either: http rests on base, and knows nothing of rows and events.
NOT_NEEDED = {"http": ("data", "event")}

# The rooms of gateway/: which others each may include beside itself and common/. The files above them may include all.
ROOMS = {"config": (), "upstream": (), "routing": ("config",), "proxy": ("config", "routing", "upstream")}


def is_test(path):
    return path.endswith(("_test.c", "_fuzz.c")) or "/testing/" in path or path.startswith("tests/")


def is_to_the_left(path, there, order):
    """May the file include what lies in `there`, a list of folders such as ["base"] or ["gateway", "proxy"]?"""
    here = path.split("/")[:-1]
    if "testing" in there:
        return is_test(path)
    if here[:2] == ["common", "testing"]:
        return there[0] in order
    if here[0] == "common":
        return (there[0] in order and order.index(there[0]) <= order.index(here[1])
                and there[0] not in NOT_NEEDED.get(here[1], ()))
    if there[0] in order:
        return True
    if here[0] == "tests" or (is_test(path) and there[0] == here[0]):
        return True
    if there[0] != here[0]:
        return False
    if here[0] == "gateway" and len(here) > 1:
        return len(there) > 1 and (there[1] == here[1] or there[1] in ROOMS[here[1]])
    return True


def tiers(order):
    """A file includes only its own tier and those to its left; a program its own folder and common/, a room of it those of ROOMS;
    what is for tests, only a test."""
    found = []
    for path in sources("c") + sources("h"):
        for number, line in enumerate(open(path, encoding="utf-8"), 1):
            include = re.match(r'\s*#\s*include\s+"(.+)/[^/"]+"', line)
            if include and not is_to_the_left(path, include.group(1).split("/"), order):
                found.append("%s:%d: %s is not to its left" % (path, number, include.group(1)))
    return not found, "\n".join(found)


# Folders whose files form layers: no file includes itself through other files of the folder.
LAYERED = (*services.variable("PROGRAMS"), "gateway/proxy")


def included(folder):
    """{module: the modules of the folder that it includes}; a module is x.c with x.h, tests left out."""
    found = {}
    for path in glob.glob(folder + "/*.[ch]"):
        if not is_test(path):
            module = os.path.basename(path)[:-2]
            names = re.findall(r'^\s*#\s*include\s+"%s/([^/"]+)\.h"' % folder, open(path, encoding="utf-8").read(), re.M)
            found.setdefault(module, set()).update(name for name in names if name != module)
    return found


def circle(includes, way):
    """Follows the includes from the last module of `way`; the first circle found, or None."""
    for name in sorted(includes.get(way[-1], ())):
        found = way[way.index(name):] + [name] if name in way else circle(includes, way + [name])
        if found:
            return found
    return None


def layers():
    found = []
    for folder in LAYERED:
        includes = included(folder)
        circles = filter(None, (circle(includes, [module]) for module in sorted(includes)))
        found += ["%s: %s" % (folder, " includes ".join(c)) for c in list(circles)[:1]]
    return not found, "\n".join(found)


def flags():
    packages = subprocess.check_output(["pkg-config", "--cflags", *services.variable("PACKAGES")], text=True)
    return [*services.variable("STANDARD"), *packages.split()]


def warnings():
    return in_parallel(["clang", "-fsyntax-only", "-Werror", *services.variable("WARNINGS"),
                        "-Wno-format-nonliteral", "-Wno-string-concatenation", *flags()], sources())


def cppcheck():
    return in_parallel(["cppcheck", "-q", "--std=c11", "--enable=warning,portability", "--inline-suppr", "--error-exitcode=1",
                        "--suppress=missingIncludeSystem", "--suppress=preprocessorErrorDirective",
                        "--suppress=unknownMacro", "--suppress=varFuncNullUB", "--suppress=autoVariables", "--suppress=arrayIndexThenCheck",
                        "--suppress=nullPointerOutOfResources", "--suppress=nullPointerOutOfMemory", "--suppress=normalCheckLevelMaxBranches",
                        "-Icommon", "-I."], sources())


def tidy():
    # xargs puts the files last, clang-tidy wants the compiler's flags there: hence the shell
    # a test may read a number with atoi: it wrote the number itself
    command = ('case "$*" in *_test.c*|*tests/*) more=-cert-err34-c ;; *) more= ;; esac; '
               'clang-tidy --quiet "--checks=$more" "$@" -- %s' % " ".join(flags()))
    good, text = in_parallel(["sh", "-c", command, "sh"], sorted(sources(), key=lambda f: "test" in f))
    return good, "\n".join(line for line in text.split("\n") if not re.match(r"\d+ (warnings?|errors?) |Error while proc", line))


def scripts():
    found = subprocess.check_output(["git", "ls-files", "scripts", "tests", ".ci", "buildspec", "deploy"], text=True).split()
    shells = [f for f in found if os.path.isfile(f) and re.match(rb"#!.*\b(ba)?sh\b", open(f, "rb").readline())]
    return in_parallel(["shellcheck"], shells)


def generated():
    checks = [subprocess.run([script, "--check"], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
              for script in ("scripts/generate.py", "scripts/settings.py", "scripts/metrics.py")]
    return not any(done.returncode for done in checks), "".join(done.stdout for done in checks)


def layout():
    done = subprocess.run(["scripts/format", "--check"], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode == 0, done.stdout


def columns():
    """Code up to 100 columns, prose of documents up to 120: neither tables nor what is in a fence."""
    found = []
    for path in sources("c") + sources("h"):
        for number, line in enumerate(open(path, encoding="utf-8"), 1):
            if len(line.rstrip("\n")) > 100:
                found.append("%s:%d: %d columns" % (path, number, len(line.rstrip("\n"))))
    for path in subprocess.check_output(["git", "ls-files", "*.md"], text=True).split():
        fenced = False
        for number, line in enumerate(open(path, encoding="utf-8") if os.path.exists(path) else (), 1):
            fenced ^= line.lstrip().startswith("```")
            if len(line.rstrip("\n")) > 120 and not fenced and not line.startswith(("|", "    ")):
                found.append("%s:%d: %d columns" % (path, number, len(line.rstrip("\n"))))
    return not found, "\n".join(found)


def names():
    """No two structs or enums of one name in one program: readers would mix them up."""
    found = []
    folders = {path.split("/")[0] for path in sources("c")} - {"common", "tests"}
    for program in sorted(folders):
        places = {}
        for path in sources("c") + sources("h"):
            if path.split("/")[0] in ("common", program) and not is_test(path):
                for name in re.findall(r"^(?:static |typedef )*(?:struct|enum) (\w+) \{", open(path, encoding="utf-8").read(), re.M):
                    places.setdefault(name, []).append(path)
        found += ["%s: struct %s is in %s" % (program, name, " and ".join(where)) for name, where in sorted(places.items()) if len(where) > 1]
    return not found, "\n".join(found)


def main(order):
    failed = False
    for name, check in (("includes go to the left only", lambda: tiers(order)),
                        ("no circle of includes", layers), ("layout", layout), ("columns", columns),
                        ("a name is one struct's", names),
                        ("generated files are what the services say", generated),
                        ("no warnings of clang", warnings), ("cppcheck", cppcheck), ("clang-tidy", tidy), ("shellcheck", scripts)):
        good, text = check()
        failed |= not good
        if not good and text.strip():
            print(text.strip())
        print("%-4s lint: %s" % ("ok" if good else "FAIL", name), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    sys.exit(main(sys.argv[1:]))
