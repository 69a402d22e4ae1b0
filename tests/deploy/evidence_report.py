"""evidence_report - deploy/evidence/collect, on what a real cluster once said (evidence/answers.json), and on what it might say."""
import html.parser
import http.server
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import zlib

sys.path.insert(1, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
import collected                                                # noqa: E402 (of tests/tools)

HERE = pathlib.Path(__file__).resolve().parent
ANSWERS = HERE / "evidence/answers.json"
KEYS = [*map(str, range(1, 15)), "EFS", "traces", "audit"]
COVER = "--team", "한빛 <b>", "--name", "홍길동 & co"
NOT_FOUND = [1, 'Error from server (NotFound): namespaces "x" not found\n']
# what may be asked of a cluster: nothing that changes it
READS = re.compile(r"""version$|config\ (view|current-context)|top\ nodes$|get\ |describe\ |rollout\ history|logs\ |port-forward\ (service|deployment)/
    |exec\ siege\ -c\ siege\ --\ (curl\ -sS\ -m\ 20\ http://\S+$|cat\ /home/siege/siege\.log$|kcat\ [^P]*\ -C\ )
    |exec\ siege\ -c\ istio-proxy\ --\ pilot-agent\ request\ GET\ stats
    |exec\ my-kafka-0\ --\ /opt/kafka/bin/kafka-(topics|consumer-groups)\.sh\ --bootstrap-server\ \S+\ --(list|describe)\b""", re.X)


class Report:
    """Of one call among these answers."""

    def __init__(self, tree, *words, answers=None, cover=COVER, env=None):
        self.place = tree / "evidence-test"
        self.place.mkdir(exist_ok=True)
        recorded = self.place / "answers.json"
        recorded.write_text(json.dumps(answers or real()))
        said = pathlib.Path(str(recorded) + ".said")
        said.unlink(missing_ok=True)
        tools = self.place / "bin"                              # no browser: a picture of a recorded page shows nothing
        tools.mkdir(exist_ok=True)
        for name, program in (("python3", sys.executable), ("git", shutil.which("git"))):
            (tools / name).write_text('#!/bin/sh\nexec %s "$@"\n' % program)
            (tools / name).chmod(0o755)
        where = {**os.environ, "LC_ALL": "C.UTF-8", "RECORDED": str(recorded), "PATH": str(tools), **(env or {})}
        where.pop("PREFIX", None)
        done = subprocess.run([tree / "deploy/evidence/collect", *cover, "--kubectl", HERE / "recorded_kubectl.py", "--out", self.place, *words], env=where,
                              cwd=self.place, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
        self.status, self.said, self.trouble = done.returncode, done.stdout.strip(), done.stderr
        self.asked = said.read_text().splitlines() if said.exists() else []
        self.folder = pathlib.Path(self.said).parent if self.said else None

    def __enter__(self):
        assert self.status == 0, self.trouble
        self.page, self.text = (self.folder / "report.html").read_text(), (self.folder / "report.md").read_text()
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.place)

    def verdicts(self):
        """{key: verdict} of the lines that it prints."""
        return collected.verdicts(self.trouble)


def real():
    """Of `make cluster`, written by tests/cluster/evidence_stories.py; of a Prometheus of Debian's beside it, which scraped that mall."""
    return {**json.loads(ANSWERS.read_text()), **json.loads((HERE / "evidence/prometheus.json").read_text())}


def changed(change):
    """The real answers with those that change(key, text) answers something for."""
    return {key: [answer[0], change(key, answer[1])] if change(key, answer[1]) is not None else answer for key, answer in real().items()}


def without(*parts):
    """The real answers where what is asked with one of these parts is not there."""
    return {key: NOT_FOUND if any(part in key for part in parts) else answer for key, answer in real().items()}


class Reader(html.parser.HTMLParser):
    """What a page has in it, and whether its elements end where they should."""
    VOID, SHUT = {"meta", "img", "br", "link"}, {"tr", "td", "th", "li", "p"}

    def __init__(self, page):
        super().__init__()
        self.open, self.links, self.ids, self.words = [], set(), set(), ""
        self.feed(page)
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.links |= {attrs[name] for name in ("href", "src") if name in attrs}
        self.ids |= {attrs["id"]} if "id" in attrs else set()
        if tag not in self.VOID | self.SHUT:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert tag in self.SHUT or self.open.pop() == tag, tag

    def handle_data(self, data):
        self.words += data


def a_real_cluster_proves_each_checkpoint(tree):
    with Report(tree) as made:
        expected = {key: "proven" for key in KEYS}
        assert made.verdicts() == expected, {k: v for k, v in made.verdicts().items() if v != "proven"}
        reader = Reader(made.page)
        for word in ("한빛 <b>", "홍길동 & co", "DeliveryStarted", "SuccessfulRescale", "failed transactions", "ejections_enforced_total"):
            assert word in reader.words, word
        assert {link[1:] for link in reader.links if link.startswith("#")} <= reader.ids
        assert all(link.startswith(("#", "data:")) for link in reader.links), "it needs nothing else"
        for picture in ("eventstorming", "hexagon", "msa", "cluster", "pipeline"):
            assert (made.folder / (picture + ".en.svg")).exists() and "(%s.en.svg)" % picture in made.text


def it_speaks_korean_where_asked_or_where_the_locale_does(tree):
    for words, env in ((["--lang", "ko"], {}), ([], {"LC_ALL": "ko_KR.UTF-8"})):
        with Report(tree, *words, "--checkpoint", "2,9", env=env) as made:
            assert made.verdicts() == {"2": "증명됨", "9": "증명됨"}, made.trouble
            assert "# 수행 증적" in made.text and "소속" in made.text and '<html lang="ko">' in made.page and "eventstorming.ko.svg" in made.text
            assert "expected" not in made.page and "organisation" not in made.page


def what_is_not_there_is_said(tree):
    cases = {"10": (without("get namespace istio-system"), "no namespace istio-system"), "8": (changed(lambda k, _: '{"items": []}' if " hpa -o json" in k else None), "no HorizontalPodAutoscaler"),
             "12": (without("get namespace monitoring"), "no namespace monitoring"), "13": ({**without("get namespace logging"), "get namespace amazon-cloudwatch -o json": NOT_FOUND}, "neither namespace"),
             "EFS": (changed(lambda k, _: '{"items": []}' if " pvc -o json" in k else None), "no claim that several pods share"),
             "11": ({**without("destinationrules"), **{k: [1, 'error: the server doesn\'t have a resource type "destinationrules"\n'] for k in real() if "destinationrules" in k and "json" in k}},
                    "Istio is not there"),
             "9": (changed(lambda k, text: re.sub(r"^\d{4}", "2025", text, flags=re.M) if k.endswith("siege.log") else None), "no load of siege during a rollout"),
             "7": (without("get namespace kafka"), "no namespace kafka")}
    for key, (answers, why) in cases.items():
        with Report(tree, "--checkpoint", key, answers=answers) as made:
            assert made.verdicts() == {key: "not there"} and why in made.text, (key, made.trouble, made.text[:800])


def pods_that_end_do_not_count(tree):
    """After a rollout the old ones are there for a while: without a sidecar, or not ready."""
    def one_more(key, text):
        if not key.endswith("app.kubernetes.io/instance=user23-mall -o json") or " pods " not in key:
            return None
        pods = json.loads(text)
        old = {"metadata": {"name": "user23-product-old", "labels": {"app": "product"}, "deletionTimestamp": "2026-12-01T04:00:00Z"},
               "spec": {"containers": [{"name": "product"}]}, "status": {"phase": "Running", "conditions": []}}
        evicted = {**old, "metadata": {"name": "user23-product-evicted", "labels": {"app": "product"}}, "status": {"phase": "Failed"}}
        return json.dumps({"items": [*pods["items"], old, evicted]})

    with Report(tree, "--checkpoint", "5,10", answers=changed(one_more)) as made:
        assert made.verdicts() == {"5": "proven", "10": "proven"}, made.trouble


def what_is_not_as_it_should_be_has_failed(tree):
    def lost(key, text):
        """The same loads, each with one transaction that failed."""
        return re.sub(r"\d+$", "1", text, flags=re.M) if key.endswith("siege.log") else None

    def sick(key, text):
        return text.replace('"status": "True", "type": "Ready"', '"status": "False", "type": "Ready"') if key == "get nodes -o json" else None

    cases = {"9": (lost, "1 failed transactions"), "5": (sick, "nodes that are not ready"),
             "audit": (lambda k, t: t.replace('"balanced"', '"unbalanced"') if k.endswith("/books") else None, "unbalanced"),
             "14": (lambda k, t: re.sub(r"^kafka_consumer_records_lag", "x", t, flags=re.M) if k.endswith("/actuator/prometheus") else None, "its own lag untold")}
    for key, (change, why) in cases.items():
        with Report(tree, "--checkpoint", key, answers=changed(change)) as made:
            assert made.verdicts() == {key: "failed"} and why in made.text, (key, made.trouble, made.text[:800])


def what_could_not_be_asked_spoils_nothing_else(tree):
    answers = {**real(), **{k: [1, "Error from server (Forbidden): hpa is forbidden\n"] for k in real() if " hpa -o json" in k},
               **{k: [1, "error: unable to forward port because pod is not running\n"] for k in ["-n logging port-forward service/victoria-logs :9428"]}}
    answers.update({k: [0, "[1, 2]"] for k in answers if "daemonsets" in k or "istiod" in k})
    with Report(tree, "--checkpoint", "8,9,10,13", answers=answers) as made:
        assert made.verdicts() == {"8": "not known", "9": "proven", "10": "not known", "13": "not known"}, made.trouble
        assert "hpa is forbidden" in made.text and "unable to forward port" in made.text and "does not know" in made.text, made.text


SECRETS = ("hunter2", "s3cr3t", "eyJhbGciOiJSUzI1NiIsImtpZCI6.eyJpc3MiOiJrdWJlcm5l.c2ln", "AKIAIOSFODNN7EXAMPLE", "ghp_16C7e42F292c6912E7710c838347Ae178B4a", "MIIEowIBAAKCAQEA")


def no_secret_gets_into_it(tree):
    leak = ("postgresql://mall:hunter2@user23-postgres/mall\nPGPASSWORD=s3cr3t\npassword: 'hunter2'\n\"name\": \"DB_PASSWORD\", \"value\": \"hunter2\"\nAuthorization: Bearer s3cr3t-token-1\n"
            "%s\n%s\n%s\n-----BEGIN RSA PRIVATE KEY-----\n%s\n-----END RSA PRIVATE KEY-----\n123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/user23-order:1\n" % SECRETS[2:])
    answers = changed(lambda k, t: t + leak if k.endswith("get pods -A") or k == "config current-context" else None)
    attached = tree / "notes.txt"
    attached.write_text(leak)
    for more, account in (([], False), (["--with-account"], True)):
        with Report(tree, "--checkpoint", "5", "--attach", "5=%s" % attached, *more, answers=answers) as made:
            for file in made.folder.glob("*.[hmj]*"):
                text = file.read_text()
                assert not [s for s in SECRETS if s in text] and "***" in text, (file, [s for s in SECRETS if s in text])
                assert ("123456789012" in text) == account, file
    assert not [line for line in made.asked if "secret" in line]
    with Report(tree, "--checkpoint", "5", "--with-account", answers=answers) as first:
        assert Report(tree, "--checkpoint", "9", "--add-to", first.folder, answers=answers).status == 0
        assert "123456789012" not in (first.folder / "found.json").read_text(), "the account of an earlier asking"


SECRET_IN = ('"SecretAccessKey": "hunter2/x+"', "client-key-data: hunter2", "PRIVATE_KEY=hunter2", "api-key: hunter2", "x-api-key:hunter2", "DB_PASS=hunter2", "DB_PWD=hunter2",
             "비밀번호: hunter2", "--password hunter2", "passwords: hunter2", "X_PASSWORD_OLD=hunter2", 'password: "a b hunter2 c"', '"password":"a,hunter2,c"', '"password":"x\\"hunter2"',
             '{"log":"{\\"password\\":\\"hunter2\\"}"}', "- name: DB_PASSWORD\n  value: hunter2", "password: |\n  hunter2", "DB_PASSWORD:\n   hunter2",
             '{"value":"hunter2","name":"DB_PASSWORD"}', '{"name":"DB_PASSWORD","value":"hunter2"}', '"name": "DB_PASSWORD",\n   "value": "hunter2"', "postgres://u:hun/hunter2@h",
             "u postgres://u:p@hunter2@h", "X-Amz-Signature=hunter2&a=1", "      PGPASSWORD:  hunter2", "Authorization: Bearer hunter2hunter2", "authorization: Basic hunter2hunter2=",
             "password: 'hunter2'", "ghr_hunter2hunter2hunter2", "glpat-hunter2hunter2hunter2", "키eyJhbGciOiJSUzI1.hunter2.hunter2입니다")
ACCOUNT_IN = ("계정123456789012입니다", "user23_123456789012", "codepipeline.123456789012.bucket", "%2F123456789012", "%3A123456789012", "\\n123456789012", "arn:aws:iam::123456789012:user/x",
              "123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/x")
NO_SECRET = ('{"token":5}', '{"secret":{"a":1}}', "basic authentication", "0.123456789012", "1701412345678901234", "4bf92f3577b34da6a3ce929d0e0e4736", "2026-12-01T02:48:53Z",
             "<set to the key 'password' in secret 'x'>", "passed: 12", '"password": null', "lag 12345", "http://user23-gateway:8080/orders?size=1", "password: ***")


def what_is_secret_is_masked_and_nothing_else(tree):
    said = subprocess.run([sys.executable, "-c", "import json, masks, sys; print(json.dumps([masks.mask(text) for text in json.load(sys.stdin)]))"],
                          cwd=tree / "deploy/evidence", input=json.dumps([*SECRET_IN, *ACCOUNT_IN, *NO_SECRET]), capture_output=True, text=True, check=True).stdout
    seen = dict(zip([*SECRET_IN, *ACCOUNT_IN, *NO_SECRET], json.loads(said)))
    wrong = [text for text in SECRET_IN if "hunter2" in seen[text]] + [text for text in ACCOUNT_IN if "123456789012" in seen[text]] + [text for text in NO_SECRET if seen[text] != text]
    assert not wrong, [(text, seen[text]) for text in wrong]


def it_changes_nothing_on_the_cluster(tree):
    with Report(tree) as made:
        asked = [re.sub(r"^-n \S+ ", "", line) for line in made.asked]
        assert len(asked) > 50 and not [line for line in asked if not READS.match(line)], [line for line in asked if not READS.match(line)]


def later_findings_join_the_same_report(tree):
    picture = tree / "board.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    with Report(tree, "--checkpoint", "9,10", "--attach", "10=%s" % picture, answers=without("get namespace istio-system")) as first:
        assert first.verdicts() == {"9": "proven", "10": "not there"}
        second = Report(tree, "--checkpoint", "10", "--checkpoint", "EFS", "--add-to", first.folder)
        assert second.folder == first.folder and second.verdicts() == {"10": "proven", "EFS": "proven"}, second.trouble
        text = (first.folder / "report.md").read_text()
        order = re.findall(r"^## (\S+)", text, re.M)
        assert order == ["Summary", "9.", "10.", "Shared"] and "no namespace istio-system" not in text and "![board.png](attached-1.png)" in text, order


def what_was_proven_stays_where_it_is_cleaned_up_later(tree):
    with Report(tree, "--checkpoint", "10") as first:
        again = Report(tree, "--add-to", first.folder, "--checkpoint", "10", answers=without("get namespace istio-system"))
        assert again.status == 0 and "not there now; it was proven at" in again.trouble, again.trouble
        assert "no namespace istio-system" not in (first.folder / "report.md").read_text()


def a_report_of_another_mall_is_not_joined(tree):
    with Report(tree, "--checkpoint", "9") as first:
        before = (first.folder / "found.json").read_text()
        other = Report(tree, "--add-to", first.folder, "--checkpoint", "9", answers=changed(lambda k, _: "another\n" if k == "config current-context" else None))
        assert other.status == 2 and "that report is of" in other.trouble and (first.folder / "found.json").read_text() == before, other.trouble


PAGE = b"""<!DOCTYPE html><title>x</title><body style="margin: 0">loading<script>
setTimeout(() => { document.body.textContent = 'word '.repeat(100); document.body.style.background = 'rgb(200, 30, 60)'; }, 6000);
new EventSource('/stream');</script>"""


class Console(http.server.BaseHTTPRequestHandler):
    """A page that fills itself later, and a stream that never ends, as the console has them."""
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream" if self.path == "/stream" else "text/html")
        self.end_headers()
        self.wfile.write(b": here\n\n" if self.path == "/stream" else PAGE)
        if self.path == "/stream":
            self.server.ending.wait()

    def log_message(self, *_):
        pass


def first_pixel(png):
    """Red, green, blue of the upper left corner; the file is of 8 bits a colour."""
    parts, at = b"", 8
    while at < len(png):
        length, kind = int.from_bytes(png[at:at + 4], "big"), png[at + 4:at + 8]
        parts += png[at + 8:at + 8 + length] if kind == b"IDAT" else b""
        at += 12 + length
    return tuple(zlib.decompress(parts)[1:4])


def the_console_is_pictured_once_it_has_filled_itself(tree):
    """By the real browser; where there is none the report is without."""
    if not shutil.which("chromium"):
        return
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Console) as server:
        server.ending = threading.Event()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            done = subprocess.run([sys.executable, "-c", "import browser, pathlib, sys; browser.picture(browser.find(), sys.argv[1], pathlib.Path('seen.png'))",
                                   "http://127.0.0.1:%d/" % server.server_port], cwd=tree / "deploy/evidence", capture_output=True, text=True, timeout=300)
        finally:
            server.ending.set()
            server.shutdown()
    assert done.returncode == 0, done.stderr[-2000:]
    assert first_pixel((tree / "deploy/evidence/seen.png").read_bytes()) == (200, 30, 60), "a page that was not ready"


def two_reports_of_a_minute_are_two(tree):
    with Report(tree, "--checkpoint", "9") as first:
        again = Report(tree, "--checkpoint", "9")
        assert again.status == 0 and again.folder != first.folder and again.folder.is_dir(), again.trouble


def a_wrong_call_is_refused_and_writes_nothing(tree):
    big = tree / "big.png"
    big.write_bytes(bytes((5 << 20) + 1))
    binary = tree / "x.bin"
    binary.write_bytes(b"\xff\xfe\x00")
    (tree / "found.json").write_text("[]")
    for words, cover, why in (((), ("--team", "a"), "--name is missing"), ((), ("--team", " ", "--name", "b"), "--team is missing"), (("--checkpoint", "15"), COVER, "checkpoint 15"),
                              (("--lang", "jp"), COVER, "ko or en"), (("--attach", "nowhere.png"), COVER, "No such file"), (("--attach", "99=x"), COVER, "checkpoint 99"),
                              (("--attach", str(big)), COVER, "more than 5 MiB"), (("--attach", str(binary)), COVER, "neither a text in UTF-8 nor a picture"),
                              (("--add-to", "nowhere"), COVER, "--add-to nowhere"), (("--add-to", str(tree)), COVER, "not one that collect has written"),
                              (("--out", "nowhere"), COVER, "no such folder"), (("--colour",), COVER, "--colour")):
        made = Report(tree, *words, cover=cover)
        assert made.status == 2 and why in made.trouble and "Traceback" not in made.trouble and not made.said and not made.asked, (words, made.status, made.trouble)
        shutil.rmtree(made.place)


def no_cluster_or_no_mall_is_said(tree):
    cases = ({"version": [1, "The connection to the server localhost:8080 was refused\n"]}, (), "refused"), (real(), ("--prefix", "user99"), "no mall user99 in namespace default: there are user23"), \
            (real(), ("--namespace", "elsewhere"), "elsewhere"), (real(), ("--kubectl", "/nowhere/kubectl"), "/nowhere/kubectl cannot be started: No such file")
    for answers, words, why in cases:
        made = Report(tree, *words, answers=answers)
        assert made.status == 1 and why in made.trouble and "Traceback" not in made.trouble and not list(made.place.glob("evidence-*")), (made.status, made.trouble)
        shutil.rmtree(made.place)


CHECKS = [a_real_cluster_proves_each_checkpoint, it_speaks_korean_where_asked_or_where_the_locale_does, what_is_not_there_is_said, pods_that_end_do_not_count, what_is_not_as_it_should_be_has_failed,
          what_could_not_be_asked_spoils_nothing_else, no_secret_gets_into_it, what_is_secret_is_masked_and_nothing_else, the_console_is_pictured_once_it_has_filled_itself, it_changes_nothing_on_the_cluster, later_findings_join_the_same_report,
          what_was_proven_stays_where_it_is_cleaned_up_later, a_report_of_another_mall_is_not_joined, two_reports_of_a_minute_are_two, a_wrong_call_is_refused_and_writes_nothing, no_cluster_or_no_mall_is_said]
OF = "deploy/evidence/"
BROKEN = [
    (a_real_cluster_proves_each_checkpoint, OF + "checkpoints.py", "len(over) >= 4", "len(over) >= 9"),
    (a_real_cluster_proves_each_checkpoint, OF + "report.py", "of(shortened(report, said.text))", "shortened(report, said.text)"),
    (a_real_cluster_proves_each_checkpoint, OF + "report.py", "<td>%s' % (word(report, key), of(text))", "<td>%s' % (word(report, key), text)"),
    (it_speaks_korean_where_asked_or_where_the_locale_does, OF + "collect", '(given or locale[:2]) == "ko"', 'given == "ko"'),
    (what_is_not_there_is_said, OF + "load.py", "when < run.end", "True"),
    (what_is_not_there_is_said, OF + "asking.py", "|doesn't have a resource type", ""),
    (pods_that_end_do_not_count, OF + "checkpoints.py", 'not p["metadata"].get("deletionTimestamp") and', ""),
    (pods_that_end_do_not_count, OF + "checkpoints.py", 'not in ("Succeeded", "Failed")]', '!= "Succeeded"]'),
    (what_is_not_as_it_should_be_has_failed, OF + "checkpoints.py", "not best.failed and", ""),
    (what_is_not_as_it_should_be_has_failed, OF + "checkpoints.py", '"unbalanced": False', '"unbalanced": True'),
    (what_could_not_be_asked_spoils_nothing_else, OF + "checkpoints.py", "except Exception as what:", "except KeyError as what:"),
    (what_was_proven_stays_where_it_is_cleaned_up_later, OF + "collect", "(checkpoints.ABSENT, checkpoints.UNKNOWN)", "()"),
    (a_report_of_another_mall_is_not_joined, OF + "collect", "masks.mask(given.mall) != masks.mask(mall)", "False"),
    (no_secret_gets_into_it, OF + "masks.py", "AKIA|ASIA", "ASIA"),
    (no_secret_gets_into_it, OF + "collect", "masks.mask(text, given.with_account)", "text"),
    (no_secret_gets_into_it, OF + "report.py", 'masks.mask_all(json.loads((folder / KEPT).read_text(encoding="utf-8")), with_account)', 'json.loads((folder / KEPT).read_text(encoding="utf-8"))'),
    (what_is_secret_is_masked_and_nothing_else, OF + "masks.py", "|비밀번호|암호", ""),
    (what_is_secret_is_masked_and_nothing_else, OF + "masks.py", "(?<!\\d\\.)\\d{12}", "\\d{12}"),
    (the_console_is_pictured_once_it_has_filled_itself, OF + "browser.py", "FILLED = 300", "FILLED = 0"),
    (it_changes_nothing_on_the_cluster, OF + "checkpoints.py", '("top", "nodes")', '("cordon", "node")'),
    (later_findings_join_the_same_report, OF + "collect", 'p[1].startswith("attached-")', "False"),
    (two_reports_of_a_minute_are_two, OF + "collect", 'if again else ""', 'if False else ""'),
    (a_wrong_call_is_refused_and_writes_nothing, OF + "collect", "file.stat().st_size > LARGEST", "False"),
    (no_cluster_or_no_mall_is_said, OF + "collect", "if prefix not in there", "if not prefix"),
]
