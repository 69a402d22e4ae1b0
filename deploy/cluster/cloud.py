"""cloud - what a cloud does for a cluster: an address for each Service of type LoadBalancer, a volume for each claim.

The address is routed to the node, where kube-proxy knows it. A volume is a folder of the node, of a class whose provisioner is PROVISIONER;
kubelet gives it the group of the pod, as it does with a disk. Any number of pods may share one, as on EFS.
"""
import http.client
import json
import pathlib
import shutil
import ssl
import time

PROVISIONER = "mall.example/folder"
BALANCERS = "10.9.0.%d"


class Api:
    def __init__(self, etc, server):
        self.host = server.removeprefix("https://")
        self.tls = ssl.create_default_context(cafile=etc / "ca.crt")
        self.tls.load_cert_chain(etc / "admin.crt", etc / "admin.key")
        self.connection = None

    def ask(self, method, path, what=None, kind="application/json"):
        self.connection = self.connection or http.client.HTTPSConnection(self.host, context=self.tls, timeout=30)
        try:
            self.connection.request(method, path, json.dumps(what) if what else None, {"Content-Type": kind} if what else {})
            answer = self.connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            self.connection = None
            raise
        if answer.status >= 400:
            raise OSError("%s %s: %d %s" % (method, path, answer.status, text.decode(errors="replace")[:300]))
        return json.loads(text)


def give_addresses(api, services):
    """Services keep theirs; a new one gets the first that is free."""
    balancers = [s for s in services if s["spec"].get("type") == "LoadBalancer"]
    given = {i.get("ip") for s in balancers for i in s["status"].get("loadBalancer", {}).get("ingress", ())}
    for service in balancers:
        if service["status"].get("loadBalancer", {}).get("ingress"):
            continue
        address = next(BALANCERS % i for i in range(1, 255) if BALANCERS % i not in given)
        given.add(address)
        api.ask("PATCH", "/api/v1/namespaces/%(namespace)s/services/%(name)s/status" % service["metadata"],
                {"status": {"loadBalancer": {"ingress": [{"ip": address, "ipMode": "VIP"}]}}}, "application/merge-patch+json")


def make_volume(api, claim, node, folder):
    named = "pvc-" + claim["metadata"]["uid"]
    place = pathlib.Path(folder) / named
    place.mkdir(exist_ok=True)
    place.chmod(0o755)
    api.ask("POST", "/api/v1/persistentvolumes", {
        "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": named, "annotations": {"pv.kubernetes.io/provisioned-by": PROVISIONER}},
        "spec": {"capacity": claim["spec"]["resources"]["requests"], "accessModes": claim["spec"]["accessModes"],
                 "storageClassName": claim["spec"]["storageClassName"], "persistentVolumeReclaimPolicy": "Delete",
                 "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "name": claim["metadata"]["name"],
                              "namespace": claim["metadata"]["namespace"], "uid": claim["metadata"]["uid"]},
                 "local": {"path": str(place)},
                 "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [
                     {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}]}]}}}})


def is_waiting(claim):
    """For a volume of ours: the controller of claims has named who is to make it, which it does once a pod wants it."""
    return claim["status"].get("phase") == "Pending" and not claim["spec"].get("volumeName") and \
        claim["metadata"].get("annotations", {}).get("volume.kubernetes.io/storage-provisioner") == PROVISIONER


def look(api, node, folder):
    give_addresses(api, api.ask("GET", "/api/v1/services")["items"])
    claims = api.ask("GET", "/api/v1/persistentvolumeclaims")["items"]
    volumes = {v["metadata"]["name"]: v for v in api.ask("GET", "/api/v1/persistentvolumes")["items"]}
    for claim in claims:
        if is_waiting(claim) and "pvc-" + claim["metadata"]["uid"] not in volumes:
            make_volume(api, claim, node, folder)
    for name, volume in volumes.items():
        ours = (volume["metadata"].get("annotations") or {}).get("pv.kubernetes.io/provisioned-by") == PROVISIONER
        if ours and volume["status"].get("phase") == "Released" and volume["spec"]["persistentVolumeReclaimPolicy"] == "Delete":
            api.ask("DELETE", "/api/v1/persistentvolumes/" + name)
            shutil.rmtree(volume["spec"]["local"]["path"], ignore_errors=True)


def run(etc, server, node, folder, say):
    api = Api(etc, server)
    while True:
        try:
            look(api, node, folder)
        except OSError as why:                                  # the next look sees the same
            say("cloud: %s" % why)
        time.sleep(1)
