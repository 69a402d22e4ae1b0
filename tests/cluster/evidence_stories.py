"""evidence_stories - deploy/evidence/collect on the cluster: what a participant did there is proven, and nothing else is.

With MALL_RECORD=1 what kubectl says meanwhile becomes tests/deploy/evidence/answers.json, on which `make deploy-check` runs it.
"""
import os
import shutil
import sys
import threading

import admission
import efs_stories
import kube
import lab
import load_stories
import mesh_lab
import parts
from kube import PREFIX, TOP, deployment, enter, get, kubectl, pods, until

sys.path.insert(1, str(TOP / "tests/tools"))
import collected                                                # noqa: E402 (of tests/tools)

PARTS = ("collector", "victoria-logs", "jaeger")
PLACE = TOP / "build/evidence"
RECORDER, ANSWERS = TOP / "tests/deploy/recorded_kubectl.py", TOP / "tests/deploy/evidence/answers.json"


def collect(*words):
    """{checkpoint: verdict}, as it is printed."""
    real, more = kube.PLACE / "bin/kubectl", []
    if os.environ.get("MALL_RECORD"):
        more = ["--kubectl", RECORDER]
    said = enter("env", "-C", TOP, "PATH=%s:%s" % (real.parent, os.environ["PATH"]), "KUBECONFIG=%s" % (kube.PLACE / "kubeconfig"), "PREFIX=" + PREFIX.rstrip("-"),
                 "RECORDED=%s" % ANSWERS, "RECORD=%s" % real, "sh", "-c", '"$@" 2>&1', "sh", "deploy/evidence/collect", "--team", "mall", "--name", "test", "--lang", "en",
                 "--out", PLACE, *more, *words)
    return collected.verdicts(said)


def proven(verdicts, *but):
    wrong = {key: verdict for key, verdict in verdicts.items() if verdict != ("not there" if key in but else "proven")}
    assert verdicts and not wrong, wrong


def a_rollout_under_load(product):
    load = threading.Thread(target=kube.siege, args=("-c10", "-t40S", "--content-type", "application/json", kube.url("gateway", "/orders POST ") + kube.ORDER % (product, 1)))
    before = kube.orders()
    load.start()
    until("siege's orders arrive", lambda: kube.orders() > before + 10)
    kubectl("rollout", "restart", deployment("order"))
    kubectl("rollout", "status", deployment("order"), "--timeout=300s")
    load.join()


def the_autoscaler_scales(product):
    with kube.Siege(30, product, "order"):
        until("the autoscaler has scaled", lambda: get("hpa", PREFIX + "order")["status"].get("lastScaleTime"), 600)


def of_the_lab():
    """All but the mesh, and Prometheus, whose operator cannot be had here."""
    product, _ = kube.register(10 ** 8)
    with load_stories.autoscaler():
        the_autoscaler_scales(product)
        a_rollout_under_load(product)
        efs_stories.start("backup", "evidence-backup")
        try:
            assert efs_stories.ended("evidence-backup")[0], "no backup"
            mesh_lab.books()
            verdicts = collect()
        finally:
            kubectl("delete", "job", "evidence-backup")
    proven(verdicts, "10", "11", "12")
    return len(verdicts) - 3


def of_the_mesh():
    mesh_lab.istio("up")
    mesh_lab.siege_anew()
    try:
        with lab.having(*mesh_lab.MESH, beside=("mesh-siege",)):
            mesh_lab.scaled("order", 3)
            product = mesh_lab.product()
            with mesh_lab.sick(pods("order")[0]["metadata"]["name"], kind="http-status", status=503, path="/orders/**"):
                kube.siege("-c10", "-r100", "--content-type", "application/json", kube.url("order", "/orders POST ") + kube.ORDER % (product, 1))
            verdicts = collect("--checkpoint", "10,11")
    finally:
        kubectl("scale", deployment("order"), "--replicas=1")
        mesh_lab.siege_anew()
        kube.apply_lab()
        mesh_lab.istio("down")
    proven(verdicts)
    return len(verdicts)


def evidence():
    """What was done on the cluster is proven, checkpoint by checkpoint, and what was not is not there."""
    kube.load(*PARTS)
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    mesh_lab.siege_anew()
    kube.apply_lab()
    told = collect("--checkpoint", "8,9,10,13,EFS")
    assert set(told.values()) == {"not there"}, told
    if os.environ.get("MALL_RECORD"):
        ANSWERS.unlink(missing_ok=True)
    with admission.beside([admission.namespace("monitoring", enforce="restricted")]), lab.having("efs", "traces", beside=("logging", "tracing")):
        number = of_the_lab()
    if mesh_lab.there_is_istio():
        number += of_the_mesh()
    return "%d checkpoints proven" % number


STORIES = [evidence]
if not all(map(parts.is_built, PARTS)):
    print("cluster: the story of the evidence is left out: scripts/parts.py %s" % " ".join(PARTS), file=sys.stderr)
    STORIES = []
