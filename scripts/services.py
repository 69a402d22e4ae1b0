"""services - the list of services, for scripts and tests: which there are (the Makefile says), and what each says of itself.

    names()                 ["order", "delivery", "product"]
    daemons()               the same, then "frontend" and "gateway"
    port("order")           8081: where it listens if nobody says otherwise
    host("product")         its host name in the docker profile, without the prefix of whose mall it is: "products"
    describe("order")       a dict of what `order --describe` prints
    faults()                what is wrong between them: [] where all is well
    collections("product")  those of them that clients use: ["inventories"]; "movements" is for neighbours
"""
import functools
import json
import os
import pathlib
import subprocess

TOP = pathlib.Path(__file__).resolve().parent.parent
PROGRAMS = TOP / "build/bin"
# The lab's manifests and routes call this one by another name than its program.
HOSTS = {"product": "products"}
# Daemons that are no services. They are built after the files that are generated, so nobody can ask them then.
PORTS = {"frontend": 8080, "gateway": 8088}


@functools.lru_cache(maxsize=None)
def variable(name):
    """The words of a variable of the Makefile."""
    # a make that calls us passes its own flags on, -n among them
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    said = subprocess.check_output(["make", "-s", "--no-print-directory", "-C", TOP, "print-" + name], text=True, env=environment)
    return tuple(said.split())


def names():
    return list(variable("SERVICES"))


def daemons():
    return list(variable("DAEMONS"))


def host(name):
    return HOSTS.get(name, name)


@functools.lru_cache(maxsize=None)
def describe(name, folder=PROGRAMS):
    return json.loads(subprocess.check_output([pathlib.Path(folder) / name, "--describe"], text=True))


def port(name, folder=PROGRAMS):
    return PORTS.get(name) or describe(name, folder)["port"]


def collections(name, folder=PROGRAMS):
    return [c["path"].lstrip("/") for c in describe(name, folder)["collections"] if c["listed"]]


def faults(folder=PROGRAMS):
    """What two services must not have in common, in a sentence each."""
    found, owners = [], {("port", str(port)): daemon for daemon, port in PORTS.items()}
    for name in names():
        said = describe(name, folder)
        if said["name"] != name:
            found.append("%s calls itself %s: .name in %s/main.c" % (name, said["name"], name))
        for what, value in [("port", str(said["port"])), *(("collection", c["path"]) for c in said["collections"])]:
            owner = owners.setdefault((what, value), name)
            if owner != name:
                found.append("%s has the %s %s, which is %s's" % (name, what, value, owner))
    return found
