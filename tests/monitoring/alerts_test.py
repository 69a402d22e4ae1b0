"""What happened to a mall is replayed for promtool: the right alert comes within its time, and no other.

Each story begins after hours in which all was well, and in which nothing may fire.
"""
from described import alerts
from mall import equal
from replay import MALL, PER_MINUTE, Replay, of

SIEGE = 20 * PER_MINUTE


def first(firing, name, severity):
    found = [minute for minute, names in firing if (name, severity) in names]
    return found[0] if found else None


def comes(firing, name, severity, earliest, latest, allowed=()):
    """It begins to fire in these minutes; until the end of the story nothing else does but what is allowed."""
    began = first(firing, name, severity)
    assert began is not None and earliest <= began <= latest, "%s (%s) began at minute %s and not %d to %d:\n%s" % (
        name, severity, began, earliest, latest, "\n".join(map(str, firing)))
    others = {one for _, names in firing for one in names} - {(name, severity), *allowed}
    assert not others, "these came too: %s\n%s" % (others, "\n".join(map(str, firing)))


def rising(start, step):
    """0 until the story begins, then more every minute."""
    return lambda t: start + step * t if t >= 0 else 0


def test_a_day_on_which_all_is_well_raises_nothing():
    equal([pair for pair in Replay(60, history=3 * 60).firing() if pair[1]], [])


def test_a_siege_raises_the_autoscalers_limit_and_nothing_else():
    """Twenty times the requests, all answered in time; lag comes and goes; order is scaled to the limit."""
    replay = Replay(30)
    load = lambda t: SIEGE if t >= 0 else PER_MINUTE            # noqa: E731
    replay.requests(load)
    for service in ("order", "delivery", "product"):
        replay.events(service, load, lag=lambda t: 900 if 0 <= t < 20 else 0)
    replay.autoscaler(lambda t: 2 if t < 1 else 10)
    comes(replay.firing(), "MallAutoscalerAtLimit", "ticket", 11, 12)


def test_a_dead_consumer_is_noticed_within_five_minutes():
    """Its lag grows, it applies nothing, and requests go on as ever."""
    replay = Replay(9)
    replay.events("product", lambda t: 0 if t > 0 else 100, lag=rising(0, 100))
    comes(replay.firing(), "MallConsumerDead", "page", 2, 5)


def test_a_dead_consumer_that_nobody_wakes_is_far_behind_too():
    replay = Replay(20)
    replay.events("product", lambda t: 0 if t > 0 else 300, lag=rising(0, 300))
    firing = replay.firing()
    comes(firing, "MallConsumerDead", "page", 2, 5, [("MallLag", "ticket")])
    assert first(firing, "MallLag", "ticket") > first(firing, "MallConsumerDead", "page"), firing


def test_a_consumer_that_has_nothing_to_do_is_not_dead():
    replay = Replay(20)
    for service in ("order", "delivery", "product"):
        replay.events(service, lambda t: 0 if t >= 0 else 100)
    equal([pair for pair in replay.firing() if pair[1]], [])


def test_a_slow_product_burns_the_budget_of_latency_and_opens_orders_breaker():
    """Half of the requests take longer than 100 ms, none fails."""
    replay = Replay(30, history=6 * 60)
    replay.requests(fast=lambda t: 1 if t <= 0 else 0.5)
    replay.breaker("order", lambda t: t > 0)
    firing = replay.firing()
    comes(firing, "MallBreakerOpen", "ticket", 1, 3, [("MallLatency", "page"), ("MallLatency", "ticket")])
    comes(firing, "MallLatency", "page", 10, 22, [("MallBreakerOpen", "ticket"), ("MallLatency", "ticket")])


def test_a_little_slowness_is_a_ticket_and_wakes_nobody():
    """4 % are late, for hours: 4 times the budget."""
    replay = Replay(0, history=3 * 60)
    replay.requests(fast=lambda t: 0.96)
    firing = replay.firing()
    equal(firing[-1][1], {("MallLatency", "ticket")})


def test_the_more_requests_fail_the_sooner_somebody_is_called():
    for part, earliest, latest in ((1.0, 1, 3), (0.1, 5, 12), (0.03, 25, 35)):
        replay = Replay(latest + 5, history=6 * 60)
        replay.requests(failed=lambda t, p=part: p if t > 0 else 0)
        comes(replay.firing(), "MallAvailability", "page", earliest, latest, [("MallAvailability", "ticket")])


def test_events_that_come_late_burn_the_budget_of_freshness():
    replay = Replay(30, history=6 * 60)
    for service in ("order", "delivery", "product"):
        replay.events(service, fresh=lambda t: 1 if t <= 0 else 0)
    comes(replay.firing(), "MallFreshness", "page", 8, 11, [("MallFreshness", "ticket")])


def test_no_traffic_is_no_failure():
    replay = Replay(30)
    replay.requests(lambda t: 0 if t > 0 else PER_MINUTE)
    equal([pair for pair in replay.firing() if pair[1]], [])


def pod(name):
    return {"namespace": "shop", "pod": "user23-%s-1" % name}


# what breaks, and by which minute the alert fires: each alert that no story above is about
BREAKS = {
    "MallNotScraped": (lambda r: [r.series.pop(name) for name in list(r.series) if name.startswith("up{")], "page", 10),
    "MallDaemonDown": (lambda r: r.gauge("up", of("product"), lambda t: int(t < 0)), "page", 2),
    "MallPodDown": (lambda r: [r.gauge("up", of("product", pod="user23-product-2", instance="2"), lambda t: int(t < 0))], "ticket", 6),
    "MallPodRestarts": (lambda r: r.gauge("process_start_time_seconds", of("order"), lambda t: 1000 + 60 * max(0, t)), "ticket", 5),
    "MallOutboxOld": (lambda r: r.gauge("mall_outbox_oldest_seconds", of("order"), rising(0, 60)), "page", 4),
    "MallOutboxGrows": (lambda r: r.gauge("mall_outbox_pending", of("order"), rising(0, 6000)), "ticket", 8),
    "MallEventsSetAside": (lambda r: r.gauge("mall_outbox_set_aside", of("order"), lambda t: int(t >= 0)), "ticket", 2),
    "MallLag": (lambda r: r.events("product", lag=lambda t: 5000 if t >= 0 else 0), "ticket", 6),
    "MallDeadLetters": (lambda r: r.gauge("mall_dead_letters", of("frontend", group="user23-product"), lambda t: int(t >= 0)), "ticket", 2),
    "MallEventsClash": (lambda r: r.counter("mall_events_clashing_total", of("product", event_type="Orderplaced"), lambda t: int(t == 1)), "ticket", 3),
    "MallBooksOff": (lambda r: r.gauge("mall_books_balanced", of("frontend"), lambda t: int(t < 0)), "page", 3),
    "MallBooksUnchecked": (lambda r: r.gauge("mall_books_checked_timestamp_seconds", of("frontend"), lambda t: 60 * (r.history + t) if t < 0 else -21600), "ticket", 6),
    "MallPostgresSessionsNearMax": (lambda r: r.gauge("mall_postgres_sessions", of("order", state="idle"), lambda t: 24 if t < 0 else 90), "page", 6),
    # Replay's clock begins at 0: the certificate ends within 20 days, and a daemon's start lies before it was made
    "MallCertificateEnds": (lambda r: r.gauge("strimzi_certificate_expiration_timestamp_ms", {"cluster": "mall", "type": "cluster-ca"},
                                              lambda t: 365 * 86400000 if t < 0 else 10 * 86400000), "page", 61),
    "MallPodOlderThanCertificate": (lambda r: r.gauge("strimzi_certificate_expiration_timestamp_ms", {"cluster": "mall", "type": "cluster-ca"},
                                                      lambda t: 365 * 86400000 if t < 0 else 366 * 86400000), "ticket", 61),
}
FOLLOWS = {"MallDaemonDown": [("MallPodDown", "ticket")], "MallOutboxOld": []}
IN_STORIES = {"MallAutoscalerAtLimit", "MallConsumerDead", "MallLatency", "MallBreakerOpen", "MallAvailability", "MallFreshness"}


def test_every_alert_fires_where_its_thing_breaks():
    for name, (breaks, severity, latest) in BREAKS.items():
        replay = Replay(latest + 4, history=70)
        breaks(replay)
        trouble = None
        try:
            earliest = -1 if name == "MallNotScraped" else 0
            comes(replay.firing(), name, severity, earliest, latest, FOLLOWS.get(name, ()))
        except AssertionError as why:
            trouble = str(why)
        yield name + " fires", trouble


def test_a_crash_loop_that_prometheus_never_saw_alive_is_noticed():
    replay = Replay(6, history=70)
    replay.counter("kube_pod_container_status_restarts_total", pod("order"), lambda t: int(t >= 0))
    comes(replay.firing(), "MallPodRestarts", "ticket", 2, 5)
    replay = Replay(6, history=70)
    replay.gauge("kube_pod_container_status_waiting_reason", {**pod("order"), "reason": "CrashLoopBackOff"}, lambda t: int(t >= 0))
    comes(replay.firing(), "MallPodRestarts", "ticket", 0, 1)


def test_two_malls_on_one_cluster_are_told_apart():
    """Of two with the same names of daemons in one namespace, the sick one is named."""
    replay = Replay(8, history=70)
    other = {"mall": "user24-mall", "pod": "user24-product-1", "instance": "user24-product-1"}
    for state in ({**MALL}, other):
        replay.gauge("mall_outbox_oldest_seconds", {**of("product"), **state}, rising(0, 60) if state is other else 0)
    replay.asked = "count by (alertname, severity) (ALERTS{alertstate=\"firing\",mall=\"user24-mall\"})"
    comes(replay.firing(), "MallOutboxOld", "page", 2, 4)


def test_a_story_is_told_about_each_alert():
    ours = {name for name, rules in alerts().items() if not name.startswith("MallKafka")}
    equal(sorted(ours), sorted({*BREAKS, *IN_STORIES}))
