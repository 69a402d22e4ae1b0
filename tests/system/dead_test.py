"""Dead letters: what a group could not apply is listed, mended and replayed once, or dropped, on both buses."""
import contextlib
import json
import os
import sqlite3
import subprocess
import time

import log_rows
from audit_test import audit
from console_test import Console
from mall import BIN, SHOP, SLOWER, Mall, equal, ports, until, until_equal

GARBAGE = b'{"eventType":"Orderplaced","id":'


def bus_of(mall):
    return "kafka://%s/mall" % mall.broker.address if mall.broker else "log:%s" % (mall.directory / "mall.log")


def dead(mall, *words, value=None):
    """The exit code, what is on stdout, and what is on stderr."""
    bus = ["--bus=" + bus_of(mall)] if mall else []
    done = subprocess.run([BIN / "mallctl", "dead", *words, *bus], input=value or "", capture_output=True, text=True, timeout=120 * SLOWER)
    return done.returncode, done.stdout, done.stderr


def letters(mall, *flags):
    code, out, trouble = dead(mall, "list", "--json", *flags)
    equal((code, trouble), (0, ""), "the list")
    return [json.loads(line) for line in out.splitlines()]


def place(letter):
    return "%s/%d/%d" % (letter["group"], letter["partition"], letter["offset"])


def of_group(mall, group, count=1, *flags):
    """Its letters, once there are so many."""
    return until(lambda: (found := letters(mall, "--group=" + group, *flags)) and len(found) == count and found)


def succeeds(mall, *words, value=None):
    code, out, trouble = dead(mall, *words, value=value)
    equal((code, trouble), (0, ""), "the end of %s" % " ".join(words))
    return out


def refused(mall, *words, says, code=1, value=None):
    got, out, trouble = dead(mall, *words, value=value)
    assert (got, out) == (code, "") and says in trouble, (words, got, out, trouble)


@contextlib.contextmanager
def log_of(mall):
    with contextlib.closing(sqlite3.connect(mall.directory / "mall.log", timeout=10, isolation_level=None)) as db:
        db.execute("PRAGMA wal_autocheckpoint = 0")
        yield db


def say(mall, value, key="1"):
    """Puts a record without headers on the topic."""
    if mall.broker:
        mall.broker.write("mall", value, key=key)
        return
    with log_of(mall) as db:
        db.execute("INSERT INTO log (topic, timestamp, key, value) VALUES ('mall', ?, ?, ?)", (int(time.time() * 1000), key.encode(), value))


def placed(number, qty=5, **more):
    return json.dumps({"eventType": "Orderplaced", "timestamp": int(time.time() * 1000), "id": number, "productId": "1001",
                       "productName": "TV", "qty": qty, "customerId": "100", "status": None, **more})


def say_again(mall, letter):
    """The replay of that letter once more, as a crash may leave it."""
    of = "error.mall.%s/%d/%d" % (letter["group"], letter["partition"], letter["offset"])
    if not mall.broker:
        with log_of(mall) as db:
            log_rows.split(db)
            copied = db.execute("INSERT INTO log (topic, timestamp, key, value, headers) SELECT topic, timestamp, key, value, headers"
                                " FROM log WHERE topic = 'mall' AND instr(headers, CAST(? AS BLOB))", (of.encode(),)).rowcount
        equal(copied, 1, "replays of %s" % of)
        return
    lines = [line.split("\t") for line in mall.broker.read("mall", "%h\t%s\n").splitlines() if of in line]
    equal(len(lines), 1, "replays of %s" % of)
    mall.broker.write("mall", lines[0][1].encode(), key="1", headers=[pair.split("=", 1) for pair in lines[0][0].split(",")])


def a_mended_letter_is_applied_once(bus):
    with Mall(bus=bus, only=SHOP) as mall:
        mall.register()
        mall.order_one()
        until_equal(mall.stock, 95)
        say(mall, GARBAGE)
        for group in SHOP:                                      # it has no type: each group hears it
            letter = of_group(mall, group)[0]
            equal((letter["state"], letter["value"], letter["key"], letter["note"]), ("open", GARBAGE.decode(), "1", None))
            equal(letter["original"]["topic"], "mall")
            assert letter["reason"], letter
        letter = of_group(mall, "delivery")[0]
        out = succeeds(mall, "show", place(letter))
        assert GARBAGE.decode() in out and "state     open" in out, out
        refused(mall, "replay", place(letter), "--value=-", value="{", says="the value is no event", code=2)
        succeeds(mall, "replay", place(letter), "--value=-", "--by=Ann", "--reason=cut off", value=placed(41))
        until_equal(mall.stock, 90)
        refused(mall, "replay", place(letter), "--value=-", value=placed(42), says="no longer open: it was replayed by Ann at ")
        refused(mall, "drop", place(letter), says="no longer open")
        say_again(mall, letter)
        mall.order_one(qty=1)
        until_equal(mall.stock, 89)
        equal(len(mall.delivery.rows("deliveries")), 3)
        equal(letters(mall, "--group=delivery"), [])
        note = of_group(mall, "delivery", 1, "--all")[0]["note"]
        assert note.startswith("replayed by Ann at 20") and note.endswith(": cut off"), note

        letter = of_group(mall, "product")[0]                   # not wanted: dropped, and that is recorded
        succeeds(mall, "drop", place(letter), "--by=Ben", "--reason=a test")
        equal(letters(mall, "--group=product"), [])
        code, out, _ = dead(mall, "list", "--all", "--group=product")
        assert code == 0 and "dropped by Ben at 20" in out and ": a test]" in out and "product: 0 open of 1" in out, out

        letter = of_group(mall, "order")[0]                     # as it was: a new letter, and the old one stays replayed
        succeeds(mall, "replay", place(letter))
        newer = of_group(mall, "order")[0]
        assert place(newer) != place(letter), newer
        equal([one["state"] for one in of_group(mall, "order", 2, "--all")], ["open", "replayed"])
        code, out, _ = dead(mall, "list")
        assert code == 0 and place(newer) in out and "order: 1 open of 2" in out, out


def test_over_the_log_a_mended_letter_is_applied_once():
    a_mended_letter_is_applied_once("log")


def test_over_kafka_a_mended_letter_is_applied_once():
    a_mended_letter_is_applied_once("kafka")


def two_replays_race(bus):
    with Mall(bus=bus, only=SHOP) as mall:
        mall.register()
        for n in range(3):
            say(mall, GARBAGE)
            letter = of_group(mall, "delivery")[0]
            racers = [subprocess.Popen([BIN / "mallctl", "dead", "replay", place(letter), "--value=/dev/stdin", "--bus=" + bus_of(mall)],
                                       stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
                      for _ in range(4)]
            ends = []
            for racer in racers:
                racer.stdin.write(placed(50 + n))
                racer.stdin.close()
            for racer in racers:
                trouble = racer.stderr.read()
                ends.append(racer.wait(60 * SLOWER))
                assert ends[-1] == 0 or "no longer open" in trouble, trouble
            assert 0 in ends, ends
        mall.order_one(qty=1)
        until_equal(mall.stock, 100 - 3 * 5 - 1)
        equal(len(mall.delivery.rows("deliveries")), 4)
        equal(letters(mall, "--group=delivery"), [])


def test_over_the_log_replays_that_race_are_applied_once():
    two_replays_race("log")


def test_over_kafka_replays_that_race_are_applied_once():
    two_replays_race("kafka")


def test_a_poisoned_event_is_mended_and_the_books_balance():
    with Mall(only=SHOP) as mall:
        mall.register()
        mall.delivery.stop()
        mall.order_one()
        with log_of(mall) as db:                                # on its way it is damaged
            value, = until(lambda: log_rows.split(db) or
                           db.execute("SELECT value FROM log WHERE topic = 'mall' AND instr(value, 'Orderplaced')").fetchone())
            db.execute("UPDATE log SET value = ? WHERE value = ?", (GARBAGE, value))
        mall.delivery.start()
        letter = of_group(mall, "delivery")[0]
        equal(letter["eventType"], "Orderplaced")
        code, lines, _ = audit(mall, "--bus=" + bus_of(mall))
        assert code == 1 and any("1 record" in line for line in lines), lines
        (mall.directory / "mended.json").write_bytes(value + b"\n")
        succeeds(mall, "replay", place(letter), "--value=%s" % (mall.directory / "mended.json"))
        until_equal(mall.stock, 95)
        code, lines, trouble = audit(mall, "--settle=60s", "--bus=" + bus_of(mall))
        equal((code, trouble), (0, ""), lines)
        equal(lines[0], "on the topic, and nobody's event: 1 record (mallctl dead list)")
        assert lines[-1].endswith(": balanced"), lines
        equal(mall.order.get("/orders/1").body["status"], "DeliveryStarted")


def copy_with_other_content(mall, kind):
    """The last event of that type once more, under its own identity, but damaged: its receivers make letters of it."""
    with log_of(mall) as db:
        log_rows.split(db)
        offset, value = db.execute("SELECT offset, value FROM log WHERE topic = 'mall' AND instr(value, ?) ORDER BY offset DESC",
                                   ('"eventType":"%s"' % kind,)).fetchone()
        damaged = json.dumps({**json.loads(value), "customerId": "999"}).encode()
        db.execute("INSERT INTO log (topic, timestamp, key, value, headers) SELECT topic, timestamp, key, ?, headers FROM log WHERE offset = ?",
                   (damaged, offset))


def test_what_was_applied_is_not_applied_again_by_a_replay():
    with Mall(only=SHOP) as mall:
        mall.register()
        mall.order_one()
        mall.order_one(qty=7)
        until_equal(mall.stock, 88)
        until(lambda: all(o["status"] == "DeliveryStarted" for o in mall.order.rows("orders")))
        equal(mall.order.delete("/orders/2").status, 204)
        until_equal(mall.stock, 95)
        told = 0
        for kind, groups in (("Orderplaced", ["delivery"]), ("DeliveryStarted", ["order", "product"]), ("OrderCanceled", ["delivery"]),
                             ("DeliveryCanceled", ["order", "product"])):
            copy_with_other_content(mall, kind)
            for group in groups:
                letter = of_group(mall, group)[0]
                assert "another event came" in letter["reason"], letter
                succeeds(mall, "replay", place(letter))
                told += 1
        equal(len(letters(mall, "--all")), told)
        mall.order_one(qty=1)
        until_equal(mall.stock, 94)
        equal(len(mall.delivery.rows("deliveries")), 2)
        equal(letters(mall), [])
        code, lines, trouble = audit(mall, "--settle=60s", "--bus=" + bus_of(mall))
        equal((code, trouble), (0, ""), lines)


def test_a_replay_whose_program_is_killed_before_the_marker_is_applied_once():
    with Mall(only=SHOP) as mall:
        mall.register()
        say(mall, GARBAGE)
        letter = of_group(mall, "delivery")[0]
        (mall.directory / "mended.json").write_text(placed(41))
        words = ["replay", place(letter), "--value=%s" % (mall.directory / "mended.json")]
        with log_of(mall) as db:
            db.execute("CREATE TRIGGER no_marker BEFORE INSERT ON log WHEN NEW.topic <> 'mall' BEGIN SELECT RAISE(ABORT, 'no'); END")
            program = subprocess.Popen([BIN / "mallctl", "dead", *words, "--bus=" + bus_of(mall)], stderr=subprocess.PIPE)
            until_equal(mall.stock, 95)
            program.kill()
            assert program.wait() < 0, "it ended by itself: %r" % program.stderr.read()
            db.execute("DROP TRIGGER no_marker")
        equal([one["state"] for one in of_group(mall, "delivery")], ["open"])
        succeeds(mall, *words)
        mall.order_one(qty=1)
        until_equal(mall.stock, 94)
        equal(len(mall.delivery.rows("deliveries")), 2)
        equal(letters(mall, "--group=delivery"), [])


def a_console_mends(bus):
    with Mall(bus=bus, only=SHOP) as mall:
        mall.register()
        say(mall, GARBAGE)
        of_group(mall, "delivery")
        with Console(mall, console_faults="on") as console:
            shown = until(lambda: (body := console.get("/dead").body) and len(body["letters"]) == 3 and body)
            equal((shown["allowed"], shown["why"]), (True, None))
            equal([(g["group"], g["topic"], g["open"]) for g in shown["groups"]], [(s, "error.mall." + s, 1) for s in sorted(SHOP)])
            assert all(0 <= g["oldestSeconds"] < 600 for g in shown["groups"]), shown["groups"]
            equal(console.metric("mall_dead_letters", group="delivery"), 1)
            assert console.metric("mall_dead_letter_oldest_seconds", group="delivery") > 0
            letter = next(one for one in shown["letters"] if one["group"] == "delivery")
            path = "/dead/" + place(letter)
            answer = console.post(path + "/replay", {"value": "{"})
            equal(answer.status, 400)
            assert "the value is no event" in answer.body["detail"], answer.text
            answer = console.post(path + "/replay", {"value": placed(41)})
            equal((answer.status, answer.body["state"]), (200, "replayed"), answer.text)
            until_equal(mall.stock, 95)
            answer = console.post(path + "/replay", {"value": placed(41)})
            equal(answer.status, 409, answer.text)
            equal(console.post("/dead/product/0/99999/drop", {}).status, 404)
            letter = next(one for one in shown["letters"] if one["group"] == "product")
            answer = console.post("/dead/%s/drop" % place(letter), {"reason": "a test"})
            equal((answer.status, answer.body["state"]), (200, "dropped"), answer.text)
            assert answer.body["note"].endswith(": a test"), answer.text
            until_equal(lambda: [g["open"] for g in console.get("/dead").body["groups"]], [0, 1, 0])
            until_equal(lambda: console.metric("mall_dead_letters", group="delivery"), 0)
            equal(console.metric("mall_dead_letter_oldest_seconds", group="delivery"), 0)
            equal(console.metric("mall_dead_letters", group="order"), 1)
        mall.order_one(qty=1)
        until_equal(mall.stock, 94)


def test_over_the_log_the_console_lists_and_mends():
    a_console_mends("log")


def test_over_kafka_the_console_lists_and_mends():
    a_console_mends("kafka")


def large(number, size):
    """An event of that size, of which each second byte takes a backslash in JSON."""
    return placed(number, more='"' * (size // 2))


def test_a_large_letter_is_shown_whole_and_mended():
    with Mall(only=SHOP) as mall, Console(mall, console_faults="on") as console:
        mall.register()
        value = large(41, 300 * 1024)[:-1]                      # its end is missing
        say(mall, value.encode())
        letter = of_group(mall, "delivery")[0]
        shown = until(lambda: [one for one in console.get("/dead").body["letters"] if one["group"] == "delivery"])[0]
        equal((shown["valueCut"], len(shown["value"])), (True, 2048))
        path = "/dead/" + place(letter)
        answer = console.get(path)
        equal((answer.status, answer.body["valueCut"], answer.body["value"] == value), (200, False, True))
        equal(answer.body["reason"], shown["reason"])
        equal(console.ask("HEAD", path).status, 200)
        for nowhere in ("/dead/delivery/0/99999", "/dead/nosuch/0/1", "/dead/delivery/7/1", "/dead/delivery/0"):
            equal(console.get(nowhere).status, 404, nowhere)
        answer = console.post(path + "/replay", {"value": value + "}"})
        equal((answer.status, answer.body["state"]), (200, "replayed"), answer.text[:300])
        until_equal(mall.stock, 95)
        equal(console.get(path).body["state"], "replayed")
        path = "/dead/" + place(of_group(mall, "product")[0])
        most = large(42, 900 * 1024 - 400)
        answer = console.ask("POST", path + "/replay", json.dumps({"value": "x" * (900 * 1024 + 1)}).encode(), {"Content-Type": "application/json"})
        equal(answer.status, 400, answer.text[:300])
        equal(console.post(path + "/replay", {"value": large(42, 1000 * 1024)}).status, 413)
        equal(console.ask("POST", path + "/replay", b" " * (4 << 20), {"Content-Type": "application/json"}).status, 413)
        equal(console.post(path + "/replay", {"value": most}).status, 200)


def test_the_console_refuses_what_it_must():
    with Mall(only=SHOP) as mall:
        say(mall, GARBAGE)
        letter = of_group(mall, "delivery")[0]
        path = "/dead/%s/" % place(letter)
        with Console(mall) as console:                          # faults are off by default
            until(lambda: console.get("/dead").body["letters"])
            equal(console.get("/dead").body["allowed"], False)
            equal(console.post(path + "drop", {}).status, 403)
        with Console(mall, console_faults="on") as console:
            equal(console.post(path + "drop", {}, Origin="http://elsewhere.example").status, 403)
            equal(console.ask("POST", path + "drop", b"{}", {"Content-Type": "text/plain"}).status, 415)
            equal(console.ask("POST", path + "drop", b"{", {"Content-Type": "application/json"}).status, 400)
            for verb, body in (("drop", []), ("drop", {"reason": 7}), ("drop", {"reason": "x" * 501}), ("drop", {"value": "{}"}),
                               ("replay", {"value": {}}), ("replay", {"value": ""})):
                equal(console.post(path + verb, body).status, 400, "%s %r" % (verb, body))
            equal(console.post(path + "drop", {"reason": "", "more": "x" * 9000}).status, 413)
            equal(console.post(path[:-1], {}).headers["allow"], "GET, HEAD")
            for wrong in ("/dead/delivery/drop", "/dead/delivery/0/x/drop", "/dead/%s/burn" % place(letter), "/dead/", "/dead/x"):
                equal(console.post(wrong, {}).status, 404, wrong)
            equal(console.get(path + "drop").status, 405)
            equal(console.post("/dead", {}).status, 405)
        equal([one["state"] for one in of_group(mall, "delivery")], ["open"])


def test_bad_input_gets_a_clear_error():
    with Mall(only=("delivery",)) as mall:
        say(mall, GARBAGE)
        letter = of_group(mall, "delivery")[0]
        wrong = [(["list", "more"], "takes flags only"), (["list", "--group=a b"], "--group"), (["list", "--frm=1"], "--frm"),
                 (["show"], "one PLACE"), (["show", "a/0/1", "b/0/1"], "one PLACE"), (["show", "delivery"], "GROUP/PARTITION/OFFSET"),
                 (["show", "delivery/0/x"], "GROUP/PARTITION/OFFSET"), (["show", "delivery/-1/0"], "GROUP/PARTITION/OFFSET"),
                 (["drop", "/0/1"], "GROUP/PARTITION/OFFSET"), (["replay", place(letter), "--value=/nowhere"], "/nowhere"),
                 (["replay", place(letter), "--value=-"], "the value is no event"), (["show", place(letter), "--all"], "--all"), (["drop", place(letter), "--value=-"], "--value")]
        for words, says in wrong:
            refused(mall, *words, says=says, code=2)
        for bus in ("mall.log", "kafka://localhost:9092"):
            refused(None, "list", "--bus=" + bus, says="the bus is log:PATH", code=2)
        refused(mall, "show", "delivery/0/99999", says="there is no dead letter delivery/0/99999")
        refused(mall, "list", "--group=deliver", says="there is no group deliver; there are order, delivery and product")
        equal(letters(mall, "--group=product"), [])
        done = subprocess.run([BIN / "mallctl", "dead", "list"], capture_output=True, text=True, timeout=60, env={**os.environ, "MALL_BUS_URL": bus_of(mall)})
        assert done.returncode == 0 and "delivery: 1 open of 1" in done.stdout, done
        refused(mall, "drop", "nosuch/0/1", says="there is no dead letter nosuch/0/1")
        for verb in ("list", "show", "replay", "drop"):
            code, out, _ = dead(None, verb, "--help")
            assert code == 0 and out.startswith("usage: mallctl dead %s" % verb), out
        equal([one["state"] for one in of_group(mall, "delivery")], ["open"])


def test_without_the_bus_it_says_so():
    closed = ports.reserve()
    for words in (["list"], ["show", "delivery/0/1"], ["drop", "delivery/0/1"]):
        refused(None, *words, "--bus=log:/nowhere/mall.log", says="/nowhere/mall.log")
        refused(None, *words, "--bus=kafka://127.0.0.1:%d/mall" % closed, says="Kafka at 127.0.0.1:%d" % closed)
