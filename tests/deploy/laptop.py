"""laptop - scripts/first-five-minutes on laptops that are made of a PATH: which tools are there, what they say, which system it is."""
import re
import shutil
import subprocess

import services

SYSTEM = ("sh", "sed", "head", "awk", "grep", "dirname", "tr")
LISTENING = """State  Recv-Q Send-Q Local Address:Port  Peer Address:PortProcess
LISTEN 0      128          0.0.0.0:22         0.0.0.0:*
LISTEN 0      4096       127.0.0.1:%s       0.0.0.0:*
LISTEN 0      4096            [::]:443           [::]:*
"""
LSOF = """COMMAND PID USER FD TYPE DEVICE SIZE/OFF NODE NAME
node 812 you 23u IPv6 0x1 0t0 TCP *:%s (LISTEN)
"""
# what each tool prints when it is asked for its version, as the real ones do
TOOLS = {
    "git": 'case $1 in --version) echo "git version 2.47.3" ;; config) echo "$AUTOCRLF" ;; esac',
    "make": ":",
    "docker": 'case "$1 $2" in "info "*) exit "${ENGINE:-0}" ;; "compose version") exit "${COMPOSE:-0}" ;; *) echo "Docker version 28.2.2, build e6534b4" ;; esac',
    "http": "echo 3.2.4",
    "curl": "echo curl 8.14.1",
    "kubectl": 'echo "Client Version: v1.35.2"; echo "Kustomize Version: v5.7.1"',
    "aws": 'case "$1" in --version) echo "aws-cli/2.31.4 Python/3.13.7 Linux/6.12 exe/x86_64.debian.13" ;; *) [ -z "$STRANGER" ] && echo 123456789012 ;; esac',
    "eksctl": "echo 0.215.0",
    "apt-get": ":",
    "unzip": ":",
    "ss": "cat <<'E'\n%sE" % (LISTENING % 5432),
    "df": 'echo Filesystem; echo "/dev/sda1 102400000 50000000 ${FREE:-50000000} 50% /"',
    "getconf": 'case $1 in PAGESIZE) echo 4096 ;; *) echo "${PAGES:-4000000}" ;; esac',
    "uname": 'case $1 in -s) echo "${UNAME:-Linux}" ;; -r) echo "${RELEASE:-6.12.48+deb13-amd64}" ;; -m) echo "${MACHINE:-x86_64}" ;; esac',
    "sysctl": "echo 17179869184",
}
MAC = {"UNAME": "Darwin", "RELEASE": "25.1.0", "MACHINE": "arm64"}
MAC_TOOLS = ("apt-get", "ss", "unzip", "getconf")                # these a Mac has not, or says otherwise


class Laptop:
    def __init__(self, tree, *words, without=(), tools=(), **environment):
        place = tree / "laptop"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        for command in (*SYSTEM, "cat"):
            (place / command).symlink_to(shutil.which(command))
        for name, script in {**TOOLS, **dict(tools)}.items():
            if name not in without:
                (place / name).write_text("#!/bin/sh\n%s\n" % script)
                (place / name).chmod(0o755)
        done = subprocess.run([tree / "scripts/first-five-minutes", *words], env={"PATH": str(place), "LANG": "C.UTF-8", **environment}, cwd="/",
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        self.status, self.said, self.trouble = done.returncode, done.stdout, done.stderr

    def lacks(self):
        """What is missing: the commands below it."""
        found = {}
        for title, commands in re.findall(r"^missing  (.*)\n((?: +\S.*\n)*)", self.said, re.M):
            found[title] = [line.strip() for line in commands.strip().split("\n")]
        return found


def mac(tree, *words, without=(), tools=(), **environment):
    tools = {"lsof": "cat <<'E'\n%sE" % (LSOF % 5432), **dict(tools)}
    return Laptop(tree, *words, without=(*MAC_TOOLS, *without), tools=tools, **{**MAC, **environment})


def a_full_laptop_lacks_nothing(tree):
    for made, system in ((Laptop(tree), "Debian or Ubuntu, amd64"), (mac(tree), "macOS, arm64"),
                         (Laptop(tree, RELEASE="6.6.87.2-microsoft-standard-WSL2"), "Windows with WSL, amd64")):
        assert (made.status, made.trouble, made.lacks()) == (0, "", {}) and system in made.said, (made.said, made.trouble)
        for word in ("git 2.47.3", "docker 28.2.2", "http 3.2.4", "kubectl 1.35.2", "aws 2.31.4", "account 123456789012", "eksctl 0.215.0", "8088"):
            assert "ok       " in made.said and word in made.said, (word, made.said)


def what_is_missing_comes_with_its_command(tree):
    """A word of the title and of the command, on Linux and on a Mac."""
    for name, title, linux, of_mac in (("git", "git", "apt-get install -y git", "brew install git"), ("kubectl", "kubectl", "/v1.35.2/bin/linux/amd64/kubectl", "brew install kubernetes-cli"),
                                       ("aws", "aws, version 2", "awscli-exe-linux-x86_64.zip", "brew install awscli"), ("eksctl", "eksctl", "eksctl_Linux_amd64.tar.gz", "brew install eksctl")):
        for made, command in ((Laptop(tree, without=[name]), linux), (mac(tree, without=[name]), of_mac)):
            lacks = made.lacks()
            assert made.status == 1 and len(lacks) == 1, (name, made.said)
            (said, commands), = lacks.items()
            assert said.startswith(title) and command in commands[-1], (name, lacks)
    arm = Laptop(tree, without=["kubectl", "aws", "eksctl"], MACHINE="aarch64")
    for word in ("linux/arm64/kubectl", "linux-aarch64.zip", "eksctl_Linux_arm64.tar.gz"):
        assert word in arm.said, (word, arm.said)
    assert "processor is arm64" in arm.said, arm.said
    bare = Laptop(tree, without=["http", "curl"])
    assert "httpie" in bare.lacks() and bare.status == 1, bare.said
    assert Laptop(tree, without=["http"]).status == 0, "curl does as well"
    assert "unzip" in Laptop(tree, without=["aws", "unzip"]).lacks()["aws, version 2"][0]


def one_way_to_run_the_mall_is_enough(tree):
    assert Laptop(tree, without=["docker"]).status == 0 and Laptop(tree, without=["make"]).status == 0
    neither = Laptop(tree, without=["docker", "make"])
    assert neither.lacks() == {"make, or a running Docker": ["sudo apt-get update && sudo apt-get install -y make"]}, neither.said
    asleep = Laptop(tree, without=["make"], ENGINE="1")
    assert asleep.status == 1 and "its engine does not answer" in asleep.said and "make, or a running Docker" in asleep.lacks(), asleep.said
    assert mac(tree, without=["docker"]).status == 1, "make run wants Debian's packages"
    assert "docker compose, its plugin" in Laptop(tree, COMPOSE="1").lacks()


def an_old_tool_is_said_with_its_version(tree):
    for name, says, word in (("kubectl", 'echo "Client Version: v1.32.4"', "1.32.4 is here"), ("aws", "echo aws-cli/1.45.11 Python/3.11", "1.45.11 is here"),
                             ("eksctl", "echo 0.99.0", "0.99.0 is here"), ("kubectl", "exit 1", "an old one is here")):
        made = Laptop(tree, tools={name: says})
        assert made.status == 1 and len(made.lacks()) == 1 and word in made.said, (name, made.said)
    newer = Laptop(tree, tools={"kubectl": 'echo "Client Version: v1.36.0"', "eksctl": "echo 1.0.0"})
    assert newer.status == 0, newer.said


def a_stranger_to_aws_is_told_so(tree):
    made = Laptop(tree, STRANGER="1")
    assert made.status == 1 and list(made.lacks().values()) == [["aws configure"]], made.said


def a_port_that_is_taken_is_named(tree):
    for made, command in ((Laptop(tree, tools={"ss": "cat <<'E'\n%sE" % (LISTENING % 8083)}), "sudo ss -ltnp sport = :8083"),
                          (mac(tree, tools={"lsof": "cat <<'E'\n%sE" % (LSOF % 8083)}), "lsof -nP -iTCP:8083 -sTCP:LISTEN")):
        assert made.status == 1 and list(made.lacks().values()) == [[command]] and "these ports are taken: 8083." in made.said, made.said
    unknown = Laptop(tree, without=["ss"])
    assert unknown.status == 0 and "was not looked at" in unknown.said, unknown.said


def its_ports_are_those_of_the_daemons(tree):
    said = re.search(r'^PORTS="([0-9 ]+)"$', (tree / SCRIPT).read_text(), re.M)
    assert said and sorted(said[1].split()) == sorted(str(services.port(name)) for name in services.daemons()), said


def too_little_room_is_said(tree):
    small = Laptop(tree, FREE="5000000", PAGES="500000")
    assert small.status == 1 and [title[:5] for title in small.lacks()] == ["10 GB", "4 GB "], small.said
    assert Laptop(tree, PAGES="1000000").status == 0, "a machine of 4 GB, of which the kernel keeps a part"


def windows_has_its_own_traps(tree):
    ends = Laptop(tree, AUTOCRLF="true")
    assert ends.status == 1 and list(ends.lacks().values()) == [["git config --global core.autocrlf input"]], ends.said
    outside = Laptop(tree, UNAME="MINGW64_NT-10.0-22631")
    assert outside.status == 1 and ["wsl --install -d Ubuntu"] in outside.lacks().values(), outside.said


def it_speaks_korean_where_the_locale_does(tree):
    for environment in ({"LANG": "ko_KR.UTF-8"}, {"LC_ALL": "ko_KR.UTF-8"}, {"LC_MESSAGES": "ko_KR.UTF-8"}):
        made = Laptop(tree, without=["kubectl"], **environment)
        assert made.status == 1 and "필요     kubectl" in made.said and "1개가 필요합니다" in made.said and "missing" not in made.said, made.said
    assert "필요" not in Laptop(tree, without=["kubectl"], LANG="ko_KR.UTF-8", LC_ALL="C.UTF-8").said, "LC_ALL wins"


def the_local_part_asks_for_no_cloud(tree):
    made = Laptop(tree, "local", without=["kubectl", "aws", "eksctl"])
    assert made.status == 0 and "kubectl" not in made.said, made.said
    for words in (["locl"], ["local", "more"], [""]):
        wrong = Laptop(tree, *words)
        assert wrong.status == 2 and wrong.trouble == "usage: scripts/first-five-minutes [local]\n", (words, wrong.trouble)


CHECKS = [a_full_laptop_lacks_nothing, what_is_missing_comes_with_its_command, one_way_to_run_the_mall_is_enough, an_old_tool_is_said_with_its_version,
          a_stranger_to_aws_is_told_so, a_port_that_is_taken_is_named, its_ports_are_those_of_the_daemons, too_little_room_is_said, windows_has_its_own_traps,
          it_speaks_korean_where_the_locale_does, the_local_part_asks_for_no_cloud]
SCRIPT = "scripts/first-five-minutes"
BROKEN = [
    (a_full_laptop_lacks_nothing, SCRIPT, "*[Mm]icrosoft*)", "*Windows*)"),
    (a_full_laptop_lacks_nothing, SCRIPT, "is_at_least \"${found:-0.0}\" 0.215", "is_at_least \"${found:-0.0}\" 0.216"),
    (what_is_missing_comes_with_its_command, SCRIPT, "linux/$arch/kubectl", "linux/amd64/kubectl"),
    (what_is_missing_comes_with_its_command, SCRIPT, "'brew install awscli'", "'brew install aws'"),
    (one_way_to_run_the_mall_is_enough, SCRIPT, "if docker info", "if docker --version"),
    (an_old_tool_is_said_with_its_version, SCRIPT, '[ "${have%%.*}" -ge "${want%%.*}" ]', "true"),
    (a_stranger_to_aws_is_told_so, SCRIPT, "sts get-caller-identity --query Account --output text", "--version"),
    (a_port_that_is_taken_is_named, SCRIPT, 'PORTS="8088 8080 8081 8082 8083"', 'PORTS="8088 8080"'),
    (its_ports_are_those_of_the_daemons, SCRIPT, "8082 8083", "8082"),
    (too_little_room_is_said, SCRIPT, "+ 536870912", ""),
    (windows_has_its_own_traps, SCRIPT, '= true ]; then', '= wrong ]; then'),
    (it_speaks_korean_where_the_locale_does, SCRIPT, "${LC_ALL:-${LC_MESSAGES:-${LANG:-}}}", "${LANG:-}"),
    (the_local_part_asks_for_no_cloud, SCRIPT, '"1 local") parts="system', '"1 local") parts="kubectl system'),
]
