"""apart - a network, processes and mounts of a test's own."""
import fcntl
import os
import socket
import struct
import subprocess

SIOCSIFFLAGS, IFF_UP = 0x8914, 1
PROCESSES = ("--pid", "--fork", "--kill-child", "--mount-proc")   # all of them end with the first, which has to reap those whose parent is gone


def apart(*namespaces):
    """The command in front of another that gives it these: --net, --mount, *PROCESSES; [] where this machine does not."""
    command = ["unshare", *namespaces, *([] if os.geteuid() == 0 else ["--map-root-user"])]
    return command if subprocess.call([*command, "true"], stderr=subprocess.DEVNULL) == 0 else []


def raise_loopback():
    """In a network of our own it is down at first."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as lo:
        fcntl.ioctl(lo, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
