#!/usr/bin/env python3
"""recorded_kubectl - a kubectl that says again what a real one said: RECORDED names the file, {"the arguments": [status, text]}.

A port-forward leads to a server that answers by the same file: {"NAMESPACE TARGET PORT /path?query": [status of HTTP, text]}. What is
not in the file fails, so that no command goes unseen; each one is added to RECORDED.said.

    RECORDED=file RECORD=/usr/bin/kubectl recorded_kubectl.py ...     asks the real one, passes on what it says, and writes it down
"""
import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import urllib.request

FILE = pathlib.Path(os.environ["RECORDED"])
# of objects: all that somebody may read in them here. The rest would be a megabyte
KEPT = set("""items metadata name namespace labels annotations creationTimestamp deletionTimestamp spec status conditions type template containers initContainers env value
    volumes persistentVolumeClaim claimName phase loadBalancer ingress hostname ip scaleTargetRef lastScaleTime currentReplicas accessModes storageClassName
    succeeded ownerReferences message lastTimestamp mtls mode trafficPolicy outlierDetection consecutive5xxErrors http timeout""".split())
LABELS = re.compile(r"app|app\.kubernetes\.io/instance|deployment\.kubernetes\.io/revision|ambient\.istio\.io/redirection")


def kept(value, within=""):
    if isinstance(value, list):
        return [kept(one, within) for one in value]
    if not isinstance(value, dict):
        return value
    return {k: kept(v, k) for k, v in value.items() if (LABELS.fullmatch(k) if within in ("labels", "annotations") else k in KEPT)}


def note(key, answer):
    answers = json.loads(FILE.read_text()) if FILE.exists() else {}
    answers[key] = answer
    FILE.write_text(json.dumps(answers, indent=0, ensure_ascii=False, sort_keys=True) + "\n")


def record(real, words):
    done = subprocess.run([real, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace")
    text = done.stdout + (done.stderr if done.returncode else "")
    if words[-2:] == ["-o", "json"] and not done.returncode:
        text = json.dumps(kept(json.loads(text)))
    note(" ".join(words), [done.returncode, text])
    print(text, end="")
    return done.returncode


def forward(words, answer):
    """As kubectl does until it is killed; answer(path): status of HTTP and text."""
    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            status, text = answer(self.path)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    print("Forwarding from 127.0.0.1:%d -> %s" % (server.server_port, words[-1].strip(":")), flush=True)
    server.serve_forever()


def recorded_forward(real, words):
    if words[3].endswith("-gateway"):                           # the console, which is looked at and not read
        os.execv(real, [real, *words])
    process = subprocess.Popen([real, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    threading.Thread(target=lambda: (process.wait(), os._exit(1)), daemon=True).start()
    port = re.search(r"127\.0\.0\.1:(\d+)", process.stdout.readline())[1]

    def answer(path):
        try:
            with urllib.request.urlopen("http://127.0.0.1:%s%s" % (port, path)) as got:
                status, text = got.status, got.read().decode(errors="replace")
        except urllib.error.HTTPError as why:
            status, text = why.code, why.read().decode(errors="replace")
        note(place_of(words, path), [status, text])
        return status, text

    forward(words, answer)


def place_of(words, path):
    """-n NAMESPACE port-forward TARGET :PORT"""
    return "%s %s %s %s" % (words[1], words[3], words[4].strip(":"), path)


def main(words):
    real = os.environ.get("RECORD")
    if not real:
        with open(str(FILE) + ".said", "a", encoding="utf-8") as said:
            said.write(" ".join(words) + "\n")
    answers = json.loads(FILE.read_text()) if FILE.exists() else {}
    if "port-forward" in words:
        if real:
            return recorded_forward(real, words)
        trouble = answers.get(" ".join(words))
        if trouble:
            print(trouble[1])
            return trouble[0]
        return forward(words, lambda path: answers.get(place_of(words, path), [404, "no such answer: " + place_of(words, path)]))
    if real:
        return record(real, words)
    status, text = answers.get(" ".join(words), [3, "the stand-in knows no answer to: %s\n" % " ".join(words)])
    print(text, end="")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
