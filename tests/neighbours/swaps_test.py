"""A place is handed over from ours to Spring and back while orders flow, as docs/beside-spring.md says it."""
from neighbour import PATIENCE
from mix import Mix, Trade, one_broker
from mall import BIN, tool, until, until_equal


def some(mix, trade):
    """Orders, a few of them canceled, all followed to their end: the service that takes over delivery does not know these."""
    trade.more()
    for number in trade.kept()[-3:]:
        trade.cancel(number)
    until(lambda: all(mix.said()["DeliveryCanceled", str(number)] for number in trade.canceled), PATIENCE, every=0.3)


def there_and_back(hand_over):
    with one_broker() as broker, Mix(broker) as mix:
        trade = Trade(mix)
        with trade.flowing():
            some(mix, trade)
            hand_over(mix, trade)
            some(mix, trade)
            hand_over(mix, trade)
            some(mix, trade)
        trade.settles()


def hand_over_order(mix, trade):
    """Its events are on the topic before it ends; its numbers are not given again."""
    with trade.open:
        if mix.is_ours("order"):
            until_equal(lambda: mix.order.metric("mall_outbox_pending"), 0, PATIENCE)
            mix.end("order")
            mix.begin_theirs("order", first_id=max(trade.placed) + 1)
        else:
            mix.end("order")
            tool(BIN / "mallctl", "renew", "sqlite:%s" % (mix.directory / "order.db"))
            mix.begin_ours("order")


def test_order():
    there_and_back(hand_over_order)


def test_delivery():
    there_and_back(lambda mix, trade: mix.hand_over("delivery"))


def hand_over_product(mix, trade):
    """Its stock stands still while no delivery runs."""
    mix.end("delivery")
    until(trade.has_moved, PATIENCE, every=0.3)
    stock = mix.stock(trade.inventory)
    mix.hand_over("product")
    if mix.product.rows("inventories"):
        trade.set_stock(stock)
    else:
        trade.inventory = mix.register(stock=stock)
    mix.begin_ours("delivery")


def test_product():
    there_and_back(hand_over_product)
