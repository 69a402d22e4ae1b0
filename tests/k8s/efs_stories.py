"""What the component efs promises: a claim for many pods, jobs over it, and ways for them alone."""
import jsonschema  # noqa: F401 (a missing one would show here and not in the middle)

import checks
import yaml
from cluster import SERVICES, TOP, Pod, may_speak, name, namespace, of_kind, workloads
from kafka_metrics_stories import must_fail
from overlays import SHOPS, with_components
from run import MALL
from tree import with_lines

LAB, PRODUCTION = SHOPS
CLAIM = "shared"
SCRIPTS = TOP / "deploy/backup"


def in_lab():
    return with_components(*LAB, "efs")


def in_production():
    return with_components(*PRODUCTION, "efs-tls")


def jobs(objects):
    return {name(o).rpartition("-")[2]: o for o in of_kind(objects, "CronJob")}


def as_workload(job):
    """A CronJob, as what the checks of pods look at."""
    template = job["spec"]["jobTemplate"]["spec"]["template"]
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": job["metadata"],
            "spec": {"template": template, "selector": {"matchLabels": template["metadata"]["labels"]}}}


def the_jobs_are_as_safe_as_the_daemons(objects):
    for job in jobs(objects).values():
        o = as_workload(job)
        accounts = of_kind(objects, "ServiceAccount")
        pod = checks.pod_of(o)
        without = {**o, "spec": {**o["spec"], "template": {**o["spec"]["template"], "spec": {**pod, "volumes": [v for v in pod["volumes"] if "persistentVolumeClaim" not in v]}}}}
        for check in (checks.pods_are_restricted, checks.pods_have_no_token_and_no_links, checks.pods_are_limited):
            check([without, *accounts])
        assert pod["restartPolicy"] == "Never" and job["spec"]["jobTemplate"]["spec"].get("activeDeadlineSeconds")


def what_the_jobs_need_is_there(objects):
    there = {(o["kind"], namespace(o), name(o)) for o in objects}
    claim, = of_kind(objects, "PersistentVolumeClaim")
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"] and claim["spec"]["storageClassName"] == "efs-ap", claim["spec"]
    elsewhere = ("mall-db", "mall-cluster-ca-cert", *checks.strimzi(objects, "KafkaUser"))
    for job in jobs(objects).values():
        o = as_workload(job)
        for kind, wanted in checks.references(o):
            assert (kind, namespace(o), wanted) in there or wanted in elsewhere, "%s: there is no %s %s" % (name(o), kind, wanted)
        claims = [v["persistentVolumeClaim"]["claimName"] for v in checks.pod_of(o)["volumes"] if "persistentVolumeClaim" in v]
        assert claims == [name(claim)], claims
        volumes = {v["name"] for v in checks.pod_of(o)["volumes"]}
        for c in checks.containers(o):
            assert {m["name"] for m in c["volumeMounts"]} <= volumes, "%s mounts what is not there" % c["name"]
            for e in c.get("env", []):
                if e["name"] == "SERVICES":
                    assert e["value"].split() == list(SERVICES), e["value"]


def the_scripts_are_those_that_are_tested(objects):
    held, = (c["data"] for c in of_kind(objects, "ConfigMap") if "backup.sh" in c["data"])
    assert held == {f.name: f.read_text() for f in SCRIPTS.glob("*.sh")}, "components/efs/scripts is not deploy/backup"
    for job in jobs(objects).values():
        for c in checks.containers(as_workload(job)):
            if c.get("command", [""])[0] == "bash":
                assert c["command"][1].rpartition("/")[2] in held, c["command"]


def keeper(objects):
    return Pod("keeper", namespace(checks.daemons(objects)["order"]), checks.pod_of and as_workload(jobs(objects)["backup"])["spec"]["template"]["metadata"]["labels"])


def the_jobs_reach_what_they_use_and_no_more(objects, kafka, port):
    who, ns = keeper(objects), namespace(checks.daemons(objects)["order"])
    for service in SERVICES:
        daemon = Pod.of(checks.daemons(objects)[service])
        assert may_speak(objects, who, daemon, 8080) and not may_speak(objects, who, daemon, 9090), service
        assert not may_speak(objects, daemon, who, 8080)
    assert may_speak(objects, who, kafka, port) and may_speak(objects, who, Pod("dns", "kube-system", {"k8s-app": "kube-dns"}), 53)
    assert may_speak(objects, who, Pod("outside", None, {}), 5432) and not may_speak(objects, who, Pod("outside", None, {}), 443)
    for o in workloads(objects):
        if checks.app_of(o) == "postgres":
            assert may_speak(objects, who, Pod.of(o), 5432) and not may_speak(objects, Pod("stranger", ns, {"app": "keeper"}), Pod.of(o), 5432)


def the_groups_are_the_services_own(objects):
    """again.sh sets back the groups that the services have."""
    again, = (c for c in checks.containers(as_workload(jobs(objects)["restore"])) if c["name"] == "again")
    found = {e["name"]: e.get("value") for e in again["env"]}.get("MALL_BUS_GROUP_PREFIX") or ""
    for service in SERVICES:
        wanted = (checks.env_of(checks.daemons(objects)[service]).get("MALL_BUS_GROUP_PREFIX") or {}).get("value") or ""
        assert found == wanted, "again: groups %s..., %s: %s..." % (found, service, wanted)


def the_audit_leaves_its_report(objects):
    audit, = checks.containers(as_workload(jobs(objects)["audit"]))
    directory, = (a.partition("=")[2] for a in audit["args"] if a.startswith("--reports="))
    mounted = {m["name"]: m["mountPath"] for m in audit["volumeMounts"]}
    assert directory.rpartition("/")[0] == mounted.get("shared"), "%s is not in the claim: %s" % (directory, mounted)


def buses(objects):
    return {e["value"] for job in jobs(objects).values() for c in checks.containers(as_workload(job)) for e in c.get("env", []) if e["name"] == "MALL_BUS_URL"}


def check_all(objects, kafka, port):
    for check in (the_jobs_are_as_safe_as_the_daemons, what_the_jobs_need_is_there, the_scripts_are_those_that_are_tested, the_audit_leaves_its_report, *MALL):
        check(objects)
    the_jobs_reach_what_they_use_and_no_more(objects, kafka, port)
    assert set(jobs(objects)) == {"backup", "audit", "restore", "share"}
    assert {n for n, j in jobs(objects).items() if j["spec"].get("suspend")} == {"restore", "share"}
    assert buses(objects) == {checks.bus_of(objects).geturl()}, buses(objects)


def efs_keeps_backups_in_the_lab():
    objects = in_lab()
    check_all(objects, Pod("my-kafka", "kafka", {"app": "my-kafka"}), 9092)
    the_groups_are_the_services_own(objects)
    checks.has_lab_prefix(objects)
    audit = checks.containers(as_workload(jobs(objects)["audit"]))[0]
    hosts = {e["name"]: e.get("value") for e in audit["env"]}
    for service in ("order", "delivery", "product"):            # whose books the audit knows
        assert hosts[service.upper() + "_HOST"] == "user23-" + service, hosts


def efs_keeps_backups_in_production():
    """Each store is recovered as its own service, and the audit looks as the console does."""
    objects = in_production()
    check_all(objects, Pod("strimzi", "mall", {"strimzi.io/name": "mall-kafka"}), 9093)
    users = {}
    for job in ("audit", "restore"):
        o = as_workload(jobs(objects)[job])
        sources = {v["name"]: v["projected"]["sources"][2]["secret"]["name"] for v in checks.pod_of(o)["volumes"] if "projected" in v}
        for c in checks.containers(o):
            mounted = [sources[m["name"]] for m in c["volumeMounts"] if m["mountPath"] == "/etc/mall-kafka"]
            if mounted:
                users[c["name"]], = mounted
    assert users == {"audit": "frontend", **{"recover-" + s: s for s in SERVICES}}, users


def efs_follows_the_topic():
    from cluster import Tree
    with Tree() as tree:
        with_lines(tree, LAB[1] + "/kustomization.yaml", ("efs",), "../../..")
        tree.edit(LAB[1] + "/settings.properties", "topic=mall", "topic=user23-mall")
        objects = tree.build(LAB[0])
    the_groups_are_the_services_own(objects)
    assert buses(objects) == {checks.bus_of(objects).geturl()} and "user23-mall" in str(buses(objects)), buses(objects)


def the_audit_is_in_the_mesh(objects):
    """It alone of the jobs; its account reads from the services, and no more."""
    import mesh_stories
    for which, job in jobs(objects).items():
        template = job["spec"]["jobTemplate"]["spec"]["template"]["metadata"]
        inside = template["labels"].get("sidecar.istio.io/inject") == "true"
        ends = template.get("annotations", {}).get("sidecar.istio.io/nativeSidecar") == "true"
        assert inside == ends == (which == "audit"), "%s: %s" % (which, template)
    account = checks.pod_of(as_workload(jobs(objects)["audit"]))["serviceAccountName"]
    found = {(daemon, port, method) for daemon, o in checks.daemons(objects).items() for port in ("8080", "9091") for method in mesh_stories.METHODS
             if mesh_stories.may_ask(objects, account, o, port, method) and daemon != "gateway"}
    assert found == {(s, "8080", "GET") for s in SERVICES}, "%s: %s" % (account, sorted(found))
    mesh_stories.istio_takes_it(objects)
    mesh_stories.its_accounts_exist(objects)


def in_mesh(shop=LAB, names=("mesh-sidecar", "efs", "efs-mesh")):
    return with_components(*shop, *names)


def efs_audits_the_services_of_a_mesh():
    for shop, efs in ((LAB, "efs"), (PRODUCTION, "efs-tls")):
        for names in (("mesh-sidecar", efs, "efs-mesh"), (efs, "mesh-sidecar", "efs-mesh")):
            objects = in_mesh(shop, names)
            the_audit_is_in_the_mesh(objects)
            what_the_jobs_need_is_there(objects)


def each_check_of_efs_in_a_mesh_fails():
    def template(o, job):
        return jobs(o)[job]["spec"]["jobTemplate"]["spec"]["template"]["metadata"]
    for breaks in (lambda o: template(o, "audit")["labels"].pop("sidecar.istio.io/inject"),
                   lambda o: template(o, "audit")["annotations"].pop("sidecar.istio.io/nativeSidecar"),
                   lambda o: next(p for p in of_kind(o, "AuthorizationPolicy") if name(p) == "user23-order")["spec"]["rules"].pop(-2),
                   lambda o: next(p for p in of_kind(o, "AuthorizationPolicy") if name(p) == "user23-order")["spec"]["rules"][-2]["to"][0]["operation"].pop("methods")):
        objects = in_mesh()
        breaks(objects)
        must_fail(the_audit_is_in_the_mesh, objects)
    must_fail(the_audit_is_in_the_mesh, with_components(*LAB, "mesh-sidecar", "efs"))


def container_of(objects, job, container):
    return next(c for c in checks.containers(as_workload(jobs(objects)[job])) if c["name"] == container)


def each_check_of_efs_fails():
    def container(objects, job):
        return checks.containers(as_workload(jobs(objects)[job]))[0]
    for check, breaks in (
            (the_jobs_are_as_safe_as_the_daemons, lambda o: container(o, "backup").pop("securityContext")),
            (the_jobs_are_as_safe_as_the_daemons, lambda o: jobs(o)["audit"]["spec"]["jobTemplate"]["spec"].pop("activeDeadlineSeconds")),
            (what_the_jobs_need_is_there, lambda o: of_kind(o, "PersistentVolumeClaim")[0]["spec"].update(accessModes=["ReadWriteOnce"])),
            (what_the_jobs_need_is_there, lambda o: container(o, "backup")["volumeMounts"].append({"name": "other", "mountPath": "/x"})),
            (what_the_jobs_need_is_there, lambda o: [e.update(value="order") for e in container(o, "backup")["env"] if e["name"] == "SERVICES"]),
            (the_groups_are_the_services_own, lambda o: container_of(o, "restore", "again")["env"].remove({"name": "MALL_BUS_GROUP_PREFIX", "value": "user23-"})),
            (the_audit_leaves_its_report, lambda o: container(o, "audit")["volumeMounts"].pop(0)),
            (checks.our_images_have_the_version, lambda o: container_of(o, "restore", "recover-order").update(image="mall.local/mallctl")),
            (checks.our_images_have_the_version, lambda o: container(o, "audit").update(image="mall.local/mallctl:other")),
            (the_scripts_are_those_that_are_tested, lambda o: container(o, "backup").update(command=["bash", "/scripts/other.sh"])),
            (the_scripts_are_those_that_are_tested, lambda o: [c["data"].update({"backup.sh": "x"}) for c in of_kind(o, "ConfigMap") if "backup.sh" in c["data"]])):
        objects = in_lab()
        breaks(objects)
        must_fail(check, objects)


def the_class_is_the_claims():
    claim, = of_kind(in_lab(), "PersistentVolumeClaim")
    found = {}
    for place in ("deploy/eks/efs-class.yaml", "deploy/cluster/objects/storage.yaml"):
        held = list(yaml.safe_load_all((TOP / place).read_text()))
        found[place], = (o for o in held if o["kind"] == "StorageClass" and name(o) == claim["spec"]["storageClassName"])
        checks.schemas(held)
    assert found["deploy/eks/efs-class.yaml"]["parameters"]["provisioningMode"] == "efs-ap"


STORIES = [efs_keeps_backups_in_the_lab, efs_keeps_backups_in_production, efs_follows_the_topic, each_check_of_efs_fails, efs_audits_the_services_of_a_mesh,
           each_check_of_efs_in_a_mesh_fails, the_class_is_the_claims]
