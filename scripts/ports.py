"""ports - TCP ports of 127.0.0.1 that no other process uses while this one lives.

They lie below the ephemeral range, so that no client's connection takes one while its daemon restarts. An abstract Unix
socket named after each keeps two test runs on one machine apart.
"""
import random
import socket

_reserved = {}


def is_free(port, address="127.0.0.1"):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def reserve():
    for _ in range(1000):
        port = random.randrange(12000, 32000)
        mark = socket.socket(socket.AF_UNIX)
        try:
            mark.bind("\0mall-test-port-%d" % port)
        except OSError:
            mark.close()
            continue
        if is_free(port):
            _reserved[port] = mark
            return port
        mark.close()
    raise RuntimeError("no free port between 12000 and 32000")
