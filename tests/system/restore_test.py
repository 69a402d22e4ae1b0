"""All services are restored from last night's dump by the scripts that the jobs of components/efs run, while Kafka kept the events since
then: the lost orders come back from the topic, and the books balance."""
import contextlib
import os
import pathlib
import sqlite3
import subprocess

import log_rows
from mall import BIN, SHOP, TOP, Mall, equal, on_postgresql, tool, until, until_equal

SCRIPTS = TOP / "deploy/backup"


def kafka_home(directory):
    """Kafka's tools where its image has them."""
    home = pathlib.Path(directory) / "kafka-home"
    (home / "bin").mkdir(parents=True, exist_ok=True)
    script = home / "bin/kafka-consumer-groups.sh"
    script.write_text("#!/bin/sh\nexec java -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp '%s/*' "
                      "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand \"$@\"\n" % tools_libs())
    script.chmod(0o755)
    return home


def tools_libs():
    """kafka-tools is no part of the broker that tests run."""
    libs = TOP / "build/kafka/tools"
    if not (libs / ".complete").exists():
        pom = TOP / "tests/kafka/tools.xml"
        subprocess.check_call(["mvn", "-q", "-B", "-f", pom, "dependency:copy-dependencies", "-DoutputDirectory=%s" % libs], stdout=subprocess.DEVNULL)
        (libs / ".complete").touch()
    return libs


def script(name, mall, server=None, good=True, **env):
    env = {**os.environ, "SERVICES": " ".join(SHOP), "BACKUP_DIR": str(mall.directory / "backups"), "MALL_DB_URL": server.url if server else "", **env}
    done = subprocess.run(["bash", SCRIPTS / name], env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    assert good is None or (done.returncode == 0) == good, "%s: %s" % (name, done.stdout)
    return done.stdout


def seen(directory):
    """Its files, but for the lock."""
    return sorted(p.name for p in directory.iterdir() if p.name != ".lock")


def shim(mall, **programs):
    """PATH with programs of ours before the others."""
    home = mall.directory / "shims"
    home.mkdir(exist_ok=True)
    for name, text in programs.items():
        (home / name).write_text("#!/bin/bash\n" + text)
        (home / name).chmod(0o755)
    return "%s:%s" % (home, os.environ["PATH"])


def at_rest(mall, orders):
    """All of them have what became of them."""
    until(lambda: {o["id"]: o["status"] for o in mall.order.rows("orders")} == orders, 60)
    until(lambda: all(d.metric("mall_outbox_pending") == 0 for d in mall.services()))


def audit(mall, settle="60s"):
    done = subprocess.run([BIN / "mallctl", "audit", "--settle=" + settle, "--bus=%s" % mall.order.settings["bus_url"],
                           *("--%s=http://localhost:%d" % (name, mall.daemons[name].port) for name in SHOP)],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=180)
    return done.returncode, done.stdout


def what_is_there(mall):
    orders = {o["id"]: (o["productId"], o["qty"], o["customerId"], o["status"]) for o in mall.order.rows("orders")}
    deliveries = {d["id"]: (d["orderId"], d["qty"], d["productId"], d["status"]) for d in mall.delivery.rows("deliveries")}
    return orders, deliveries, mall.stock()


def trade(mall, count):
    return [mall.order_one(qty=1) for _ in range(count)]


def live(mall):
    """20 orders before the backup, and of the night's 15 some that are canceled and one that is out of stock; what there is."""
    mall.register(stock=100)
    before = trade(mall, 20)
    states = {i: "DeliveryStarted" for i in before}
    at_rest(mall, states)
    yield
    for number in (before[3], before[7]):
        equal(mall.order.delete("/orders/%d" % number).status, 204)
        del states[number]
    lost = trade(mall, 15)
    states.update({i: "DeliveryStarted" for i in lost})
    equal(mall.order.delete("/orders/%d" % lost[4]).status, 204)
    del states[lost[4]]
    states[mall.order_one(qty=500)] = "OutOfStock"
    at_rest(mall, states)
    until_equal(mall.stock, 100 - 18 - 14)
    yield states


def recover(mall, server):
    return "".join(tool(BIN / "mallctl", "recover", "--db", server.url, "--service", service, "--bus", mall.order.settings["bus_url"])
                   for service in SHOP)


def test_all_services_are_restored_from_one_dump_and_the_lost_orders_come_back():
    with on_postgresql(bus="kafka") as (mall, server):
        night = live(mall)
        next(night)
        said = script("backup.sh", mall, server)
        assert "bytes" in said, said
        states = next(night)
        lived = what_is_there(mall)
        said = script("restore.sh", mall, server, good=False)
        assert "still at work" in said and "order" in said, said
        for daemon in mall.services():
            equal(daemon.stop(), 0)
        script("restore.sh", mall, server)
        said = recover(mall, server)
        assert "15 orders were taken back and 2 removed" in said and "14 deliveries were taken back and 2 removed" in said, said
        home = kafka_home(mall.directory)
        said = script("again.sh", mall, good=False, MALL_BUS_URL=mall.order.settings["bus_url"], KAFKA_HOME=str(home), MALL_BUS_GROUP_PREFIX="user23-")
        assert "there is no group user23-order" in said, said
        script("again.sh", mall, MALL_BUS_URL=mall.order.settings["bus_url"], KAFKA_HOME=str(home))
        for daemon in mall.services():
            daemon.start()
        at_rest(mall, states)
        until_equal(mall.stock, lived[2])
        equal(what_is_there(mall), lived)
        code, said = audit(mall)
        assert code == 0 and "balanced" in said, said
        fresh = trade(mall, 5)
        assert min(fresh) > max(lived[0]), "an id that was given before"
        at_rest(mall, {**states, **{i: "DeliveryStarted" for i in fresh}})
        equal(mall.order.get("/orders?size=1").body["page"]["totalElements"], len(states) + 5)
        equal(mall.delivery.get("/deliveries?size=1").body["page"]["totalElements"], len(lived[1]) + 5)
        code, said = audit(mall)
        assert code == 0 and "balanced" in said, said
        for daemon in mall.services():
            equal(daemon.metric("mall_events_clashing_total"), 0)


def test_without_recover_the_audit_names_what_is_lost():
    """So the story above would see it."""
    with on_postgresql(bus="kafka") as (mall, server):
        night = live(mall)
        next(night)
        script("backup.sh", mall, server)
        next(night)
        for daemon in mall.services():
            equal(daemon.stop(), 0)
        script("restore.sh", mall, server)
        tool(BIN / "mallctl", "renew", server.url)
        script("again.sh", mall, SERVICES="delivery", MALL_BUS_URL=mall.order.settings["bus_url"], KAFKA_HOME=str(kafka_home(mall.directory)))
        for daemon in mall.services():
            daemon.start()
        until(lambda: len(mall.delivery.rows("deliveries")) >= 32, 60)
        code, said = audit(mall, settle="1s")                  # it never balances
        equal(code, 1, said)


def test_a_backup_is_whole_or_not_there_and_the_oldest_go():
    with on_postgresql(bus="log") as (mall, server):
        mall.register(stock=10)
        backups = mall.directory / "backups"
        said = script("backup.sh", mall, server, good=False, SERVICES="order delivery product coupon")
        assert "schema coupon is not in the database" in said, said
        equal(seen(backups), [])
        for day in range(1, 5):
            for end in ("", ".sha256"):
                (backups / ("mall-2026010%dT000000Z.dump%s" % (day, end))).write_text("old")
        script("backup.sh", mall, server, KEEP="3")
        dumps = sorted(p.name for p in backups.glob("*.dump"))
        equal([d[5:13] for d in dumps[:2]], ["20260103", "20260104"])
        equal(len(dumps), 3)
        equal(len(seen(backups)), 6)
        for daemon in mall.services():
            equal(daemon.stop(), 0)
        dump = backups / dumps[-1]
        whole = dump.read_bytes()
        dump.write_bytes(whole[:-100])
        said = script("restore.sh", mall, server, good=False)
        assert "is not what was written" in said, said
        (backups / (dumps[-1] + ".sha256")).write_text(tool("sha256sum", dumps[-1], cwd=backups))
        script("restore.sh", mall, server, good=False)          # it breaks off, and nothing has changed
        dump.write_bytes(whole)
        mall.product.start()
        equal(mall.stock(), 10)
        equal(mall.product.stop(), 0)


def test_a_restore_that_breaks_off_changes_nothing():
    """pg_restore ends in the middle, also within a table's rows, also within a last column that is text."""
    with on_postgresql(bus="log") as (mall, server):
        mall.register(stock=100)
        trade(mall, 5)
        until(lambda: all(d.metric("mall_outbox_pending") == 0 for d in mall.services()))
        script("backup.sh", mall, server)
        trade(mall, 2)                                          # what a half-done restore would lose
        until(lambda: all(d.metric("mall_outbox_pending") == 0 for d in mall.services()))
        for daemon in mall.services():
            equal(daemon.stop(), 0)
        lived = contents(server)
        path = shim(mall, pg_restore="%s \"$@\" | head -c \"$CUT\"; exit \"$ENDS\"\n" % tool("bash", "-c", "type -P pg_restore").strip())
        dump, = (mall.directory / "backups").glob("*.dump")
        text = subprocess.run(["pg_restore", "--file=-", "--no-owner", "--no-privileges", *("--schema=" + s for s in SHOP), dump], stdout=subprocess.PIPE, check=True).stdout
        table = text.index(b'COPY "order".orders ')
        row = text.index(b"\n", table) + 1
        end = text.index(b"\n", row)
        meta = text.index(b".meta ", text.index(b"COPY "))
        last = text.index(b"\n", text.index(b"\n", meta) + 1)
        for cut in (0, 100, table, row, row + 3, end - 3, end, end + 1, last - 3, last + 1, len(text) - 200):
            for ends in ("137", "1"):
                said = script("restore.sh", mall, server, good=None, PATH=path, CUT=str(cut), ENDS=ends)
                equal(contents(server), lived, "cut at %d" % cut)
                assert "broke off: nothing has changed" in said, said
        for cut in (table, end - 3, end, last - 3, last):         # it says that this is all
            said = script("restore.sh", mall, server, good=False, PATH=path, CUT=str(cut), ENDS="0")
            equal(contents(server), lived, said)
        script("restore.sh", mall, server)
        assert contents(server) != lived, "the dump is older"


def contents(server):
    """All rows of all services."""
    return "\n".join(line for line in tool("pg_dump", "--data-only", *("--schema=" + s for s in SHOP), server.url).split("\n")
                     if not line.startswith(("\\restrict", "\\unrestrict")))


def test_backups_do_not_get_in_each_others_way():
    with on_postgresql(bus="log") as (mall, server):
        mall.register(stock=10)
        backups = mall.directory / "backups"
        for keep in ("0", "x", "-1", "08"):
            said = script("backup.sh", mall, server, good=False, KEEP=keep)
            assert "1 or more" in said and not backups.exists(), said
        elsewhere = mall.directory / "elsewhere"
        elsewhere.mkdir()
        backups.symlink_to("elsewhere")
        for file in ("mall-20260101T000000Z.dump", "mall-20260101T000000Z.dump.sha256", "mall-20260102T000000Z.dump.sha256", ".mall-20260102T000000Z.dump.part"):
            (backups / file).write_text("old")
        script("backup.sh", mall, server, KEEP="1")
        assert len(seen(backups)) == 2 and "2026010" not in str(seen(backups)), seen(backups)
        # a second one while the first writes: the shim waits in the first
        path = shim(mall, pg_dump="touch %s; read -r _ <%s; exec %s \"$@\"\n" % (
            mall.directory / "writes", mall.directory / "goes-on", tool("bash", "-c", "type -P pg_dump").strip()))
        os.mkfifo(mall.directory / "goes-on")
        env = {**os.environ, "SERVICES": " ".join(SHOP), "BACKUP_DIR": str(backups), "MALL_DB_URL": server.url, "PATH": path}
        with subprocess.Popen(["bash", SCRIPTS / "backup.sh"], env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as first:
            until((mall.directory / "writes").exists, 60)
            said = script("backup.sh", mall, server, good=False)
            (mall.directory / "goes-on").write_text("on\n")
            told = first.communicate(timeout=120)[0]
        assert "another backup is at work" in said and first.returncode == 0, said + told
        for daemon in mall.services():
            equal(daemon.stop(), 0)
        script("restore.sh", mall, server)


def test_a_password_is_neither_shown_nor_an_argument():
    with on_postgresql(bus="log") as (mall, server):
        script("backup.sh", mall, server)
        for daemon in mall.services():
            equal(daemon.stop(), 0)
        seen_by = 'printf "%%s|%%s|%%s\\n" "$0" "$PGPASSWORD" "$*" >>%s; ' % (mall.directory / "calls")
        path = shim(mall, **{name: seen_by + "exec %s \"$@\"\n" % tool("bash", "-c", "type -P " + name).strip() for name in ("pg_dump", "psql")})
        scheme, _, rest = server.url.partition("://")
        user, at, place = rest.rpartition("@")
        user = user.partition(":")[0] or tool("id", "-un").strip()
        asked = "&" if "?" in place else "?"
        for url in ("%s://%s:a%%40b%%5Cn%%25c@%s" % (scheme, user, place), "%s://%s@%s%spassword=a%%40b%%5Cn%%25c" % (scheme, user, place, asked)):
            (mall.directory / "calls").unlink(missing_ok=True)
            for name in ("backup.sh", "restore.sh"):
                script(name, mall, server, MALL_DB_URL=url, PATH=path)
            calls = (mall.directory / "calls").read_text()
            for line in calls.splitlines():
                _, password, arguments = line.split("|", 2)
                assert password == r"a@b\n%c" and "a%40b" not in arguments and "password" not in arguments, calls
            assert len(calls.splitlines()) >= 3, calls
        for secret in ("se/cret", "se@cret", "sec%ret", "se?cr/et", "sec#ret/x", "cret%4"):
            for name in ("backup.sh", "restore.sh"):
                said = script(name, mall, server, good=False, MALL_DB_URL="postgresql://%s:%s@localhost:1/mall" % (user, secret))
                assert "percent-encoded" in said and "cret" not in said, said


def test_recover_refuses_what_lives_and_what_it_cannot_read():
    """On PostgreSQL several have one store: recover would take what order cancels at that moment for lost."""
    with on_postgresql(bus="log") as (mall, server):
        mall.register(stock=10)
        number = mall.order_one(qty=1)
        equal(mall.order.delete("/orders/%d" % number).status, 204)
        bus = "log:%s" % (mall.directory / "mall.log")
        done = recover_says(mall, "--db", server.url, "--service", "order", "--bus", bus)
        assert done.returncode == 1 and "order is still at work on the database" in done.stdout, done.stdout
        equal(mall.order.get("/orders/%d" % number).status, 404)
        equal(mall.order.stop(), 0)
        done = recover_says(mall, "--db", server.url, "--service", "order", "--bus", bus)
        assert done.returncode == 0 and "0 orders were taken back" in done.stdout, done.stdout
        done = recover_says(mall, "--db", server.url, "--service", "typo", "--bus", bus)
        assert done.returncode == 1 and "there is no store of a service" in done.stdout, done.stdout
        done = recover_says(mall, "--db", "sqlite:typo.db", "--bus", bus)
        assert done.returncode == 1 and "typo.db: No such file" in done.stdout and not (mall.directory / "typo.db").exists(), done.stdout
        (mall.directory / "empty.db").touch()
        done = recover_says(mall, "--db", "sqlite:empty.db", "--bus", bus)
        assert done.returncode == 1 and "there is no store of a service" in done.stdout, done.stdout


def recover_says(mall, *arguments):
    return subprocess.run([BIN / "mallctl", "recover", *arguments], cwd=mall.directory, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)


def test_one_service_alone_comes_back_on_the_embedded_log():
    """order on SQLite: the lost orders are back, with what became of them."""
    with Mall() as mall:
        mall.register(stock=100)
        before = trade(mall, 5)
        states = {i: "DeliveryStarted" for i in before}
        at_rest(mall, states)
        equal(mall.order.stop(), 0)
        (mall.directory / "kept.db").write_bytes((mall.directory / "order.db").read_bytes())
        mall.order.start()
        lost = trade(mall, 5)
        states.update({i: "DeliveryStarted" for i in lost})
        equal(mall.order.delete("/orders/%d" % before[0]).status, 204)
        del states[before[0]]
        at_rest(mall, states)
        lived = what_is_there(mall)
        mall.order.kill()
        for end in ("-wal", "-shm"):
            (mall.directory / ("order.db" + end)).unlink(missing_ok=True)
        (mall.directory / "order.db").write_bytes((mall.directory / "kept.db").read_bytes())
        with contextlib.closing(sqlite3.connect(mall.directory / "mall.log", isolation_level=None)) as log:
            log.execute("VACUUM INTO '%s'" % (mall.directory / "harmed.log"))
        with contextlib.closing(sqlite3.connect(mall.directory / "harmed.log", isolation_level=None)) as log:
            log_rows.split(log)
            log.execute("INSERT INTO log (topic, timestamp, key, value, headers) SELECT 'mall', 0, NULL, CAST('not json' AS BLOB), headers FROM log "
                        "WHERE CAST(value AS TEXT) LIKE '%\"Orderplaced\"%' LIMIT 1")
        done = recover_says(mall, "--db", "sqlite:order.db", "--bus", "log:harmed.log")
        assert done.returncode == 1 and "cannot be read, partition 0, offset" in done.stdout, done.stdout
        said = tool(BIN / "mallctl", "recover", "--db", "sqlite:order.db", "--bus", "log:mall.log", cwd=mall.directory)
        assert "5 orders were taken back and 1 removed" in said, said
        tool(BIN / "mallctl", "log", "forget", "order", "mall.log", cwd=mall.directory)
        mall.order.start()
        at_rest(mall, states)
        equal(what_is_there(mall), lived)
        code, said = audit_log(mall)
        assert code == 0 and "balanced" in said, said
        equal(mall.order.get("/orders?size=2&page=1").body["page"]["totalElements"], len(states))
        assert mall.order_one(qty=1) > max(states)


def audit_log(mall):
    mall.order.settings["bus_url"] = "log:%s" % (mall.directory / "mall.log")
    return audit(mall)


def test_recover_refuses_what_it_does_not_understand():
    with Mall(only=("order",)) as mall:
        mall.order_one()
        for said, *arguments in (("--db is missing",), ("sqlite:PATH", "--db", "order.db"), ("says whose schema", "--db", "postgresql://x/y"),
                                 ("the bus is", "--db", "sqlite:order.db", "--bus", "what"), ("flags only", "sqlite:order.db")):
            done = subprocess.run([BIN / "mallctl", "recover", *arguments], cwd=mall.directory, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
            assert done.returncode == 2 and said in done.stdout, done.stdout
        done = subprocess.run([BIN / "mallctl", "recover", "--db", "sqlite:order.db", "--bus", "log:mall.log"], cwd=mall.directory, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        assert done.returncode == 1 and "another process uses this store" in done.stdout, done.stdout
        equal(mall.order.stop(), 0)
