"""checkpoints - what proves each checkpoint of the course on a cluster: what is asked, and what must hold.

A checkpoint is a function that looks: it shows commands, and claims. Each claim is true, false, or None where there is nothing to judge.
"""
import dataclasses
import re
import time

import asking
import load
import masks

PROVEN, FAILED, ABSENT, UNKNOWN = "proven", "failed", "absent", "unknown"
WORST = (FAILED, UNKNOWN, ABSENT, PROVEN)
COURSE = ("order", "delivery", "product")
DAEMONS = (*COURSE, "gateway", "frontend")
AUDITS, AUDIT_SECONDS = 12, 5


@dataclasses.dataclass(frozen=True)
class Claim:
    verdict: str
    words: tuple                                                # English, Korean


def worst(claims):
    """The verdict of all of them."""
    return next((one for one in WORST if any(c.verdict == one for c in claims)), UNKNOWN)


class Look:
    """What one checkpoint found: its claims, and what was typed for them."""

    def __init__(self, cluster):
        self.cluster, self.claims, self.shown = cluster, [], []

    def show(self, said):
        """Puts it into the report; what it printed if it went well."""
        self.shown.append(self.cluster.shown(said))
        return said.out if not said.status else ""

    def need(self, said):
        """Shows it too; what it printed, without which nothing can be said."""
        self.show(said)
        if said.status:
            raise asking.CannotSay(asking.last_line(said.text))
        return said.out

    def json(self, said):
        """The same of an answer that is JSON."""
        return asking.of_json(self.need(said))

    def claim(self, holds, english, korean):
        english, korean = (masks.mask(text, self.cluster.with_account) for text in (english, korean))
        self.claims.append(Claim({True: PROVEN, False: FAILED, None: ABSENT}[holds], (english, korean)))

    def cannot_say(self, why):
        why = self.cluster.shown(asking.Said("", str(why), 1)).text
        self.claims.append(Claim(UNKNOWN, ("could not be asked: " + why, "확인하지 못함: " + why)))

    # ---- what several of them ask ----

    def deployments(self):
        """Those of the mall by name without the prefix; each Deployment of another participant has another instance."""
        found = self.cluster.objects("-n", self.cluster.namespace, "deployments", "-l", self.cluster.instance)
        return {d["metadata"]["name"][len(self.cluster.prefix) + 1:]: d for d in found or ()}

    def pods(self):
        """Of the mall, those that are there to stay: after a rollout the old ones end for a while, some stay as failed, and have successors."""
        found = self.cluster.objects("-n", self.cluster.namespace, "pods", "-l", self.cluster.instance)
        return [p for p in found or () if not p["metadata"].get("deletionTimestamp") and p["status"].get("phase") not in ("Succeeded", "Failed")]

    def mine(self, *words):
        """Of objects that a namespace may have of several malls, those with our prefix; None where their kind is not there."""
        found = self.cluster.objects("-n", self.cluster.namespace, *words)
        return found if found is None else [o for o in found if o["metadata"]["name"].startswith(self.cluster.prefix + "-")]

    def there(self, namespace, english, korean):
        """Is the namespace there? Claims that it is not."""
        is_there = self.cluster.objects("namespace", namespace) is not None
        if not is_there:
            self.claim(None, "no namespace %s: %s" % (namespace, english), "네임스페이스 %s 없음: %s" % (namespace, korean))
        return is_there

    def all_ready(self, pods, english, korean):
        """Claims that there are pods, and all of them ready."""
        work = [p for p in pods or () if p["status"].get("phase") != "Succeeded"]
        unready = [p["metadata"]["name"] for p in work if not is_ready(p)]
        if not work:
            self.claim(None, "%s: no pods" % english, "%s: 파드 없음" % korean)
        else:
            self.claim(not unready, "%s: %d of %d pods are ready%s" % (english, len(work) - len(unready), len(work), named(unready)),
                       "%s: 파드 %d개 중 %d개 준비됨%s" % (korean, len(work), len(work) - len(unready), named(unready)))

    def total(self, collection):
        """How many rows a collection has, asked through the gateway."""
        page = self.json(self.cluster.service("gateway", "/%s?size=1" % collection))
        if "page" not in page:
            raise asking.CannotSay("/%s: %s" % (collection, page.get("detail") or page.get("title") or page.get("error") or "no page"))
        return page["page"]["totalElements"]

    def sieges(self):
        """The loads that the pod siege remembers."""
        said = self.cluster.siege_log()
        if said.status and "No such file" in said.text:         # it writes one with its first load
            self.show(said)
            return []
        return load.runs(self.need(said))

    def bus(self):
        """Kafka's address and the topic, as order's pods have them."""
        order = self.deployments().get("order")
        if not order:
            return None
        url = re.match(r"kafka://([^/?]+)/([^/?]+)", variable(order, "MALL_BUS_URL") or "")
        return (url[1], url[2]) if url else None


def is_ready(pod):
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", ()))


def variable(deployment, name):
    """Its value in whichever container has it: a sidecar may come first."""
    return next((v.get("value") for c in deployment["spec"]["template"]["spec"]["containers"] for v in c.get("env", ()) if v["name"] == name), None)


def named(names):
    return ": " + ", ".join(sorted(names)[:5]) + (", ..." if len(names) > 5 else "") if names else ""


def containers(pod):
    """With the sidecars that are init containers."""
    return [c["name"] for c in (*pod["spec"]["containers"], *pod["spec"].get("initContainers", ()))]


# ---- the course's checkpoints ----

def domain(look):
    orders, deliveries, stocks = (look.total(c) for c in ("orders", "deliveries", "inventories"))
    look.claim(stocks > 0 or None, "%d products were registered" % stocks, "등록된 상품 %d개" % stocks)
    look.claim(orders > 0 or None, "%d orders were taken" % orders, "접수된 주문 %d건" % orders)
    look.claim(deliveries > 0 or None, "%d deliveries were started by orders" % deliveries, "주문으로 시작된 배송 %d건" % deliveries)


def event_storming(look):
    said_any = {}
    for name in COURSE:
        said_any[name] = bool(look.json(look.cluster.service(name, "/actuator/info", 9090))["mall"].get("says"))
    look.claim(all(said_any.values()), "each service says which events it publishes and reads" + named([n for n in said_any if not said_any[n]]),
               "각 서비스가 발행하고 구독하는 이벤트를 알림" + named([n for n in said_any if not said_any[n]]))


def polyglot(look):
    order, bus = look.deployments().get("order"), look.bus()
    if not order or not bus:
        return look.claim(None, "no Deployment order that is on Kafka", "Kafka를 사용하는 order 디플로이먼트 없음")
    groups, ours = set(lag(look, bus[1])), {"%s-%s" % (look.cluster.prefix, name) for name in COURSE}
    look.claim(ours <= groups, "asynchronous: each service has a consumer group" + named(ours - groups),
               "비동기 호출: 서비스마다 컨슈머 그룹이 있음" + named(ours - groups))
    others = sorted(groups - ours)
    if others:
        look.claim(True, "other consumers of the topic: " + ", ".join(others), "토픽의 다른 컨슈머: " + ", ".join(others))
    asks = variable(order, "MALL_STOCK_CHECK_URL")
    if asks:
        look.claim(True, "synchronous: order asks %s before it takes an order" % asks, "동기 호출: order가 주문을 받기 전에 %s에 확인" % asks)
    return None


def architecture(look):
    cluster = look.cluster
    look.show(cluster.of_mall("get", "deployments,services,networkpolicies", "-l", cluster.instance))
    look.show(cluster.service("gateway", "/actuator/gateway/routes", 9090))
    there = look.deployments()
    missing = [name for name in DAEMONS if name not in there]
    look.claim(not missing if there else None, "each part is a Deployment of its own: " + ", ".join(sorted(there)) + (named(missing) and "; missing" + named(missing)),
               "각 구성 요소가 디플로이먼트로 분리됨: " + ", ".join(sorted(there)) + (named(missing) and "; 없음" + named(missing)))


def cloud(look):
    cluster = look.cluster
    for words in (("version",), ("get", "nodes", "-o", "wide"), ("get", "pods", "-A"), ("get", "storageclass"), ("top", "nodes")):
        look.show(cluster.ask(*words))
    look.show(cluster.of_mall("get", "services"))
    nodes = cluster.objects("nodes")
    unready = [n["metadata"]["name"] for n in nodes if not is_ready(n)]
    look.claim(not unready if nodes else None, "nodes: %d, all ready" % len(nodes) if not unready else "nodes that are not ready" + named(unready),
               "노드 %d개 모두 Ready" % len(nodes) if not unready else "Ready가 아닌 노드" + named(unready))
    look.all_ready(look.pods(), "the mall", "쇼핑몰")
    address = [i.get("hostname") or i.get("ip") for s in cluster.objects("-n", cluster.namespace, "services")
               if s["metadata"]["name"] == cluster.prefix + "-gateway" for i in s["status"].get("loadBalancer", {}).get("ingress") or ()]
    look.claim(bool(address), "the gateway's load balancer is " + address[0] if address else "the gateway has no load balancer's address",
               "게이트웨이 로드밸런서: " + address[0] if address else "게이트웨이에 로드밸런서 주소가 없음")


def devops(look):
    cluster = look.cluster
    look.show(cluster.of_mall("get", "deployments", "-o", "wide"))
    revisions = {}
    for name, deployment in look.deployments().items():
        look.show(cluster.of_mall("rollout", "history", "deployment/%s-%s" % (cluster.prefix, name)))
        revisions[name] = int(deployment["metadata"].get("annotations", {}).get("deployment.kubernetes.io/revision", 0))
    anew = ["%s %d" % pair for pair in sorted(revisions.items()) if pair[1] > 1]
    look.claim(bool(anew) or None, "deployed anew, with the number of the revision" + named(anew) if anew else "nothing was deployed anew",
               "다시 배포된 서비스와 리비전 번호" + named(anew) if anew else "다시 배포된 서비스가 없음")


def lag(look, topic):
    """Of each group that has read the topic, as Kafka has it: {group: (lag, members)}."""
    found = {}
    for line in look.need(look.cluster.kafka("kafka-consumer-groups.sh", "--describe", "--all-groups")).splitlines():
        fields = line.split()
        if len(fields) >= 7 and fields[1] == topic:
            waits, members = found.get(fields[0], (0, set()))
            found[fields[0]] = (waits + (int(fields[5]) if fields[5].isdigit() else 0), members | ({fields[6]} - {"-"}))
    return found


def bus_of_the_lab(look):
    """As bus(); claims what is missing."""
    if not look.there("kafka", "Kafka of the lab is not there", "실습용 Kafka가 없음"):
        return None
    if not look.bus():
        look.claim(None, "order has no MALL_BUS_URL of Kafka", "order에 Kafka 주소(MALL_BUS_URL)가 없음")
    return look.bus()


def messaging(look):
    bus = bus_of_the_lab(look)
    if not bus:
        return
    look.show(look.cluster.ask("-n", "kafka", "get", "pods"))
    partitions = re.search(r"PartitionCount: *(\d+)", look.need(look.cluster.kafka("kafka-topics.sh", "--describe", "--topic", bus[1])))
    look.claim(bool(partitions), "the topic %s has %s partitions" % (bus[1], partitions[1] if partitions else "no"),
               "토픽 %s, 파티션 %s개" % (bus[1], partitions[1] if partitions else "0"))
    last = look.need(look.cluster.in_siege("kcat", "-b", bus[0], "-t", bus[1], "-C", "-e", "-q", "-o", "-3", "-f", "%p %o %s\\n"))
    look.claim(bool(last.strip()) or None, "events are on it" if last.strip() else "no event is on it", "토픽에 이벤트가 있음" if last.strip() else "토픽에 이벤트가 없음")
    groups = lag(look, bus[1])
    for name in ("%s-%s" % (look.cluster.prefix, name) for name in COURSE):
        waits, members = groups.get(name, (0, set()))
        look.claim(bool(members), "group %s: %d members, lag %d" % (name, len(members), waits), "그룹 %s: 멤버 %d개, lag %d" % (name, len(members), waits))


def autoscale(look):
    cluster = look.cluster
    scalers = [h for h in cluster.objects("-n", cluster.namespace, "hpa") or () if h["spec"]["scaleTargetRef"]["name"].startswith(cluster.prefix + "-")]
    if not scalers:
        return look.claim(None, "no HorizontalPodAutoscaler", "HorizontalPodAutoscaler가 없음")
    look.show(cluster.of_mall("get", "hpa"))
    for scaler in scalers:
        look.show(cluster.of_mall("describe", "hpa", scaler["metadata"]["name"]))
    look.show(cluster.of_mall("get", "events", "--field-selector=reason=SuccessfulRescale"))
    look.show(cluster.siege_log())
    for scaler in scalers:
        name, status = scaler["metadata"]["name"], scaler.get("status", {})
        words = name, status.get("lastScaleTime"), status.get("currentReplicas")
        if not status.get("lastScaleTime"):
            look.claim(None, name + " has not scaled yet", name + ": 아직 스케일하지 않음")
        else:
            look.claim(True, "%s scaled, the last time at %s; now %s pods" % words, "%s: 스케일함. 마지막 %s, 현재 파드 %s개" % words)
    return None


def rollouts(cluster):
    """When those of order began. A Deployment keeps its last ReplicaSets, an undo takes an old one again, and events are there for an hour."""
    name = cluster.prefix + "-order"
    sets = cluster.objects("-n", cluster.namespace, "replicasets", "-l", "app=order") or ()
    events = cluster.objects("-n", cluster.namespace, "events", "--field-selector=reason=ScalingReplicaSet,involvedObject.name=" + name) or ()
    began = {s["metadata"]["creationTimestamp"] for s in sets if any(o["name"] == name for o in s["metadata"].get("ownerReferences", ()))}
    began |= {e["lastTimestamp"] for e in events if re.search(r"Scaled up replica set \S+ from 0 to ", e.get("message", "")) and e.get("lastTimestamp")}
    return sorted(map(load.moment, began))


def zero_downtime(look):
    """siege's log says when a load ran. Of several rollouts the best one counts: a page breaks the others on purpose."""
    cluster = look.cluster
    look.show(cluster.of_mall("rollout", "history", "deployment/%s-order" % cluster.prefix))
    look.show(cluster.of_mall("get", "replicasets", "-l", "app=order"))
    look.show(cluster.of_mall("get", "events", "--field-selector=reason=ScalingReplicaSet,involvedObject.name=%s-order" % cluster.prefix))
    runs = look.sieges()
    met = [load.together(found) for found in (load.at(runs, moment) for moment in rollouts(cluster)) if found]
    best = max(met, key=lambda r: (not r.failed, r.successful), default=None)
    if not best:
        return look.claim(None, "no load of siege during a rollout of order; the pod siege knows of %d loads" % len(runs),
                          "order 배포 중에 실행한 siege가 없음. siege 파드의 기록: %d건" % len(runs))
    words = best.begin.strftime("%Y-%m-%d %H:%M:%S"), best.successful, best.failed
    return look.claim(not best.failed and best.successful > 0, "load during a rollout, from %s UTC: %d successful, %d failed transactions" % words,
                      "배포 중 부하, %s UTC부터: 성공 %d건, 실패 %d건" % words)


def mesh(look):
    cluster = look.cluster
    if not look.there("istio-system", "Istio is not there", "Istio가 없음"):
        return
    look.show(cluster.ask("-n", "istio-system", "get", "pods"))
    look.all_ready(cluster.objects("-n", "istio-system", "pods", "-l", "app=istiod"), "istiod", "istiod")
    pods = look.pods()
    look.show(cluster.of_mall("get", "pods"))
    inside = [p for p in pods if "istio-proxy" in containers(p) or p["metadata"].get("annotations", {}).get("ambient.istio.io/redirection") == "enabled"]
    daemons = [p for p in pods if p["metadata"].get("labels", {}).get("app") in DAEMONS]
    outside = [p["metadata"]["name"] for p in daemons if p not in inside]
    look.claim(None if not inside else not outside, "%d pods are in the mesh%s" % (len(inside), "; outside" + named(outside) if outside else ""),
               "메시에 들어온 파드 %d개%s" % (len(inside), "; 밖에 있는 파드" + named(outside) if outside else ""))
    strict = look.mine("peerauthentications.security.istio.io")
    if strict is not None:
        look.show(cluster.of_mall("get", "peerauthentications.security.istio.io,authorizationpolicies.security.istio.io"))
    strict = [p["metadata"]["name"] for p in strict or () if p["spec"].get("mtls", {}).get("mode") == "STRICT"]
    look.claim(bool(strict) or None, "mutual TLS is demanded for %d workloads" % len(strict), "상호 TLS(STRICT) 적용: 워크로드 %d개" % len(strict))


def resilience(look):
    cluster = look.cluster
    rules = look.mine("destinationrules.networking.istio.io")
    if rules is None:
        return look.claim(None, "no DestinationRule is known here: Istio is not there", "DestinationRule이 없음: Istio가 설치되지 않음")
    look.show(cluster.of_mall("get", "destinationrules.networking.istio.io,virtualservices.networking.istio.io"))
    detect = [r["metadata"]["name"] for r in rules if r["spec"].get("trafficPolicy", {}).get("outlierDetection")]
    timeouts = [v["metadata"]["name"] for v in look.mine("virtualservices.networking.istio.io") or ()
                if any("timeout" in route for route in v["spec"].get("http", ()))]
    look.claim(bool(detect) or None, "%d services leave out a pod that fails (outlierDetection)" % len(detect),
               "장애 파드를 제외하는 서비스(outlierDetection): %d개" % len(detect))
    look.claim(bool(timeouts) or None, "%d services have a timeout" % len(timeouts), "타임아웃이 설정된 서비스: %d개" % len(timeouts))
    if detect:
        said = cluster.in_siege("pilot-agent", "request", "GET", "stats?filter=ejections_enforced_total", container="istio-proxy")
        out = sum(int(n) for n in re.findall(r"ejections_enforced_total: (\d+)", look.need(said)))
        look.claim(out > 0 or None, "siege's proxy has left out a pod %d times" % out if out else "siege's proxy has left out no pod yet",
                   "siege의 프록시가 파드를 제외한 횟수: %d" % out if out else "siege의 프록시가 제외한 파드가 아직 없음")
    return None


def prometheus(look, path, **query):
    said = look.cluster.web("monitoring", "service/prometheus-operated", 9090, path, **query)
    return look.json(said)["data"]


def monitoring(look):
    cluster = look.cluster
    if not look.there("monitoring", "Prometheus is not there", "Prometheus가 없음"):
        return
    look.show(cluster.ask("-n", "monitoring", "get", "pods"))
    if cluster.objects("-n", "monitoring", "service", "prometheus-operated") is None:
        return look.claim(None, "no Prometheus in namespace monitoring", "monitoring 네임스페이스에 Prometheus가 없음")
    up = {s["metric"].get("service"): s["value"][1] for s in prometheus(look, "/api/v1/query", query='min by (service) (up{job="mall",namespace="%s"})' % cluster.namespace)["result"]}
    down = [name for name in COURSE if up.get(name) != "1"]
    look.claim(not down if up else None, "Prometheus has the figures of " + ", ".join(sorted(n for n in up if n)) + ("; not of" + named(down) if down else ""),
               "Prometheus가 수집하는 서비스: " + ", ".join(sorted(n for n in up if n)) + ("; 수집하지 못함" + named(down) if down else ""))
    groups = prometheus(look, "/api/v1/rules", type="alert", **{"rule_group[]": "mall-events"})["groups"]
    rules = [rule for group in groups if group["name"] == "mall-events" for rule in group["rules"]]
    look.claim(bool(rules) or None, "the mall's alerts are loaded", "쇼핑몰 알림 규칙이 로드됨")
    alerts = prometheus(look, "/api/v1/query", query="sort_desc(max_over_time(ALERTS{alertstate=\"firing\",alertname=~\"Mall.*\",namespace=~\"(%s)?\"}[24h]))" % cluster.namespace)["result"]
    names = sorted({a["metric"]["alertname"] for a in alerts})
    look.claim(bool(names) or None, "alerts of the last 24 hours: " + ", ".join(names) if names else "no alert in the last 24 hours",
               "최근 24시간 알림: " + ", ".join(names) if names else "최근 24시간 동안 알림이 없음")
    return None


def logging(look):
    cluster = look.cluster
    for namespace in ("logging", "amazon-cloudwatch"):
        if cluster.objects("namespace", namespace) is not None:
            break
    else:
        return look.claim(None, "neither namespace logging nor amazon-cloudwatch", "logging, amazon-cloudwatch 네임스페이스가 모두 없음")
    look.show(cluster.ask("-n", namespace, "get", "pods", "-o", "wide"))
    look.all_ready(cluster.objects("-n", namespace, "pods"), "collector and store" if namespace == "logging" else "CloudWatch's agents",
                   "수집기와 저장소" if namespace == "logging" else "CloudWatch 에이전트")
    if namespace != "logging":
        return look.claim(None, "CloudWatch's lines are not asked from here: attach what Logs Insights shows, as --attach 13=FILE says",
                          "CloudWatch의 로그는 여기서 조회하지 않음: Logs Insights 화면을 --attach 13=FILE로 첨부")
    said = cluster.web("logging", "service/victoria-logs", 9428, "/select/logsql/query",
                       query='_time:24h "event.type":=DeliveryStarted "service.name":=product "k8s.namespace.name":=' + cluster.namespace + ' | sort by (_time desc) | limit 1 | fields trace.id')
    trace = re.search(r'"trace\.id":"([0-9a-f]{32})"', look.need(said))
    if not trace:
        return look.claim(None, "no line of an order that took stock in 24 hours", "최근 24시간 동안 재고를 차감한 주문의 로그가 없음")
    found = look.need(cluster.web("logging", "service/victoria-logs", 9428, "/select/logsql/query",
                                  query='"trace.id":=%s | sort by (_time) | fields _time, service.name, k8s.pod.name, _msg, event.type' % trace[1]))
    over = sorted(set(re.findall(r'"service\.name":"([^"]+)"', found)))
    return look.claim(len(over) >= 4, "one order by its trace.id, over %s" % ", ".join(over), "trace.id 하나로 본 주문: " + ", ".join(over))


def tracing(look):
    cluster = look.cluster
    if cluster.objects("-n", "monitoring", "service", "jaeger") is None:
        return look.claim(None, "no Jaeger in namespace monitoring", "monitoring 네임스페이스에 Jaeger가 없음")
    said = cluster.web("monitoring", "deployment/jaeger", 16686, "/api/services")
    seen = look.json(said).get("data") or []
    return look.claim(set(COURSE) <= set(seen) if seen else None, "traces of " + ", ".join(sorted(seen)), "트레이스가 있는 서비스: " + ", ".join(sorted(seen)))


def kafka_monitoring(look):
    cluster = look.cluster
    bus = bus_of_the_lab(look)
    if not bus:
        return
    groups = lag(look, bus[1])
    for name in COURSE:
        said = cluster.service(name, "/actuator/prometheus", 9090)
        if said.status:
            look.need(said)
        own = [float(n) for n in re.findall(r"^kafka_consumer_records_lag\S* ([\d.e+]+)$", said.out, re.M)]
        lines = "\n".join(line for line in said.out.splitlines() if line.startswith("kafka_consumer_records_lag")) + "\n"
        look.show(asking.Said(said.line + " | grep ^kafka_consumer_records_lag", lines, said.status))
        outside = groups.get("%s-%s" % (cluster.prefix, name), (0, set()))
        look.claim(bool(own) and bool(outside[1]), "%s: its own lag %s, from outside %d" % (name, "%g" % sum(own) if own else "untold", outside[0]),
                   "%s: 자체 lag %s, 외부에서 본 lag %d" % (name, "%g" % sum(own) if own else "없음", outside[0]))
    topics = look.need(cluster.kafka("kafka-topics.sh", "--list")).split()
    dead = [t for t in topics if t.startswith("error.%s." % bus[1])]
    if dead:
        look.claim(True, "topics of dead letters: " + ", ".join(dead), "데드 레터 토픽: " + ", ".join(dead))
    if cluster.objects("-n", "kafka", "deployment", "kafka-lag") is not None:
        look.show(cluster.ask("-n", "kafka", "get", "deployments"))


def efs(look):
    cluster = look.cluster
    shared = [c for c in cluster.objects("-n", cluster.namespace, "pvc") or () if "ReadWriteMany" in c["spec"]["accessModes"]]
    if not shared:
        return look.claim(None, "no claim that several pods share (ReadWriteMany)", "여러 파드가 공유하는 볼륨 클레임(ReadWriteMany)이 없음")
    look.show(cluster.of_mall("get", "pvc"))
    look.show(cluster.ask("get", "storageclass"))
    look.show(cluster.of_mall("get", "cronjobs,jobs"))
    for claim in shared:
        look.claim(claim["status"].get("phase") == "Bound", "%s: %s, %s" % (claim["metadata"]["name"], claim["status"].get("phase"), claim["spec"].get("storageClassName")),
                   "%s: %s, %s" % (claim["metadata"]["name"], claim["status"].get("phase"), claim["spec"].get("storageClassName")))
    done = []
    for job in sorted(cluster.objects("-n", cluster.namespace, "jobs"), key=lambda j: j["metadata"]["creationTimestamp"]):
        if any(v.get("persistentVolumeClaim", {}).get("claimName") in {c["metadata"]["name"] for c in shared} for v in job["spec"]["template"]["spec"].get("volumes", ())):
            look.show(cluster.of_mall("logs", "job/" + job["metadata"]["name"], "--all-containers", "--tail=20"))
            done += [job["metadata"]["name"]] if job["status"].get("succeeded") else []
    look.claim(bool(done) or None, "jobs that used it and succeeded: " + ", ".join(done) if done else "no job has used it yet",
               "공유 볼륨을 사용해 성공한 작업: " + ", ".join(done) if done else "공유 볼륨을 사용한 작업이 아직 없음")
    return None


def books(look):
    """The console begins an audit when it is asked, and the verdict of one on a mall at rest takes two of them."""
    for _ in range(AUDITS):
        said = look.cluster.service("gateway", "/books", anew=True)
        if said.status or '"settling"' not in said.out and '"unknown"' not in said.out:
            break
        time.sleep(AUDIT_SECONDS)
    found = look.json(said)
    state = found.get("state")
    if state == "unknown":
        raise asking.CannotSay(found.get("why") or "the console cannot say")
    look.claim({"balanced": True, "unbalanced": False}.get(state), "orders, deliveries, stocks and events: %s" % state, "주문, 배송, 재고, 이벤트 대조: %s" % state)


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    key: str
    title: tuple                                                # English, Korean; the latter in the course's words
    asks: object                                                # a function of Look
    pictures: tuple = ()                                        # of docs/pictures


CHECKPOINTS = (
    Checkpoint("1", ("Domain and scenarios", "Domain 주제영역 및 시나리오 이해"), domain),
    Checkpoint("2", ("Event storming", "이벤트스토밍 모델 이해"), event_storming, ("eventstorming",)),
    Checkpoint("3", ("Polyglot: synchronous and asynchronous calls", "폴리글랏 프로그래밍 코드(동기호출, 비동기 호출) 이해"), polyglot),
    Checkpoint("4", ("Architecture of the microservices", "MSA 아키텍처 구성"), architecture, ("hexagon", "msa")),
    Checkpoint("5", ("Cloud platform", "Cloud Platform 프로비저닝"), cloud, ("cluster",)),
    Checkpoint("6", ("DevOps toolchain", "DevOps Toolchain 구축"), devops, ("pipeline",)),
    Checkpoint("7", ("Messaging platform", "분산 메시징 플랫폼 구성"), messaging),
    Checkpoint("8", ("SLA: autoscale", "SLA - Auto Scale-out"), autoscale),
    Checkpoint("9", ("SLA: zero downtime deploy", "SLA - Zero downtime Deploy"), zero_downtime),
    Checkpoint("10", ("Service mesh", "Service Mesh 인프라 구축, SideCar Injection"), mesh),
    Checkpoint("11", ("Resilience by the mesh", "Service Mesh 기반 Resilience"), resilience),
    Checkpoint("12", ("Integrated monitoring", "통합 모니터링"), monitoring),
    Checkpoint("13", ("Integrated logging", "통합 로깅"), logging),
    Checkpoint("14", ("Monitoring of the messaging platform", "분산 메시징 플랫폼 모니터링"), kafka_monitoring),
    Checkpoint("EFS", ("Shared storage", "EFS 스토리지 구성"), efs),
    Checkpoint("traces", ("Traces", "분산 트레이스"), tracing),
    Checkpoint("audit", ("The books", "장부 대조(audit)"), books),
)


def look(checkpoint, cluster):
    """What could not be asked spoils no other checkpoint."""
    found = Look(cluster)
    try:
        checkpoint.asks(found)
    except asking.CannotSay as why:
        found.cannot_say(why)
    except asking.Unreachable:
        raise
    except Exception as what:                                   # noqa: BLE001 - an answer of another form than we know
        found.cannot_say("an answer that this script does not know (%s: %s)" % (type(what).__name__, what))
    return found
