"""The documents say what the programs do, and `make run` does what it says."""
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading

from lab_test import http
from mall import BIN, DAEMONS, TOP, Client, Mall, equal, ports, routes_file, tool, until, until_equal


def test_settings_md_is_what_help_says():
    tool(sys.executable, TOP / "scripts/settings.py", "--check", "--bin", BIN)


def test_each_setting_of_settings_md_is_in_each_daemons_help_and_the_other_way_round():
    text = (TOP / "docs/settings.md").read_text()
    rows = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in text.split("\n") if line.startswith("| `MALL_")]
    assert rows, "docs/settings.md has no rows"
    for name in DAEMONS:
        documented = {row[0].strip("`") for row in rows if name in re.split(r"[, ]+", row[3])}
        real = set(re.findall(r"^  --\S+.*?(MALL_\w+)", tool(BIN / name, "--help"), re.M))
        assert documented == real, "%s: only documented %s, only real %s" % (name, documented - real, real - documented)


SHELL = r"(?:kubectl|kustomize|istioctl|http|curl|siege|kcat|aws|eksctl|build/|deploy/|scripts/)"
SUBSTITUTED = 's/user23-/$PREFIX-/'                             # what makes a file another participant's


def test_no_command_of_a_document_has_a_participants_prefix_in_it():
    """A page says `export PREFIX=user23` once, above its commands, and these say $PREFIX. Commands are fenced, indented, or one in a line.

    The course's own commands stay as they are."""
    found, used, of_course = [], 0, (TOP / "tests/docs/course.txt").read_text().splitlines()
    for path in tool("git", "-C", TOP, "ls-files", "*.md", ":!docs/evidence.md").split():     # where the pages' commands are only listed
        exported, fenced, printed = False, False, False         # printed: a fence of `text` is what a command prints
        for number, line in enumerate((TOP / path).read_text(encoding="utf-8").split("\n"), 1):
            fenced ^= line.lstrip().startswith("```")
            printed = fenced and (printed or line.lstrip().startswith("```text"))
            whole = [line] if fenced or line.startswith("    ") else []
            commands = [] if printed else whole + re.findall(r"`(%s[^`]*)`" % SHELL, line)
            exported |= any("export PREFIX=" in command for command in commands)
            for command in [c for c in commands if c.strip() not in of_course]:
                used += "$PREFIX" in command
                if "user23-" in command.replace(SUBSTITUTED, "") or "$PREFIX" in command and not exported:
                    found.append("%s:%d: %s" % (path, number, command.strip()))
    assert used > 50, used
    equal(found, [])


def test_a_runbook_and_an_exercise_ask_for_pods_and_groups_that_the_lab_has():
    """siege is a pod and no Deployment, and a consumer group has the prefix there."""
    pages = [*(TOP / "deploy").rglob("*.md"), *(TOP / "docs").glob("*.md")]
    assert len(pages) > 40, len(pages)
    for path in pages:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"deploy(ment)?[/ ][$\w{}-]*siege\b(?!/)", "\n".join(re.findall(r".*kubectl.*", text))), path
        for line in re.findall(r".*-n kafka exec .*--group .*", text):
            assert re.search(r"--group (\$PREFIX-\w+|NAME)", line), "%s: %s" % (path, line)


def test_the_kafka_exercise_says_how_long_alerts_wait():
    rules = "".join(path.read_text(encoding="utf-8") for path in (TOP / "deploy/monitoring/rules").glob("*.yml"))
    waits = dict(re.findall(r"- alert: (Mall\w+).*?\n +for: (\d+)m\n", rules, re.S))
    said = re.findall(r"(Mall\w+) after (\d+)", (TOP / "docs/kafka-exercise.md").read_text(encoding="utf-8"))
    equal(said, [(alert, waits[alert]) for alert in ("MallDaemonDown", "MallKafkaGroupDead", "MallPodDown")])


def shell_commands(path):
    """What a document gives to type: of its sh fences and its indented lines, without their comments."""
    found, fence = [], None
    for line in (TOP / path).read_text(encoding="utf-8").split("\n"):
        if line.startswith("```"):
            fence = None if fence is not None else line[3:].strip()
        elif fence == "sh" or fence is None and line.startswith("    "):
            found.append(re.sub(r"\s+#\s.*", "", line).strip())
    return found


def test_both_readmes_have_the_same_commands_links_and_rows():
    """A link to a Korean page or picture stands for the one to the English."""
    english, korean = ((TOP / name).read_text(encoding="utf-8") for name in ("README.md", "README.ko.md"))

    def links(text):
        return {re.sub(r"\.ko\.(?=md|png)", ".", one).replace("docs/lab/ko/", "docs/lab/en/") for one in re.findall(r"\]\(([^)]+)\)", text)}

    def shape(text):
        return re.findall(r"^(#+|\||```\w*)", text, re.M)      # headings, rows and fences

    equal(shell_commands("README.ko.md"), shell_commands("README.md"))
    assert len(shell_commands("README.md")) > 15
    equal(sorted(links(korean) ^ links(english)), [], "links that only one of them has")
    equal(shape(korean), shape(english))


def readme_commands():
    text = (TOP / "README.md").read_text()
    return [line for block in re.findall(r"```sh\n(.*?)```", text, re.S) for line in block.split("\n") if line.startswith("http ")]


def has_settled(mall):
    """No order waits for its delivery, no delivery for its end, no service has events to publish."""
    orders, deliveries = mall.order.rows("orders"), mall.delivery.rows("deliveries")
    started = [o for o in orders if o["status"] == "DeliveryStarted"]
    return all(o["status"] for o in orders) and len(started) == len(deliveries) and \
        mall.stock() == 100 - sum(d["qty"] for d in deliveries)


def test_the_tour_of_the_readme_works_and_shows_what_it_says():
    commands = readme_commands()
    assert len(commands) >= 5, commands
    with Mall() as mall:
        for command in commands:
            command, _, remark = command.partition("#")
            said = http(command, mall)
            until(lambda: has_settled(mall))
            for member, value in re.findall(r"(\w+) is (\w+)", remark):
                assert re.search(r'"%s": ?"?%s\b' % (member, value), said), "%s: %s" % (remark, said)


def test_the_events_of_the_contract_are_those_on_the_topic():
    """The tour of the README tells the same story as the contract's examples."""
    block = re.search(r"```json\n(.*?)```", (TOP / "docs/contract.md").read_text(), re.S)[1]
    wanted = [re.sub(r'"timestamp":\d+', '"timestamp":0', line) for line in block.strip().split("\n")]
    assert len(wanted) == 6, wanted
    with Mall(bus="kafka") as mall:
        for command in readme_commands():
            http(command.partition("#")[0], mall)
            until(lambda: has_settled(mall))

        def missing():
            said = re.sub(r'"timestamp":\d+', '"timestamp":0', mall.broker.read("mall")).split("\n")
            return [line for line in wanted if line not in said]
        until_equal(missing, [])


def test_the_headers_of_the_contract_are_those_on_the_topic():
    """Each event has those of the first rows, and no event has another."""
    text = (TOP / "docs/contract.md").read_text()
    table = re.search(r"\| header \| value \|\n\|---\|---\|\n(.*?)\n\n", text, re.S)[1]
    wanted = {name for row in table.split("\n") for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    with Mall(bus="kafka") as mall:
        for command in readme_commands():
            http(command.partition("#")[0], mall)
            until(lambda: has_settled(mall))
        seen = [set(re.findall(r"(?:^|,)(\w+)=", line)) for line in mall.broker.read("mall", "%h\n").split("\n") if line]
    equal(set.union(*seen), wanted)
    equal(wanted - set.intersection(*seen), {"ce_ordersource", "ce_deliverysource", "ce_causationid"})


def test_the_kinds_of_faults_md_are_those_of_the_daemons():
    """And what it says of them: target, parameters, rate, harm."""
    def row(kind):
        return "| `%s` | %s | %s | %s | %s | %s |" % (
            kind["name"], kind["about"], ", ".join("`%s`" % name for name in kind["target"]), ", ".join("`%s`" % name for name in kind["parameters"]),
            "yes" if kind["rate"] else "", "yes" if kind["harmful"] else "")

    with Mall(only=("order", "gateway"), admin=True) as mall:
        daemons = {row(kind) for name in ("order", "gateway") for kind in Client(int(mall.admin(name).rsplit(":", 1)[1])).get("/faults").body["kinds"]}
    document = (TOP / "docs/faults.md").read_text()
    equal({line for line in document.splitlines() if re.match(r"\| `[a-z-]+` \|.*\|.*\|.*\|.*\| (yes)? ?\|$", line)}, daemons)


def test_make_run_starts_shows_and_stops_all():
    run_and_order()


def test_make_run_on_a_postgresql_of_its_own():
    port = ports.reserve()
    said = run_and_order("--postgres", "--port", "postgresql=%d" % port)
    assert "data in postgresql://mall@127.0.0.1:%d/postgres" % port in said, said
    assert "MALL_DB_URL is no setting" not in said, said
    assert ports.is_free(port), "PostgreSQL was not stopped"


def test_make_run_leaves_no_daemon_when_its_terminal_is_closed_or_two_signals_come():
    run_and_order(signals=[signal.SIGHUP])
    for _ in range(3):
        run_and_order(signals=[signal.SIGTERM, signal.SIGINT])


def test_make_run_shows_the_console_first_and_the_built_in_routes_follow_the_daemons_to_other_ports():
    said = run_and_order(routes=False)
    page = re.search(r"\n\n  open  (http://localhost:\d+/)  .*console", said)
    assert page and said.index(page[0]) < said.index("  daemon "), said


def test_make_run_with_faults_says_where_they_are_switched_on():
    def look(numbers):
        for name, port in numbers.items():
            admin = Client(port + 1000)
            admin.host = "127.0.0.1"
            equal(admin.get("/faults").body["service"], name)
    said = run_and_order("--faults", look=look)
    assert "faults to practise with" in said and re.search(r"order +http://localhost:\d+/faults\n", said), said
    equal("GET /faults" in said, False, "what look asked of each admin listener is shown")
    admin = re.search(r"product +http://localhost:(\d+)/faults\n", said)[1]
    assert "try:  http POST http://localhost:%s/faults kind=http-latency" % admin in said, said
    assert "faults" not in run_and_order(), "they are off by default"


def test_make_run_names_a_port_that_is_taken_and_a_way_out():
    with tempfile.TemporaryDirectory() as directory, socket.create_server(("0.0.0.0", ports.reserve())) as taken:
        port = taken.getsockname()[1]
        run = subprocess.run([sys.executable, TOP / "scripts/run.py", "--bin", BIN, "--port", "frontend=%d" % port], cwd=directory,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
        assert run.returncode == 1, run.stdout
        assert re.search(r"port %d, which frontend needs, is taken.*`make run PORTS=frontend=\d+`" % port, run.stdout), run.stdout


def test_make_run_refuses_what_is_no_port_or_two_daemons_port():
    for given, why in (("fronted=18080", "not NAME=PORT"), ("frontend=0", "not NAME=PORT"), ("frontend=65536", "not NAME=PORT"),
                       ("frontend=8088", "port 8088 is that of frontend and gateway")):
        with tempfile.TemporaryDirectory() as directory:
            run = subprocess.Popen([sys.executable, TOP / "scripts/run.py", "--bin", BIN, "--port", given], cwd=directory,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            ending = threading.Timer(20, run.terminate)         # should it start the mall
            ending.start()
            said = run.communicate()[0]
            ending.cancel()
            assert run.returncode and why in said and "Traceback" not in said, (given, said)


# what an open console asks, and at last what only somebody asks who wants to see it
ASKED_ALL_THE_TIME = (
    ("gateway", "/actuator/prometheus"), ("gateway", "/topology"), ("frontend", "/books"), ("order", "/orders?size=1000&page=0"), ("order", "/openapi.json"), ("frontend", "/faults"), ("gateway", "/dead"),
    ("product", "/movements?size=1000&page=0"), ("delivery", "/deliveries?page=0&size=8&sort=id,desc"), ("gateway", "/movements?page=0&size=8&sort=id,desc"),
    ("order", "/orders/1"), ("order", "/orders?page=0&size=3"))


def run_and_order(*flags, signals=(signal.SIGINT,), routes=True, look=None):
    """What `make run` said until it was stopped, having taken an order and shown the console; routes: with a routes file of our own; look: does more with the ports."""
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)                              # the server is another user when we are root
        numbers = {name: ports.reserve() for name in DAEMONS}
        environment = {name: value for name, value in os.environ.items() if name != "MALL_ROUTES"}
        if routes:
            environment["MALL_ROUTES"] = os.path.join(directory, "application.yml")
            with open(environment["MALL_ROUTES"], "w", encoding="utf-8") as out:
                out.write(routes_file(numbers))
        command = [sys.executable, TOP / "scripts/run.py", "--bin", BIN, *flags]
        for pair in numbers.items():
            command += ["--port", "%s=%d" % pair]
        run = subprocess.Popen(command, cwd=directory, env=environment, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
        said = ""
        try:
            for line in run.stdout:
                said += line
                if "Ctrl-C stops" in line:
                    for address in ["127.0.0.1"] + ["::1"] * socket.has_dualstack_ipv6():
                        socket.create_connection((address, numbers["gateway"])).close()
                    order = Client(numbers["gateway"]).post("/orders", {"qty": 1})
                    assert order.headers["location"].startswith("http://localhost:%d/" % numbers["gateway"]), order.headers
                    console = Client(numbers["frontend"] if routes else numbers["gateway"]).get("/", Accept="text/html")
                    assert console.status == 200 and "<html" in console.text, (console.status, console.text)
                    for daemon, path in ASKED_ALL_THE_TIME:
                        Client(numbers[daemon]).get(path)
                    if look:
                        look(numbers)
                    for number in signals:
                        run.send_signal(number)
        finally:
            run.terminate()
            code = run.wait(30)
        assert code == 0, said
        asked = "GET /actuator/health/readiness 200"
        assert "POST /orders 201" in said and "GET /orders/1 200" in said and asked not in said, said
        shown = [path for daemon, path in ASKED_ALL_THE_TIME if re.search(r"%s +\| .*GET %s " % (daemon, re.escape(path)), said)]
        equal(shown, ["/orders/1", "/orders?page=0&size=3"])
        for name, port in numbers.items():
            assert re.search(r"%s +%d " % (name, port), said), said
            assert ports.is_free(port), "%s still runs" % name
            with open(os.path.join(directory, "data/log", name + ".log"), encoding="utf-8") as log:
                told = log.read()
            assert "running" in told and "GET /actuator" not in told, name
            for path in (path for daemon, path in ASKED_ALL_THE_TIME if daemon == name and not path.startswith("/actuator")):
                assert "GET %s " % path in told, "%s does not tell %s" % (name, path)
        return said
