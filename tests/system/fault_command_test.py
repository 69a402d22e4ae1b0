"""`mallctl fault list|add|clear`: at a mall with admin ports, and at a cluster whose kubectl is a stand-in that really forwards."""
import collections
import contextlib
import json
import os
import pathlib
import re
import signal
import stat
import subprocess
import sys
import tempfile

from mall import BIN, SLOWER, Mall, equal, ports, until

# A kubectl of which the tests say what it does: MODE is "well", or how it fails.
KUBECTL = r'''#!%(python)s
import json, os, re, socket, sys, threading, time
mode, folder, pods = %(mode)r, %(folder)r, %(pods)r
words = sys.argv[1:]
with open(os.path.join(folder, "calls"), "a") as calls:
    calls.write(json.dumps([os.getpid(), words]) + "\n")
if mode == "hangs" or (mode == "hangs-forward" and words[0] == "port-forward"):
    time.sleep(600)
if mode == "refuses":
    sys.exit('Error from server (Forbidden): pods is forbidden')
if mode == "refuses-forward" and words[0] == "port-forward":
    sys.exit('error: unable to forward port because pod is not running')
if mode == "refuses-one" and words[0] == "port-forward" and words[1] == "pod/" + pods[0][0]:
    sys.exit('error: unable to forward port because pod is not running')
if mode == "garbage":
    print("not JSON"); sys.exit(0)
if words[:2] == ["get", "pods"]:
    wanted = words[words.index("--selector") + 1] if "--selector" in words else None
    def labels(app, more):
        return {"app": app, **({"app.kubernetes.io/instance": more["instance"]} if "instance" in more else {})}
    items = [{"metadata": {"name": name, "labels": labels(app, more)},
              "status": {"phase": phase, "podIP": "127.0.0.1", "conditions": [{"type": "Ready", "status": more.get("ready", "True")}]},
              "spec": {"containers": [{"ports": [{"name": "admin", "containerPort": port},
                                                 *({"name": n, "containerPort": more[n]} for n in ("http", "metrics") if n in more)]}]}}
             for name, app, phase, port, more in pods if not wanted or wanted in ["%%s=%%s" %% pair for pair in labels(app, more).items()]]
    print(json.dumps({"kind": "List", "items": items})); sys.exit(0)
name = words[1].split("/")[1]
(pod,) = [pod for pod in pods if pod[0] == name]
asked = int(words[2].removeprefix(":"))
there = asked if asked in pod[4].values() else pod[3]
listener = socket.create_server(("127.0.0.1", 0))
print("Forwarding from 127.0.0.1:%%d -> 9091" %% listener.getsockname()[1], flush=True)
def pump(a, b):
    while data := a.recv(65536):
        b.sendall(data)
    b.shutdown(socket.SHUT_WR)
while True:
    here, _ = listener.accept()
    far = socket.create_connection(("127.0.0.1", there))
    for pair in ((here, far), (far, here)):
        threading.Thread(target=pump, args=pair, daemon=True).start()
'''


class Kubectl:
    def __init__(self, mall, mode="well", pods=None):
        """pods: (name, app, phase, admin port[, more]); more: its ports http and metrics, and its instance"""
        self.directory = mall.directory / ("kubectl-" + mode)
        self.directory.mkdir()
        self.path = self.directory / "kubectl"
        if pods is None:
            pods = [("order-1", "order", "Running", mall.order.admin.port), ("product-1", "product", "Running", mall.product.admin.port),
                    ("order-old", "order", "Succeeded", 1)]
        self.path.write_text(KUBECTL % {"python": sys.executable, "mode": mode, "folder": str(self.directory),
                                        "pods": [(*pod, {})[:5] for pod in pods]})
        self.path.chmod(self.path.stat().st_mode | stat.S_IXUSR)

    def calls(self):
        """[pid, arguments] of each"""
        path = self.directory / "calls"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def all_have_ended(self):
        for pid, _ in self.calls():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 0)
                return False
        return True


def fault(*words, at=None, env=None):
    """The exit code, stdout, stderr."""
    done = subprocess.run([BIN / "mallctl", "fault", *words, *(["--at", at] if at else [])], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=120 * SLOWER, env={**os.environ, **(env or {})})
    return done.returncode, done.stdout, done.stderr


def at(mall, *names):
    return ",".join("%s=%s" % (name, mall.admin(name)) for name in names or mall.daemons)


def kinds_on(daemon):
    return [f["kind"] for f in daemon.admin.get("/faults").body["faults"]]


def test_a_fault_is_added_listed_and_cleared():
    with Mall(admin=True) as mall:
        equal(fault("list", at=at(mall)), (0, "no fault is on\n", ""))
        code, said, trouble = fault("add", "http-latency", "--service=order,product", "--method=GET", "--path=/**", "--p50=10ms",
                                    "--p99=2s", "--rate=0.5", "--duration=10min", at=at(mall))
        equal((code, trouble), (0, ""), said)
        equal(len(re.findall(r"^(order|product) at http://\S+: fault 1 is on for 10m: http-latency, target GET /\*\*, rate 50%, "
                             r"p50 10ms, p99 2s$", said, re.M)), 2, said)
        code, said, trouble = fault("list", at=at(mall))
        equal((code, trouble), (0, ""))
        lines = said.splitlines()
        assert re.match(r"SERVICE +POD +ID +KIND +TARGET +RATE +PARAMETERS +ENDS IN +INJECTED$", lines[0]), said
        assert re.match(r"order +\S+ +1 +http-latency +GET /\*\* +50% +p50 10ms, p99 2s +\d+m\d*s?\S* +\d+$", lines[1]), said
        equal((len(lines), lines[2].split()[0]), (3, "product"))
        equal(fault("list", "--service=delivery", at=at(mall)), (0, "no fault is on\n", ""))
        equal(fault("clear", "--service=order", "--id=7", at=at(mall)), (1, "", "mallctl: no fault has the id 7 there\n"))
        code, said, trouble = fault("clear", "--service=order", "--id=1", at=at(mall))
        assert (code, trouble) == (0, "") and said.endswith("1 fault has ended\n"), said
        equal((kinds_on(mall.order), kinds_on(mall.product)), ([], ["http-latency"]))
        code, said, _ = fault("clear", at=at(mall))
        equal((code, said.count("ended"), kinds_on(mall.product)), (0, 1, []))
        equal(fault("clear", at=at(mall)), (0, "no fault was on\n", ""))


def test_its_warning_is_shown():
    with Mall(admin=True) as mall:
        code, said, _ = fault("add", "http-latency", "--path=/nowhere", "--delay=1s", "--service=order", at=at(mall))
        assert code == 0 and "warning: " in said, said


def test_no_variable_aims_a_fault():
    """Members come from the command line only, and so do the services."""
    with Mall(admin=True) as mall:
        leaks = {"MALL_" + name: value for name, value in (("KEY", "zz"), ("PATH", "/x"), ("RATE", "0.1"), ("EVENT_TYPE", "Orderplaced"))}
        code, said, trouble = fault("add", "publish-twice", "--service=order", at=at(mall), env=leaks)
        equal((code, trouble), (0, ""), said)
        assert said.endswith("publish-twice, target all, rate 100%\n"), said
        equal((kinds_on(mall.order), kinds_on(mall.product)), (["publish-twice"], []))
        equal([f.get("key") for f in mall.order.admin.get("/faults").body["faults"]], [None])
        for env in ({"MALL_AT": at(mall)}, {"MALL_AT": at(mall), "MALL_SERVICE": "product"}, {"MALL_SELECTOR": "app=product"}):
            code, said, trouble = fault("add", "consume-twice", env=env)
            assert (code, said) == (2, "") and "name the service: --service product" in trouble, (env, said, trouble)
        equal((kinds_on(mall.order), kinds_on(mall.product)), (["publish-twice"], []))


def test_a_word_that_is_no_command_is_named():
    for line, says in (("falt", "falt is no command; did you mean fault?"), ("fault lst", "fault takes list, add or clear, not lst; did you mean list?"),
                       ("fault remove 1", "fault takes list, add or clear, not remove"), ("fault", "fault takes list, add or clear"),
                       ("dead lst", "dead takes list, show, replay or drop, not lst; did you mean list?"),
                       ("\033[31m", "?[31m is no command")):
        done = subprocess.run([BIN / "mallctl", *line.split()], capture_output=True, text=True, timeout=60)
        equal((done.returncode, done.stdout, len(done.stderr.splitlines())), (2, "", 1), line)
        assert says in done.stderr, (line, done.stderr)
    for line, says in (("fault --help", "fault clear "), ("dead --help", "dead replay "), ("--version", "mallctl "), ("--help", "gameday ")):
        done = subprocess.run([BIN / "mallctl", *line.split()], capture_output=True, text=True, timeout=60)
        equal((done.returncode, done.stderr), (0, ""), line)
        assert says in done.stdout, (line, done.stdout)


def test_the_kinds_are_those_of_each_daemon():
    with Mall(admin=True) as mall:
        code, said, trouble = fault("list", "--kinds", at=at(mall))
        equal((code, trouble), (0, ""))
        assert re.search(r"^consume-pause +order,delivery,product +- ", said, re.M), said
        assert re.search(r"^upstream-broken +gateway +.*routeId", said, re.M), said
        equal([kind for kind, count in collections.Counter(line.split()[0] for line in said.splitlines()).items() if count > 1], [], "twice")
        code, said, trouble = fault("add", "consume-pause", "--service=gateway", at=at(mall))
        assert (code, said) == (1, "") and "gateway at http://" in trouble and "consume-pause" in trouble, trouble


def test_what_is_wrong_is_said_before_anything_is_sent():
    nobody = "order=http://127.0.0.1:%d,product=http://127.0.0.1:%d" % (ports.reserve(), ports.reserve())
    for words, says in ((("add",), "which kind of fault?"),
                        (("add", "http-latency"), "--delay: http-latency needs delay"),
                        (("add", "http-latenc", "--delay=1s"), "did you mean http-latency?"),
                        (("add", "http-latency", "consume-pause"), "one kind at a time"),
                        (("add", "http-latency", "--delay=1s", "--rate=1.5"), "--rate: rate is a number above 0, at most 1"),
                        (("add", "http-latency", "--delay=1s", "--duration=2h"), "--duration: duration is at most 1h"),
                        (("add", "http-status", "--status=200"), "--status: "),
                        (("add", "http-latency", "--delay=500"), "did you mean 500ms?"),
                        (("add", "consume-pause", "--path=/orders"), "--path: consume-pause takes no path"),
                        (("add", "http-latency", "--delay=1s", "--service=ordr"), "did you mean order?"),
                        (("list", "here"), "fault list takes flags only"),
                        (("list", "--pod-addresses"), "--pod-addresses goes with"),
                        (("list", "--namespace=x"), "either --at, or"),
                        (("list", "--token-file=/nowhere"), "/nowhere: No such file"),
                        (("clear", "--id=0"), "id")):
        code, said, trouble = fault(*words, at=nobody)
        assert (code, said) == (2, "") and says in trouble, (words, code, said, trouble)
    code, _, trouble = fault("add", "http-latency", "--delay=1s")
    assert code == 2 and "where? name the service: --service product" in trouble, trouble
    code, _, trouble = fault("clear", "--id=1")
    assert code == 2 and "--id needs --service" in trouble, trouble
    code, _, trouble = fault("list", at="order=localhost")
    assert code == 2 and "NAME=http://HOST:PORT is meant" in trouble, trouble
    code, _, trouble = fault("list", at=nobody)
    assert code == 1 and trouble.count("Failed to connect") == 2, trouble


def test_a_token_is_sent():
    with Mall(only=("order",), admin=True) as mall:
        token = mall.directory / "token"
        token.write_text("secret-of-the-mall\n")
        mall.order.stop()
        mall.order.start(admin_token_file=token)
        code, said, trouble = fault("list", at=at(mall))
        assert (code, said) == (1, "") and "it wants a token (401): --token-file" in trouble, trouble
        equal(fault("list", "--token-file", token, at=at(mall)), (0, "no fault is on\n", ""))
        token_of_others = mall.directory / "other"
        token_of_others.write_text("another")
        equal(fault("list", at=at(mall), env={"MALL_ADMIN_TOKEN_FILE": str(token)}), (0, "no fault is on\n", ""))
        equal(fault("list", at=at(mall), env={"MALL_TOKEN_FILE": str(token)}), (0, "no fault is on\n", ""))
        token.write_text(2000 * "x")
        code, _, trouble = fault("list", "--token-file", token, at=at(mall))
        assert code == 2 and "the token is too long" in trouble, trouble
        token.write_text("secret-of-the-mall\n")
        equal(fault("list", "--token-file", token_of_others, at=at(mall))[0], 1)


# ---- on a cluster

def test_each_pod_is_reached_through_kubectl():
    with Mall(admin=True) as mall:
        kubectl = Kubectl(mall)
        flags = ("--namespace=shop", "--kubectl", str(kubectl.path))
        code, said, trouble = fault("add", "consume-twice", "--selector=app=order", *flags)
        assert (code, trouble) == (0, "") and said.startswith("pod order-1: fault 1 is on for 5m: consume-twice"), (said, trouble)
        equal((kinds_on(mall.order), kinds_on(mall.product)), (["consume-twice"], []))
        equal([words for _, words in kubectl.calls()],
              [["get", "pods", "-o", "json", "--namespace", "shop", "--selector", "app=order"],
               ["port-forward", "pod/order-1", ":9091", "--address", "127.0.0.1", "--namespace", "shop"]])
        code, said, _ = fault("list", *flags)
        assert code == 0 and re.search(r"^order +\S+ +1 +consume-twice", said, re.M), said
        equal(fault("list", "--service=product", *flags), (0, "no fault is on\n", ""))
        code, said, _ = fault("clear", "--selector=app=order", *flags)
        equal((code, said), (0, "pod order-1: 1 fault has ended\n"))
        until(kubectl.all_have_ended)


def test_pods_are_reached_by_their_addresses():
    with Mall(only=("order",), admin=True) as mall:
        kubectl = Kubectl(mall, pods=[("order-1", "order", "Running", mall.order.admin.port)])
        code, said, trouble = fault("add", "consume-twice", "--selector=app=order", "--pod-addresses", "--admin-port=%d" %
                                    mall.order.admin.port, "--kubectl", str(kubectl.path))
        equal((code, trouble, kinds_on(mall.order)), (0, "", ["consume-twice"]), said)
        equal(len(kubectl.calls()), 1, "calls of kubectl")


def test_a_kubectl_that_fails_is_said_and_nothing_is_left():
    with Mall(only=("order",), admin=True) as mall:
        pods = [("order-1", "order", "Running", mall.order.admin.port)]
        for mode, selector, says in (("refuses", "app=order", "get pods ended with 1: Error from server (Forbidden)"),
                                     ("refuses-forward", "app=order", "port-forward ended with 1: error: unable to forward"),
                                     ("garbage", "app=order", "what it wrote is no list of pods"),
                                     ("well", "app=none", "no pod with app=none runs in shop")):
            kubectl = Kubectl(mall, mode, pods)
            code, said, trouble = fault("list", "--namespace=shop", "--selector", selector, "--kubectl", str(kubectl.path))
            assert (code, said) == (1, "") and says in trouble, (mode, code, said, trouble)
            until(kubectl.all_have_ended)
        code, said, trouble = fault("list", "--namespace=shop", "--kubectl=/nowhere/kubectl")
        assert code == 1 and "/nowhere/kubectl get pods ended with 127: /nowhere/kubectl: No such file" in trouble, trouble


def test_a_pod_that_cannot_be_forwarded_holds_up_no_other():
    with Mall(only=("order",), admin=True) as mall:
        mall.fault("order", "publish-twice")
        kubectl = Kubectl(mall, "refuses-one", [("order-0", "order", "Running", 1), ("order-1", "order", "Running", mall.order.admin.port)])
        flags = ("--namespace=shop", "--kubectl", str(kubectl.path))
        code, said, trouble = fault("list", *flags)
        assert code == 1 and "publish-twice" in said and "pod order-0: " in trouble and "unable to forward" in trouble, (said, trouble)
        code, said, trouble = fault("clear", *flags)
        equal((code, said, kinds_on(mall.order)), (1, "pod order-1: 1 fault has ended\n", []), trouble)
        assert trouble.count("\n") == 1 and "pod order-0: " in trouble, trouble
        code, said, trouble = fault("clear", *flags)
        equal((code, said), (1, ""), "no fault was on where it could look")
        until(kubectl.all_have_ended)


def test_pods_beyond_the_most_are_named():
    """A kubectl of a few lines: two hundred of the others would take long."""
    with tempfile.TemporaryDirectory() as directory:
        folder = pathlib.Path(directory)
        pods = [{"metadata": {"name": "order-%d" % n, "labels": {"app": "order"}}, "status": {"phase": "Running"}} for n in range(202)]
        (folder / "pods").write_text(json.dumps({"items": pods}))
        (folder / "kubectl").write_text('#!/bin/sh\n[ "$1" = get ] && exec cat %s/pods\nexit 7\n' % folder)
        (folder / "kubectl").chmod(0o755)
        code, said, trouble = fault("list", "--selector=app=order", "--kubectl", str(folder / "kubectl"))
        equal((code, said), (1, ""), trouble)
        equal(trouble.count("port-forward ended with 7"), 200)
        for name in ("order-200", "order-201"):
            assert "pod %s: more than 200 pods are not reached at once" % name in trouble, trouble


def test_ctrl_c_ends_a_kubectl_that_hangs():
    with Mall(only=("order",), admin=True) as mall:
        for mode in ("hangs", "hangs-forward"):
            kubectl = Kubectl(mall, mode, [("order-1", "order", "Running", mall.order.admin.port)])
            command = subprocess.Popen([BIN / "mallctl", "fault", "list", "--namespace=shop", "--selector=app=order", "--kubectl",
                                        kubectl.path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            until(lambda kubectl=kubectl, calls=1 + (mode != "hangs"): len(kubectl.calls()) == calls)
            command.send_signal(signal.SIGINT)
            said, trouble = command.communicate(timeout=60 * SLOWER)
            equal((command.returncode, said, trouble), (1, "", "mallctl: stopped\n"))
            until(kubectl.all_have_ended)


def test_a_kubectl_ends_with_a_mallctl_that_is_killed():
    with Mall(only=("order",), admin=True) as mall:
        kubectl = Kubectl(mall, "hangs-forward", [("order-1", "order", "Running", mall.order.admin.port)])
        command = subprocess.Popen([BIN / "mallctl", "fault", "list", "--selector=app=order", "--kubectl", kubectl.path])
        until(lambda: len(kubectl.calls()) == 2)
        command.kill()
        command.wait()
        until(kubectl.all_have_ended)
