"""The consumer is dead: who notices first? docs/kafka-exercise.md tells it. delivery's consumer is paused by the switch for faults, and in
another mall its process stands still. Each view is asked again and again, and says when it first saw it."""
import http.client
import re
import signal
import subprocess
import time

from mall import BIN, SHOP, TOP, Mall, equal, until, until_equal
from restore_test import kafka_home

BEFORE = 40                                                     # orders, so that each partition has some
LAG = TOP / "deploy/k8s/components/kafka-metrics/lag.sh"
slow = ("test_a_consumer_that_is_paused_tells_its_lag_and_looks_well", "test_of_a_consumer_that_stands_still_only_others_can_tell")


def outside(mall):
    """delivery's lag and members, as the component's script shows them: Kafka's own tool."""
    shown = mall.directory / "shown"
    done = subprocess.run(["bash", LAG, "once"], text=True, timeout=120, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={"PATH": "/usr/local/bin:/usr/bin:/bin", "KAFKA_HOME": str(kafka_home(mall.directory)), "BROKER": mall.broker.address, "SHOWN": str(shown)})
    assert done.returncode == 0, done.stdout
    text = (shown / "metrics.txt").read_text() if (shown / "metrics.txt").exists() else ""
    lag = [int(n) for n in re.findall(r'kafka_consumergroup_lag\{consumergroup="delivery",.*\} (\d+)', text)]
    members = re.search(r'kafka_consumergroup_members\{consumergroup="delivery"\} (\d+)', text)
    return sum(lag) if lag else None, int(members[1]) if members else None


def own_lag(mall):
    """What delivery says itself; None: it does not answer."""
    return answered(lambda: mall.delivery.metric("kafka_consumer_records_lag"))


def answered(ask):
    try:
        return ask()
    except (OSError, http.client.HTTPException):
        return None


def health(mall, probe):
    answer = answered(lambda: mall.delivery.ask("GET", "/actuator/health/" + probe, timeout=2))
    return answer.status if answer else None


def event_age(mall, what="count"):
    """Of the events that delivery has applied: how many, and with "sum" how old they were in all, in seconds."""
    return mall.delivery.metric("mall_event_age_seconds_" + what)


def audit(mall):
    done = subprocess.run([BIN / "mallctl", "audit", "--settle=1s", "--bus=%s" % mall.order.settings["bus_url"],
                           *("--%s=http://localhost:%d" % (name, mall.daemons[name].port) for name in SHOP)],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=180)
    return done.returncode, done.stdout


class Exercise:
    """Orders are placed all the time; noticed: after how many seconds each view first saw what it looks for."""

    def __init__(self, mall):
        self.mall, self.began, self.noticed, self.placed, self.shown = mall, time.monotonic(), {}, [], None
        self.placed_first = None                                # when the first of them were there

    def look(self, views):
        self.placed += [self.mall.order_one(qty=1) for _ in range(3)]
        self.placed_first = self.placed_first or time.monotonic()
        self.shown = None
        for name, sees in views.items():
            if name not in self.noticed:
                seen = sees()
                if seen:
                    self.noticed[name] = (time.monotonic() - self.began, seen)
        return self.noticed.keys() >= views.keys()

    def from_outside(self):
        """Asked once a look for all views: it is a JVM each time."""
        self.shown = self.shown or outside(self.mall)
        return self.shown

    def tell(self, title):
        print(title)
        for name, (seconds, seen) in sorted(self.noticed.items(), key=lambda n: n[1][0]):
            print("%6.1f s  %-28s %s" % (seconds, name, seen))


def at_work(mall):
    """With a position in each of the six partitions: of one where a group has none, Kafka's tool tells nothing once it has no member."""
    mall.register(stock=10000)
    for _ in range(BEFORE):
        mall.order_one(qty=1)
    until(lambda: len(mall.delivery.rows("deliveries")) == BEFORE)
    until(lambda: outside(mall) == (0, 1), 180)
    until_equal(lambda: event_age(mall), BEFORE)
    return Exercise(mall)


def all_wait(seen, count):
    """For a group without a member. Where the tool did not answer there is no figure."""
    waiting, members = seen
    return members == 0 and waiting >= count


def comes_back(exercise):
    """All that waited is applied, once; every view says that it is well."""
    mall = exercise.mall
    until(lambda: len(mall.delivery.rows("deliveries")) == len(exercise.placed) + BEFORE, 60)
    until(lambda: own_lag(mall) == 0, 60)
    until(lambda: outside(mall) == (0, 1), 180)
    until(lambda: audit(mall)[0] == 0, 60, every=1)
    until_equal(lambda: mall.stock(), 10000 - len(exercise.placed) - BEFORE)


def test_a_consumer_that_is_paused_tells_its_lag_and_looks_well():
    with Mall(bus="kafka", admin=True) as mall:
        exercise = at_work(mall)
        before = event_age(mall, "sum")
        fault = mall.fault("delivery", "consume-pause", duration="1h")
        applied = mall.delivery.metric("mall_events_consumed_total")
        until(lambda: exercise.look({
            "its own lag": lambda: (own_lag(mall) or 0) > 5 and "%d events" % own_lag(mall),
            "lag from outside": lambda: (exercise.from_outside()[0] or 0) > 5 and "%d events, %s member" % exercise.from_outside(),
            "mallctl audit": lambda: audit(mall)[0] == 1 and [line for line in audit(mall)[1].split("\n") if line][0],
        }), 180, every=0.2)
        exercise.tell("delivery's consumer is paused")
        assert mall.delivery.metric("mall_events_consumed_total") - applied <= 1, "it applies events"
        assert event_age(mall) <= BEFORE + 1, "what is not applied has no age yet"
        equal((health(mall, "readiness"), health(mall, "liveness")), (200, 200), "its probes")
        equal(outside(mall)[1], 1, "the group's members: it looks alive")
        waited = time.monotonic() - exercise.placed_first
        equal(mall.delivery.admin.delete("/faults/%d" % fault).status, 204)
        comes_back(exercise)
        until_equal(lambda: event_age(mall), BEFORE + len(exercise.placed))
        assert event_age(mall, "sum") - before >= waited - 0.1, "afterwards they were as old as they waited"


def test_of_a_consumer_that_stands_still_only_others_can_tell():
    with Mall(bus="kafka", admin=True) as mall:
        exercise = at_work(mall)
        mall.delivery.signal(signal.SIGSTOP)
        try:
            until(lambda: exercise.look({
                "readiness": lambda: health(mall, "readiness") is None and "no answer within 2 s",
                "its own lag": lambda: answered(lambda: mall.delivery.ask("GET", "/actuator/prometheus", timeout=2)) is None and "no answer within 2 s: the series ends",
                "lag from outside": lambda: (exercise.from_outside()[0] or 0) > 2 and "%d events, %s member" % exercise.from_outside(),
                "the group has no member": lambda: exercise.from_outside()[1] == 0 and "%d events, %s member" % exercise.from_outside(),
            }), 180, every=0.2)
            exercise.tell("delivery's process stands still")
            until(lambda: all_wait(outside(mall), len(exercise.placed)), 180)
        finally:
            mall.delivery.signal(signal.SIGCONT)
        comes_back(exercise)
