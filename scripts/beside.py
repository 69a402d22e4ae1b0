#!/usr/bin/env python3
"""beside - runs a command beside a Kafka broker and a PostgreSQL server of its own.

usage: beside.py COMMAND...      the command finds them in MALL_TEST_KAFKA=127.0.0.1:PORT and MALL_TEST_POSTGRES=URL

A variable that is already set is used as it is. Exits as the command did, 1 when one of the two does not start.
"""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

import ports

TESTS = pathlib.Path(__file__).resolve().parent.parent / "tests"
BROKER, SERVER = TESTS / "kafka/broker.sh", TESTS / "postgres/server.sh"


def main(command):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    directory = pathlib.Path(tempfile.mkdtemp(prefix="mall-beside-"))
    directory.chmod(0o755)                                      # the server is another user when we are root
    settings = dict(os.environ)
    try:
        if "MALL_TEST_KAFKA" not in settings:
            port = str(ports.reserve())
            subprocess.run([BROKER, "start", directory / "kafka", port], check=True)
            settings["MALL_TEST_KAFKA"] = "127.0.0.1:" + port
        if "MALL_TEST_POSTGRES" not in settings:
            subprocess.run([SERVER, "start", directory / "postgres"], check=True)
            settings["MALL_TEST_POSTGRES"] = (directory / "postgres/url").read_text().strip()
        return subprocess.call(command, env=settings)
    except subprocess.CalledProcessError as what:
        print("FAIL %s starts" % pathlib.Path(what.cmd[0]).name)
        return 1
    finally:
        for script, name in (BROKER, "kafka"), (SERVER, "postgres"):
            if (directory / name).exists():
                subprocess.call([script, "stop", directory / name])
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
