"""Each of order, delivery and product is ours or Spring's: eight malls, in which the same is bought and canceled."""
import concurrent.futures
import itertools
import subprocess
import traceback

from mix import Mix, Trade, one_broker
from mall import BIN, SHOP, SLOWER, equal

ORDERS, CLIENTS = 48, 4


def trade_in(mix):
    """Some orders are canceled at once, before or after a service heard of them, others when all are placed."""
    trade = Trade(mix)

    def buy(turn):
        number = trade.place(qty=turn % 5 + 1)
        if turn % 6 == 5:
            trade.cancel(number)
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(buy, range(ORDERS)))
    for number in trade.kept()[::5]:
        trade.cancel(number)
    equal((len(trade.placed), len(trade.canceled)), (48, 16), "orders placed and canceled")
    return trade


def audit(mix):
    """Balanced; 3: as far as it can be checked beside an order or a product of others."""
    places = ["--%s=http://localhost:%d" % (name, mix.ours[name].port) for name in SHOP]
    done = subprocess.run([BIN / "mallctl", "audit", "--settle=60s", "--bus=kafka://%s/%s" % (mix.kafka.address, mix.topic), *places],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=180 * SLOWER)
    equal(done.returncode, 0 if mix.is_ours("order") and mix.is_ours("product") else 3, done.stdout)


def tell(broker, theirs):
    with Mix(broker, theirs, topic="mall-" + "-".join(theirs or ("ours",))) as mix:
        trade = trade_in(mix)
        trade.balances()
        audit(mix)
        for name in SHOP:
            if mix.is_ours(name):
                equal(mix.daemons[name].metric("mall_events_dead_total") or 0, 0, "what %s did not understand" % name)
    assert trade.is_all_said(), "what a service said when it ended"


def mixes(*order):
    with one_broker() as broker:
        for rest in itertools.product((True, False), repeat=2):
            theirs = order + tuple(name for name, is_theirs in zip(("delivery", "product"), rest) if is_theirs)
            name = "Spring's are " + ", ".join(theirs) if theirs else "none is Spring's"
            try:
                tell(broker, theirs)
                yield name, None
            except Exception:
                yield name, traceback.format_exc(limit=-3)


def test_orders_are_ours():
    yield from mixes()


def test_orders_are_springs():
    yield from mixes("order")
