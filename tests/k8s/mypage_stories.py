"""The stories of examples/spring-mypage/k8s.yaml: a service of another language beside the lab's mall."""
import copy
import re

import checks
import tools
import yaml
from cluster import Pod, containers, daemons, may_speak, of_kind, pod_of
from overlays import built

SOURCE = tools.TOP / "examples/spring-mypage"


def mypage():
    return list(yaml.safe_load_all((SOURCE / "k8s.yaml").read_text()))


def deployment(objects):
    return next(o for o in of_kind(objects, "Deployment") if o["metadata"]["name"] == "mypage")


def mypages_port_and_user_are_those_of_its_dockerfile():
    docker, own = (SOURCE / "Dockerfile").read_text(), deployment(mypage())
    ports = [p["containerPort"] for c in containers(own) for p in c["ports"]]
    assert ["%d" % port for port in ports] == re.findall(r"^EXPOSE (\d+)$", docker, re.M), ports
    user = pod_of(own)["securityContext"]
    assert "\nUSER %d:%d\n" % (user["runAsUser"], user["runAsGroup"]) in docker, "the Dockerfile's user is another one"
    name = re.search(r"<finalName>(\w+)</finalName>", (SOURCE / "pom.xml").read_text())[1]
    assert "COPY target/%s.jar " % name in docker, "the Dockerfile copies another jar than Maven writes"


def mypages_manifest_is_valid_and_has_what_it_names():
    objects = mypage()
    for check in (checks.schemas, checks.no_name_is_there_twice, checks.selectors_match):
        check(objects)
    volumes = pod_of(deployment(objects))["volumes"]
    claims = {v["persistentVolumeClaim"]["claimName"] for v in volumes if "persistentVolumeClaim" in v}
    volumes[:] = [v for v in volumes if "persistentVolumeClaim" not in v]   # the mall's own pods have none
    checks.pods_are_restricted(objects)
    assert claims == {o["metadata"]["name"] for o in of_kind(objects, "PersistentVolumeClaim")}, claims


def the_gateway_may_speak_with_mypage_and_that_with_kafka():
    objects = built("overlays/lab") + mypage()
    own, gateway = Pod.of(deployment(objects)), Pod.of(daemons(objects)["gateway"])
    kafka, dns = (Pod(name, namespace, labels) for name, namespace, labels in (
        ("kafka", "kafka", {"app": "my-kafka"}), ("dns", "kube-system", {"k8s-app": "kube-dns"})))
    ways = {"gateway to mypage": (gateway, own, 8080), "mypage to Kafka": (own, kafka, 9092), "mypage to DNS": (own, dns, 53)}
    closed = [name for name, way in ways.items() if not may_speak(objects, *way)]
    assert not closed, closed
    others = [name for name, o in daemons(objects).items() if name != "gateway" and may_speak(objects, Pod.of(o), own, 8080)]
    assert not others, "it lets in %s" % others


def without_the_malls_label_kafka_is_closed_to_mypage():
    objects = copy.deepcopy(built("overlays/lab")) + mypage()
    del deployment(objects)["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/part-of"]
    assert not may_speak(objects, Pod.of(deployment(objects)), Pod("kafka", "kafka", {"app": "my-kafka"}), 9092)


STORIES = (mypages_port_and_user_are_those_of_its_dockerfile, mypages_manifest_is_valid_and_has_what_it_names,
           the_gateway_may_speak_with_mypage_and_that_with_kafka, without_the_malls_label_kafka_is_closed_to_mypage)
