"""What the browser sees; the stories are in *_story.mjs."""
import json
import os
import subprocess

import drivers
from mall import TOP
from stage import Stage, serve


def told(story, bus="log", **settings):
    shown = TOP / "build/console" / bus
    shown.mkdir(parents=True, exist_ok=True)
    with Stage(bus, **settings) as stage:
        said = json.dumps({"story": story, "address": stage.address, "packages": str(drivers.PACKAGES), "pictures": str(shown), "bus": bus,
                           "for_readme": os.environ.get("MALL_TEST_PICTURES"), "only": os.environ.get("MALL_TEST_CASE")})
        process = subprocess.Popen([drivers.node(), drivers.HERE / "tell.mjs", said], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=stage.directory)
        cases = 0
        try:
            for case, trouble in serve(stage, process):
                cases += 1
                yield "%s, on %s" % (case, bus), trouble
            code = process.wait(60)
            if code or not cases:
                yield "%s, on %s" % (story, bus), "the browser's side ended with %d after %d cases" % (code, cases)
        finally:
            process.kill()
            process.wait()


def test_shop_on_the_log():
    yield from told("shop")


def test_shop_on_kafka():
    yield from told("shop", bus="kafka")


def test_looks():
    yield from told("looks")


def test_cuts_on_the_log():
    yield from told("cut")


def test_cuts_on_kafka():
    yield from told("cut", bus="kafka")


def test_faults_on_the_log():
    yield from told("faults", faults=True)


def test_faults_on_kafka():
    yield from told("faults", bus="kafka", faults=True)


def test_dead_letters_on_the_log():
    yield from told("dead", faults=True)


def test_dead_letters_on_kafka():
    yield from told("dead", bus="kafka", faults=True)


def test_no_faults():
    yield from told("nofaults")


def test_rolling():
    yield from told("rolling", bus="kafka")


slow = ("test_rolling", "test_faults_on_kafka", "test_dead_letters_on_kafka", "test_looks", "test_shop_on_kafka", "test_cuts_on_kafka")
