#!/usr/bin/env python3
"""with-broker - runs a command beside a Kafka broker of its own.

usage: with-broker.py COMMAND...      the command finds it in MALL_TEST_KAFKA=127.0.0.1:PORT

A MALL_TEST_KAFKA that is already set is used as it is. Exits as the command did, 1 when there is no broker.
"""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

import ports

BROKER = pathlib.Path(__file__).resolve().parent.parent / "tests/kafka/broker.sh"


def main(command):
    if os.environ.get("MALL_TEST_KAFKA"):
        return subprocess.call(command)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    directory = tempfile.mkdtemp(prefix="mall-broker-")
    port = str(ports.reserve())
    try:
        subprocess.run([BROKER, "start", directory, port], check=True)
        return subprocess.call(command, env={**os.environ, "MALL_TEST_KAFKA": "127.0.0.1:" + port})
    except subprocess.CalledProcessError:
        print("FAIL the Kafka broker starts")
        return 1
    finally:
        subprocess.call([BROKER, "stop", directory])
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
