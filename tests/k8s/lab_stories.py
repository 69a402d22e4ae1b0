"""lab_stories - components that a participant of the lab adds: the autoscaler as a file, and the open network."""
import checks
from cluster import K8S, containers, daemons, name, of_kind, workloads
from overlays import SHOPS, built, with_components
from run import MALL


def the_autoscaler_is_one_line_and_is_the_courses():
    objects = with_components(*SHOPS[0], "autoscaler")
    for check in [*MALL, checks.order_scales_as_in_the_lab, checks.has_lab_prefix]:
        check(objects)


def an_open_network_stops_nothing_and_is_a_line_to_take_out():
    """Every pod reaches every pod of the mall, and the mall everybody: what still fails then is not a NetworkPolicy's doing."""
    for overlay, shop in SHOPS:
        objects = with_components(overlay, shop, "open-network")
        more = [o for o in of_kind(objects, "NetworkPolicy") if name(o).endswith("open-network")]
        assert len(more) == 1 and len(of_kind(objects, "NetworkPolicy")) == len(of_kind(built(overlay), "NetworkPolicy")) + 1
        found = checks.flows(objects)
        wanted = {(a, b, port) for a in (*checks.DAEMONS, "stranger", "prometheus") for b in checks.DAEMONS for port in checks.PORTS if a != b}
        wanted |= {(daemon, b, port) for daemon in checks.DAEMONS for b in ("outside", "dns") for port in checks.PORTS}
        assert wanted <= found, sorted(wanted - found)
        for check in MALL:
            check(objects)
        assert set(daemons(objects)) == set(checks.DAEMONS)
    checks.has_lab_prefix(with_components(*SHOPS[0], "open-network"))


def tls_is_a_port_of_the_load_balancer_that_leads_to_the_same_daemon():
    service, = (s for s in of_kind(with_components(*SHOPS[1], "tls"), "Service") if name(s) == "gateway")
    assert [(p["name"], p["port"], p["targetPort"]) for p in service["spec"]["ports"]] == [("http", 8080, "http"), ("https", 443, "http")]
    said = {k.rpartition("/")[2]: v for k, v in service["metadata"]["annotations"].items()}
    assert said["aws-load-balancer-ssl-ports"] == "https" and said["aws-load-balancer-ssl-cert"].startswith("arn:aws:acm:"), said


def in_units(quantity):
    for unit, of in (("m", 1 / 1000), ("Mi", 1), ("", 1)):
        if quantity.endswith(unit):
            return float(quantity.removesuffix(unit)) * of


def the_page_says_what_the_lab_asks_for():
    """On too small a machine the autoscaler's pods would stay Pending, and nobody would know why."""
    objects = built("overlays/lab")
    requests = [c["resources"]["requests"] for o in workloads(objects) for c in containers(o)]
    asked = {kind: sum(in_units(request[kind]) for request in requests) for kind in ("cpu", "memory")}
    order = in_units(containers(daemons(objects)["order"])[0]["resources"]["requests"]["cpu"])
    wanted = "ask for %.1f CPU and %.1f GiB, with ten pods of order for %.1f CPU" % (asked["cpu"], asked["memory"] / 1024, asked["cpu"] + 9 * order)
    assert wanted in (K8S / "README.md").read_text(), "README.md does not say: " + wanted


STORIES = [the_page_says_what_the_lab_asks_for, tls_is_a_port_of_the_load_balancer_that_leads_to_the_same_daemon,
           the_autoscaler_is_one_line_and_is_the_courses, an_open_network_stops_nothing_and_is_a_line_to_take_out]
