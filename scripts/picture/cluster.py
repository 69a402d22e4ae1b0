"""cluster - the lab's overlay on EKS: every object that kustomize builds from it, where it lives, and what is around it."""
import re

from . import sources
from .canvas import Canvas, Card, stack, stack_height
from .sources import services
from .words import title, words

COLUMN, GAP, INSIDE, ROW_GAP, PER_ROW = 252, 18, 16, 10, 4
WORKLOADS = ("Deployment", "StatefulSet", "Pod")
# Of these an object belongs to the workload of the same name
BESIDE = ("PodDisruptionBudget", "HorizontalPodAutoscaler", "ServiceAccount", "NetworkPolicy")
HASH = re.compile(r"-[a-z0-9]{10}$")                            # kustomize ends a generated name with it


def name(o):
    return o["metadata"]["name"]


def shown(o):
    """Its name; what is generated without the hash, which other content changes."""
    return HASH.sub("", name(o)) if o["kind"] in ("ConfigMap", "Secret") else name(o)


def mark(o):
    return {"object": "%s/%s" % (o["kind"], shown(o))}


def pod(o):
    return o["spec"] if o["kind"] == "Pod" else o["spec"]["template"]["spec"]


def labels(o):
    return (o if o["kind"] == "Pod" else o["spec"]["template"])["metadata"].get("labels", {})


class Column:
    """A workload, with the Services before it and what belongs to it."""

    def __init__(self, workload, objects, autoscaler, disk, language):
        w = words(language)
        self.app = labels(workload).get("app", name(workload))
        selects = lambda service: (service["spec"].get("selector") or {}).items() <= labels(workload).items()
        self.services = [o for o in objects if o["kind"] == "Service" and selects(o)]
        self.beside = [o for o in objects if o["kind"] in BESIDE and name(o) == name(workload)]
        self.taken = [workload, *self.services, *self.beside]
        self.cards = [Card("command", *self.service_lines(service), **mark(service)) for service in self.services]
        replicas = "" if workload["kind"] == "Pod" else " × %d" % (workload["spec"].get("replicas") or 1)
        images = [container["image"] for container in pod(workload)["containers"]]
        self.cards.append(Card("aggregate", ("note", workload["kind"] + replicas), ("strong", name(workload)), *(("code", image) for image in images),
                               **mark(workload)))
        if autoscaler["spec"]["scaleTargetRef"]["name"] == self.app:
            spec = autoscaler["spec"]
            pods = "%d–%d %s" % (spec["minReplicas"], spec["maxReplicas"], w("파드", "pods"))
            self.cards.append(Card("heard", ("note", "HorizontalPodAutoscaler"), ("strong", pods),
                                   ("note", w("kubectl autoscale 또는 components/autoscaler", "by kubectl autoscale, or components/autoscaler")),
                                   object="HorizontalPodAutoscaler/component"))
        for claim in workload["spec"].get("volumeClaimTemplates", []):
            size = claim["spec"]["resources"]["requests"]["storage"]
            self.cards.append(Card("read", ("note", "PersistentVolumeClaim"), ("strong", "%s-%s-0" % (name(claim), name(workload))),
                                   ("note", "%s · %s" % (size, disk)), object="PersistentVolumeClaim/%s-%s" % (name(claim), name(workload))))
        if self.beside:
            self.cards.append(Card("plain", *(("note", o["kind"], mark(o)) for o in self.beside)))

    def service_lines(self, service):
        kind = service["spec"].get("type") or "ClusterIP"
        headless = service["spec"].get("clusterIP") == "None"
        ports = ", ".join(str(port["port"]) for port in service["spec"]["ports"])
        return ("note", "Service, %s" % ("headless" if headless else kind)), ("strong", name(service)), ("code", ":" + ports)

    @property
    def is_outside(self):
        return any(service["spec"].get("type") == "LoadBalancer" for service in self.services)


def in_order(columns):
    """The services as the Makefile has them, then the others; who is outside at the end of the first row, where no heading is in the way."""
    known = services.daemons()
    found = sorted(columns, key=lambda column: known.index(column.app) if column.app in known else len(known))
    for column in [column for column in found if column.is_outside]:
        found.remove(column)
        found.insert(PER_ROW - 1, column)
    return found


class Namespace:
    def __init__(self, heading, note, objects, autoscaler, disk, language):
        self.heading, self.note = heading, note
        self.marks = next((mark(o) for o in objects if o["kind"] == "Namespace"), {})
        columns = in_order([Column(o, objects, autoscaler, disk, language) for o in objects if o["kind"] in WORKLOADS])
        taken, kinds = [o for column in columns for o in column.taken], {}
        for o in objects:
            if o not in taken and o["kind"] != "Namespace":
                kinds.setdefault(o["kind"], []).append(o)
        rest = [Card("plain", ("strong", kind), *(("note", shown(o), mark(o)) for o in of)) for kind, of in sorted(kinds.items())]
        self.outside = next((at for at, column in enumerate(columns) if column.is_outside), None)
        self.stacks = [column.cards for column in columns] + ([rest] if rest else [])

    @property
    def width(self):
        return width_of(min(PER_ROW, len(self.stacks)))

    def put(self, canvas, x, y):
        """Its end."""
        rows = [self.stacks[at:at + PER_ROW] for at in range(0, len(self.stacks), PER_ROW)]
        heights = [max(stack_height(cards, COLUMN, ROW_GAP) for cards in row) for row in rows]
        height = canvas.HEADING + sum(heights) + GAP * (len(rows) - 1) + INSIDE
        canvas.frame("inner", x, y, self.width, height, self.heading, self.note, **self.marks)
        at = y + canvas.HEADING
        for row, high in zip(rows, heights):
            for number, cards in enumerate(row):
                stack(canvas, cards, x + INSIDE + number * (COLUMN + GAP), at, COLUMN, ROW_GAP)
            at += high + GAP
        canvas.close()
        return y + height


def width_of(columns):
    return columns * (COLUMN + GAP) - GAP + 2 * INSIDE


def put_nodes(canvas, group, x, y, width, least, language):
    """The node group: a box for each node. Its end."""
    w = words(language)
    disk = "%s %d GiB" % (group["volumeType"], group["volumeSize"])
    node = Card("plain", ("note", w("노드", "node")), ("strong", group["instanceType"]), ("note", disk), align="middle")
    per_row = 1 if width < width_of(PER_ROW) else group["desiredCapacity"]
    rows = -(-group["desiredCapacity"] // per_row)
    each, high = (width - 2 * INSIDE - GAP * (per_row - 1)) / per_row, node.height(COLUMN)
    height = max(least, canvas.HEADING + rows * high + (rows - 1) * ROW_GAP + INSIDE)
    high = (height - canvas.HEADING - INSIDE - (rows - 1) * ROW_GAP) / rows
    zones, count = ", ".join(group["availabilityZones"]), "%d–%d" % (group["minSize"], group["maxSize"])
    canvas.frame("inner", x, y, width, height, "%s %s" % (w("노드 그룹", "node group"), group["name"]),
                 "%s %s · %s %s" % (w("가용 영역", "zone"), zones, w("노드", "nodes"), count), nodes=group["name"])
    for at in range(group["desiredCapacity"]):
        node.put(canvas, x + INSIDE + at % per_row * (each + GAP), y + canvas.HEADING + at // per_row * (high + ROW_GAP), each, high)
    canvas.close()
    return y + height


def namespaces(language, disk):
    w = words(language)
    objects, scaled = sources.objects(), sources.autoscaler()
    mine = [o for o in objects if "namespace" not in o["metadata"] and o["kind"] != "Namespace"]
    yield Namespace("namespace %s" % sources.pipelines()["Parameters"]["Namespace"]["Default"],
                    w("참여자마다 하나", "one for each participant"), mine, scaled, disk, language)
    for namespace in (o for o in objects if o["kind"] == "Namespace"):
        own = [o for o in objects if o["metadata"].get("namespace") == name(namespace)]
        yield Namespace("namespace %s" % name(namespace),
                        w("클러스터에 하나", "one for the cluster"), [namespace, *own], scaled, disk, language)


def put_inside(canvas, spaces, group, x, y, language):
    """Namespaces and nodes, these beside the last namespace where it leaves room. Their end."""
    for space in spaces:
        last, y = y, space.put(canvas, x, y) + GAP
    room = width_of(PER_ROW) - spaces[-1].width - GAP
    if room < width_of(1):
        return put_nodes(canvas, group, x, y, width_of(PER_ROW), 0, language)
    return max(y - GAP, put_nodes(canvas, group, x + spaces[-1].width + GAP, last, room, y - GAP - last, language))


def draw(_, language):
    w = words(language)
    eks, disk = sources.nodes(), sources.storage_class()
    spaces = list(namespaces(language, "%s (%s)" % (name(disk), disk["provisioner"])))
    x = Canvas.MARGIN + 2 * INSIDE                              # of what is in AWS, in the cluster
    canvas = Canvas(width_of(PER_ROW) + 2 * x, *title("cluster", language))
    if spaces[0].outside is None:
        raise sources.Wrong("the lab has no Service of type LoadBalancer")
    client = Card("actor", ("strong", w("사용자", "users")), ("note", w("브라우저, httpie", "browser, httpie")), align="middle")
    balancer = Card("external", ("strong", w("로드 밸런서", "load balancer")), ("note", "AWS ELB :8080"), align="middle")
    images = w("이미지 저장소 %d개", "%d repositories of images") % len(sources.repositories())
    registry = Card("external", ("strong", "Amazon ECR"), ("note", images), align="middle")
    high = max(card.height(COLUMN) for card in (client, balancer, registry))
    entrance = x + INSIDE + spaces[0].outside * (COLUMN + GAP)
    user = client.put(canvas, entrance, canvas.begin, COLUMN, high)
    aws = user.end + 40
    cluster = aws + canvas.HEADING + high + 40

    # how high the frames are is known when their inside is drawn, which comes behind them
    begin = len(canvas.out)
    end = put_inside(canvas, spaces, eks["managedNodeGroups"][0], x, cluster + canvas.HEADING, language)
    inside, canvas.out[begin:] = canvas.out[begin:], []
    canvas.frame("frame", canvas.MARGIN, aws, canvas.width - 2 * canvas.MARGIN, end - aws + 2 * INSIDE, "AWS", eks["metadata"]["region"])
    lb = balancer.put(canvas, entrance, aws + canvas.HEADING, COLUMN, high)
    ecr = registry.put(canvas, x + INSIDE, aws + canvas.HEADING, COLUMN, high)
    canvas.frame("frame", canvas.MARGIN + INSIDE, cluster, canvas.width - 2 * (canvas.MARGIN + INSIDE), end - cluster + INSIDE,
                 "EKS %s" % eks["metadata"]["name"], "Kubernetes %s" % eks["metadata"]["version"])
    canvas.out += inside
    canvas.close()
    canvas.close()
    canvas.line(user.bottom, lb.top)
    canvas.line(lb.bottom, (lb.bottom[0], cluster + 2 * canvas.HEADING))
    canvas.line(ecr.bottom, (ecr.bottom[0], cluster))
    return canvas.svg(end + 2 * INSIDE + canvas.MARGIN)
