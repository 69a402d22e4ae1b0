"""What happened to a mall is replayed for promtool: the right alert comes within its time, and no other.

Each story begins after hours in which all was well, and in which nothing may fire.
"""
from described import alerts
from mall import equal
from replay import CERTIFICATE, MALL, PER_MINUTE, Replay, of

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
    "MallNotScraped": (lambda r: r.gone(0), "page", 6),
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
    "MallCertificateEnds": (lambda r: r.gauge("strimzi_certificate_expiration_timestamp_ms", CERTIFICATE, lambda t: 365 * 86400000 if t < 0 else 10 * 86400000), "ticket", 61),
    "MallPodOlderThanCertificate": (lambda r: r.gauge("strimzi_certificate_expiration_timestamp_ms", CERTIFICATE, lambda t: 365 * 86400000 if t < 0 else 366 * 86400000), "ticket", 61),
}
FOLLOWS = {"MallDaemonDown": [("MallPodDown", "ticket")], "MallOutboxOld": []}
IN_STORIES = {"MallAutoscalerAtLimit", "MallConsumerDead", "MallLatency", "MallBreakerOpen", "MallAvailability", "MallFreshness"}


def test_every_alert_fires_where_its_thing_breaks():
    for name, (breaks, severity, latest) in BREAKS.items():
        replay = Replay(latest + 4, history=70)
        breaks(replay)
        trouble = None
        try:
            comes(replay.firing(), name, severity, 0, latest, FOLLOWS.get(name, ()))
        except AssertionError as why:
            trouble = str(why)
        yield name + " fires", trouble


def test_the_first_clash_is_told_where_its_series_begins_with_it():
    replay = Replay(70, history=70)
    replay.gauge("mall_events_clashing_total", of("product", event_type="Orderplaced"), lambda t: None if t < 1 else 1)
    firing = replay.firing()
    comes(firing, "MallEventsClash", "ticket", 1, 2)
    equal(firing[-1][1], set())                                 # and it ends after an hour


def test_a_lab_at_rest_calls_nobody_for_one_request():
    """One of three is slow, or one of 20 fails: each is more than its objective allows, and says nothing."""
    for a_minute, slow, failed in ((3 / 60, 1 / 3, 0), (20 / 60, 0, 1 / 20)):
        replay = Replay(30, history=6 * 60)
        replay.requests(lambda t, n=a_minute: n, fast=lambda t, s=slow: 1 - s, failed=lambda t, f=failed: f)
        equal([pair for pair in replay.firing() if [one for one in pair[1] if one[1] == "page"]], [])


def test_a_replay_of_known_events_is_no_dead_consumer():
    """After a restore it meets what it has applied already, or what it cannot take; lag remains until it is through."""
    for counted in ("mall_events_duplicate_total", "mall_events_dead_total"):
        replay = Replay(12, history=70)
        replay.events("product", lambda t: 0 if t > 0 else 100, lag=lambda t: 900 if t >= 0 else 0)
        replay.counter(counted, of("product", event_type="Orderplaced"), lambda t: 500 if t > 0 else 0)
        equal([pair for pair in replay.firing() if pair[1]], [])


def test_where_no_mall_has_been_nobody_is_called():
    """Prometheus is there before the first mall."""
    replay = Replay(20, history=1)
    for name in [name for name in replay.series if 'job="mall"' in name]:
        replay.series.pop(name)
    equal([pair for pair in replay.firing() if ("MallNotScraped", "page") in pair[1]], [])


def test_of_two_malls_the_one_that_is_gone_is_named():
    for mall, seen in (("user23-mall", {("MallNotScraped", "page")}), ("user24-mall", set())):
        replay = Replay(10, history=70)
        replay.gone(0)
        replay.gauge("up", of("order", mall="user24-mall", pod="user24-order-1", instance="2"), 1)
        replay.asked = 'count by (alertname, severity) (ALERTS{alertstate="firing",mall="%s"})' % mall
        equal(replay.firing()[-1][1], seen, mall)


def test_a_verdict_that_is_gone_or_of_one_console_alone():
    """NaN is no verdict; of two consoles the one that finds something is believed."""
    replay = Replay(6, history=70)
    replay.gauge("mall_books_balanced", of("frontend"), lambda t: 1 if t < 0 else float("nan"))
    equal([pair for pair in replay.firing() if pair[1]], [])
    replay = Replay(6, history=70)
    replay.gauge("mall_books_balanced", of("frontend", pod="user23-frontend-2", instance="2"), lambda t: 1 if t < 0 else 0)
    comes(replay.firing(), "MallBooksOff", "page", 1, 3)


def broker(replay, value, runs, asked):
    """The lab's one: what it shows, whether its pod runs, and whether it is a target."""
    there = {"namespace": "kafka", "pod": "my-kafka-0"}
    replay.gauge("kafka_server_replicamanager_leadercount", there, value)
    replay.gauge("kube_pod_status_phase", {**there, "phase": "Running"}, runs)
    replay.gauge("up", {**there, "job": "kafka/my-kafka"}, asked)


def test_a_broker_that_is_gone_is_told_from_one_that_nobody_asks_any_more():
    until_it_ends = lambda then: lambda t: 1 if t < 0 else then  # noqa: E731
    for runs, asked in ((0, None), (None, None), (1, 0)):       # waits for a node; is gone; runs and does not answer
        replay = Replay(5, history=70)
        broker(replay, until_it_ends(None), until_it_ends(runs), until_it_ends(asked))
        comes(replay.firing(), "MallKafkaBrokerDown", "page", 1, 2)
    replay = Replay(70, history=70)                             # the component was taken out
    broker(replay, until_it_ends(None), 1, until_it_ends(None))
    equal([pair for pair in replay.firing() if pair[1]], [])


def waits_for(replay, group):
    replay.gauge("kafka_consumergroup_lag", {"namespace": "kafka", "consumergroup": group, "topic": "mall", "partition": "0"}, rising(1, 1))


def silent_product(replay):
    replay.events("product")
    replay.gauge("kafka_consumer_records_lag", of("product", topic="mall", partition="0"), lambda t: 0 if t < 0 else None)


def test_a_group_is_dead_where_its_own_malls_service_is_silent():
    """Another mall's product on the same topic says its lag, and hides nothing."""
    replay = Replay(5, history=70)
    other = of("product", mall="user24-mall", pod="user24-product-1", instance="2")
    replay.gauge("kafka_consumer_records_lag", {**other, "topic": "mall", "partition": "0"}, 0)
    replay.gauge("up", other, 1)
    silent_product(replay)
    waits_for(replay, "user23-product")
    comes(replay.firing(), "MallKafkaGroupDead", "page", 2, 3)
    for group, silent in (("user23-product", False), ("console-consumer-71", True), ("somebody", True), ("somebody-product", True)):
        replay = Replay(6, history=70)
        if silent:
            silent_product(replay)
        waits_for(replay, group)
        equal([pair for pair in replay.firing() if pair[1]], [], group)


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
