"""Each query of each board and rule is asked of a real Prometheus that scrapes two running malls, and must give a series.

One mall is on the embedded log and SQLite, with the question to product; the other on Kafka and PostgreSQL. Faults make what is wrong.
others.prom stands for the parts that are not here. WITHOUT has what gives no series here, with the reason.
"""
import contextlib
import http.server
import json
import pathlib
import re
import threading

import monitor
from mall import DAEMONS, Mall, a_server, ports, until
from described import queries

HERE = pathlib.Path(__file__).resolve().parent
ORDER = {"productId": "1001", "productName": "TV", "qty": 1, "customerId": "100"}
# queries that are right to give nothing while all is well, by a piece of their text
WITHOUT = {
    "offset 1h": "the test is not an hour old",
}


class Others(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write((HERE / "others.prom").read_bytes())

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def others():
    """The scrape_config of what is not here."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Others)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield {"job_name": "others", "honor_labels": True, "static_configs": [{"targets": ["127.0.0.1:%d" % server.server_port]}]}
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def metrics_of(mall):
    """Where each daemon shows its metrics."""
    return {name: daemon.management.port for name, daemon in mall.daemons.items()}


def start_console(mall):
    """The harness gives the console nobody to look at."""
    mall.frontend.settings["services"] = ",".join("%s=http://127.0.0.1:%d" % pair for pair in metrics_of(mall).items() if pair[0] != "frontend")


@contextlib.contextmanager
def malls():
    with contextlib.ExitStack() as ends:
        one = Mall(only=DAEMONS, admin=True)
        one.order.settings.update(stock_check_url="http://127.0.0.1:%d" % one.product.port)
        two = Mall(bus="kafka", only=DAEMONS, admin=True, db_url=ends.enter_context(a_server()).url)
        for mall in (one, two):
            start_console(mall)
            ends.enter_context(mall)
            mall.register(stock=1000000)
        yield one, two


def set_in_motion(mall):
    """What makes each series at all: orders, and all that may go wrong with them."""
    mall.fault("order", "publish-twice", rate=0.2, duration="1h")
    mall.fault("order", "publish-garbage", rate=0.1, duration="1h")
    mall.fault("order", "http-status", status=503, rate=0.2, method="POST", duration="1h")


def identities(mall, n):
    """Two events of one identity that say different things, as after a restored store of somebody else."""
    for qty in (1, 2):
        said = json.dumps({"eventType": "Orderplaced", "id": 900000 + n, "productId": "1001", "qty": qty, "customerId": "1"}).encode()
        mall.broker.write("mall", said, key=str(900000 + n), headers=(("ce_id", "clash-%d" % n), ("ce_source", "/elsewhere"), ("ce_type", "Orderplaced"), ("ce_specversion", "1.0")))


class Trade:
    """Orders, reads and looks at the console, until its end."""

    def __init__(self, *malls):
        self.malls, self.ending, self.count = malls, threading.Event(), 0
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.ending.wait(0.05):
            self.count += 1
            for mall in self.malls:
                mall.gateway.post("/orders", ORDER)
                mall.order.get("/orders/1")
                mall.order.get("/nothing")
                if self.count % 20 == 1:
                    for path in ("/dead", "/books"):
                        mall.frontend.get(path)
                    if mall.broker:
                        identities(mall, self.count)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()


COMPARISON = re.compile(r"\s*(?:==|!=|<=|>=|<|>)\s*[-0-9.e+]+(?:\s*\* 86400)?\s*$")


def bare(text):
    """A piece of a rule without the parentheses that were cut or that are all around it, and without what it is compared with."""
    text, before = text.strip(), None
    while text != before:
        before, missing = text, text.count("(") - text.count(")")
        if missing > 0:
            text = text[unmatched(text) + 1:]                   # with the function whose other argument was cut
        elif missing < 0 and text.endswith(")"):
            text = text[:-1]
        elif text.startswith("(") and closes_last(text):
            text = text[1:-1]
        text = COMPARISON.sub("", text).strip()
    return text


def unmatched(text):
    """Where the first parenthesis is that nothing closes."""
    opened = []
    for place, letter in enumerate(text):
        if letter == "(":
            opened.append(place)
        elif letter == ")" and opened:
            opened.pop()
    return opened[0]


def closes_last(text):
    """The parenthesis that opens it ends it."""
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return place == len(text) - 1
    return False


def operands(expression):
    """The parts of a rule that must each give a series: each side of and, or, unless, without its comparison with a number."""
    return [bare(part) for part in re.split(r"\s(?:and|or|unless)\b(?: on \([^)]*\))?\s", expression)]


def of_rules(watch):
    """(rule, expression): of a recording rule as it is, of an alert what it compares."""
    for group in watch.get("/api/v1/rules")["groups"]:
        for rule in group["rules"]:
            if rule["type"] == "recording":
                yield "rule %s" % rule["name"], rule["query"]
            else:
                for part in operands(rule["query"]):
                    yield "alert %s" % rule["name"], part


def is_excused(expression):
    return any(piece in expression for piece in WITHOUT)


def without_series(watch, asked):
    silent = []
    for where, expression in asked:
        try:
            if not watch.ask(expression):
                silent.append((where, expression))
        except OSError as why:
            silent.append((where, "%s: %s" % (expression, why.read().decode() if hasattr(why, "read") else why)))
    return silent


def test_each_query_of_each_board_and_rule_gives_a_series():
    with malls() as (one, two), others() as job, a_folder() as folder:
        more = {**monitor.mall_job(metrics_of(two), "user23-mall", "shop"), "job_name": "two"}
        more["relabel_configs"] = [{"target_label": "job", "replacement": "mall"}]
        with monitor.Monitor(folder, metrics_of(one), ports.reserve(), ports.reserve(), every="1s", jobs=[more, job]) as watch:
            for mall in (one, two):
                set_in_motion(mall)
            with Trade(one, two):
                asked = []

                def left():
                    asked[:] = [*queries(), *of_rules(watch)]
                    return [pair for pair in without_series(watch, asked) if not is_excused(pair[1])]
                silent = [None]
                with contextlib.suppress(AssertionError):
                    until(lambda: silent.__setitem__(slice(None), left()) or not silent, 120, every=2)
                assert len(asked) > 90, asked
                assert not silent, "no series:\n" + "\n".join("%s: %s" % pair for pair in silent)


@contextlib.contextmanager
def a_folder():
    folder = Mall.new_directory()
    try:
        yield folder
    finally:
        Mall.remove_directory(folder)
