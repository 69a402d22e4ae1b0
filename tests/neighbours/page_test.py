"""The commands of docs/beside-spring.md, one after the other in one shell, and what their remarks promise."""
import os
import re
import shlex
import subprocess

from neighbour import PATIENCE
from mix import Mix, one_broker
from mall import BIN, SLOWER, TOP, equal

# shows PATTERN: repeats the command on its standard input until it prints that
SHELL = """
shows() {
        command=$(cat) end=$((SECONDS + %d))
        until said=$(eval "$command" 2>&1) && [[ $said =~ $1 ]]; do
                [ $SECONDS -lt $end ] || { echo "$command: $said"; exit 1; }
                sleep 1
        done
}
http() { command http --ignore-stdin --check-status "$@"; }
trap 'kill $order $delivery $product; wait' EXIT
"""


def script():
    blocks = re.findall(r"```sh\n(.*?)```", (TOP / "docs/beside-spring.md").read_text(), re.S)
    lines = [SHELL % (PATIENCE * SLOWER)]
    for line in "".join(blocks).splitlines():
        command, _, remark = line.partition("  # ")
        promise = re.search(r"(\w+) is (?:at )?(\w+)$", remark)
        if promise:
            lines.append("shows %s <<'END'\n%s\nEND" % (shlex.quote(r"\b%s\W+%s\b" % promise.groups()), command))
        elif command.startswith("http"):
            lines.append("shows . <<'END'\n%s\nEND" % command)
        else:
            lines.append(command)
    return "\n".join(lines)


def test_its_commands_do_what_it_says():
    with one_broker() as broker:
        mix = Mix(broker)                                       # for its places, which the commands fill
        text = script().replace("localhost:9092", broker.address)
        for name, number in (("order", 8081), ("delivery", 8082), ("product", 8083)):
            port = mix.ours[name].port
            text = text.replace("localhost:%d" % number, "localhost:%d" % port)
            text = text.replace("java -jar %s.jar" % name, shlex.join(mix.spring(name).command))
            text = text.replace("build/bin/" + name, "%s --port %d" % (BIN / name, port))
        text = text.replace("build/bin/mallctl", str(BIN / "mallctl"))
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("MALL_", "SPRING_"))}
        try:
            with subprocess.Popen(["bash", "-c", text], cwd=mix.directory, env=clean, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, errors="replace") as shell:
                try:
                    said, _ = shell.communicate()
                finally:
                    shell.terminate()                           # if it is not over: it ends what it began
            equal(shell.returncode, 0, said)
        finally:
            mix.remove_directory(mix.directory)
