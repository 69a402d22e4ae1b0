#!/usr/bin/env python3
"""mesh_measure - the figures of deploy/mesh/README.md, as rows of its tables, on the cluster of `make cluster MESH=1`.

usage: mesh_measure.py bare|mesh [sick] [slow] [cost]      in which the lab is applied first, without or with the mesh
"""
import re
import statistics
import sys

import kube
import mesh_lab
from kube import kubectl, pods
from lab import apply
from mesh_lab import name_of, share, sick

SECONDS = 20


def orders(daemon, clients=10, product="1"):
    posts = kube.url(daemon, "/orders") + " POST " + kube.ORDER % (product, 1)
    return kube.siege("-c%d" % clients, "-t%dS" % SECONDS, "--content-type", "application/json", posts)


def row(*cells):
    print("| " + " | ".join(str(c) for c in cells) + " |", flush=True)


def patched(kind, name, *operations):
    kubectl("patch", kind, name_of(name), "--type=json", "-p", "[%s]" % ",".join(operations))


def one_sick_pod(mesh):
    product = mesh_lab.product(10000000)
    mesh_lab.scaled("order", 3)

    def measured(what, daemon):
        with sick(pods("order")[0]["metadata"]["name"], kind="http-status", path="/orders/**", status=503):
            said = orders(daemon, product=product)
        row(what, "%.2f %%" % (100 * share(said)), int(said["successful"] + said["failed"]))

    if not mesh:
        measured("straight at order, no mesh", "order")
        measured("through our gateway, no mesh", "gateway")
    else:
        patched("destinationrule", "order", '{"op": "remove", "path": "/spec/trafficPolicy/outlierDetection"}')
        measured("mesh, outlier detection taken out", "order")
        apply(*mesh_lab.MESH, beside=("mesh-siege",))
        measured("mesh as it is", "order")
        measured("mesh as it is, through our gateway", "gateway")
    mesh_lab.scaled("order", 1)


def with_stock_check(**settings):
    names = {"MALL_STOCK_CHECK_URL": "http://%s:8080" % name_of("product"), **settings}
    kubectl("set", "env", kube.deployment("order"), *("%s=%s" % item for item in names.items()))
    kubectl("rollout", "status", kube.deployment("order"), "--timeout=600s")
    kube.until("one order pod", lambda: len(pods("order")) == 1)


OFF = {"MALL_STOCK_CHECK_TIMEOUT": "8s", "MALL_STOCK_CHECK_PAUSE": "0", "MALL_STOCK_CHECK_MOST": "1000"}


def slow_product(mesh):
    product = mesh_lab.product(10000000)

    def measured(what):
        with sick(pods("product")[0]["metadata"]["name"], kind="http-latency", path="/inventories/**", delay="3s"):
            said = orders("order", product=product)
        row(what, "%.1f" % (said["successful"] / SECONDS), "%.2f s" % said["longest"], int(said["failed"]))

    if not mesh:
        with_stock_check(**OFF)
        measured("none")
        with_stock_check(MALL_STOCK_CHECK_TIMEOUT="1s", MALL_STOCK_CHECK_PAUSE="5s", MALL_STOCK_CHECK_MOST="64")
        measured("order's own")
    else:
        with_stock_check(**OFF)
        measured("the mesh's rule as it is (3 s)")
        patched("virtualservice", "product", '{"op": "replace", "path": "/spec/http/1/timeout", "value": "1s"}')
        measured("the mesh's, 1 s")
        patched("destinationrule", "product", '{"op": "replace", "path": "/spec/trafficPolicy/outlierDetection/maxEjectionPercent", "value": 100}')
        measured("the mesh's, 1 s, and outlier detection for all pods")
    apply(*(mesh_lab.MESH if mesh else ("faults",)), beside=("mesh-siege",) if mesh else ())
    kubectl("set", "env", kube.deployment("order"), *(n + "-" for n in ("MALL_STOCK_CHECK_URL", *OFF)))
    kubectl("rollout", "status", kube.deployment("order"), "--timeout=600s")


def milliseconds(daemon, path, *words, number=1000):
    """Of requests one after the other on one connection: the median and the 99th of a hundred."""
    said = kube.in_siege("curl", "-sS", "-o", "/dev/null", "-w", "%{time_total}\n", *words, kube.url(daemon, path + "[1-%d]" % number))
    times = sorted(1000 * float(line) for line in said.split())
    assert len(times) == number, len(times)
    return "%.2f" % statistics.median(times), "%.2f" % times[int(0.99 * number)]


def used():
    """Millicores and MiB of each container, as the cluster's metrics have them."""
    found = {}
    for line in kubectl("top", "pods", "--containers", "--no-headers").splitlines():
        pod, container, cpu, memory = line.split()
        daemon = next((d for d in (*kube.DAEMONS, "siege") if d in pod), None)
        if daemon:
            found[daemon, container] = (int(re.sub(r"\D", "", cpu)), int(re.sub(r"\D", "", memory)))
    return found


def cost(mesh):
    product = mesh_lab.product(10000000)
    where = "mesh" if mesh else "no mesh"
    row("MB at rest, " + where, *("%s/%s %d" % (*k, m) for k, (_, m) in sorted(used().items())))
    body = ["-H", "Content-Type: application/json", "-d", kube.ORDER % (product, 1)]
    row("GET, ms (median, 99 %), " + where, *milliseconds("order", "/orders?size=1&page=0&x="))
    row("POST, ms, " + where, *milliseconds("order", "/orders?x=", *body))
    row("GET through the gateway, ms, " + where, *milliseconds("gateway", "/orders?size=1&page=0&x="))
    said = kube.siege("-c32", "-t60S", kube.url("gateway", "/orders?size=1"))
    row("GET/s through the gateway, 32 clients, " + where, "%.0f" % (said["successful"] / 60), int(said["failed"]))
    row("millicores under that, " + where, *("%s/%s %d" % (*k, c) for k, (c, _) in sorted(used().items())))


MEASURES = {"sick": one_sick_pod, "slow": slow_product, "cost": cost}


def main(words):
    if not words or words[0] not in ("bare", "mesh") or set(words[1:]) - set(MEASURES):
        print(__doc__, file=sys.stderr)
        return 2
    mesh = words[0] == "mesh"
    mesh_lab.siege_anew()
    apply(*(mesh_lab.MESH if mesh else ("faults",)), beside=("mesh-siege",) if mesh else ())
    for name in words[1:] or MEASURES:
        print("\n%s, %s" % (name, words[0]), flush=True)
        MEASURES[name](mesh)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
