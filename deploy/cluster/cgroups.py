"""cgroups - a cluster's own part of each hierarchy: version 1 (a folder each) or 2 (one)."""
import os
import pathlib
import time

ROOT = pathlib.Path("/sys/fs/cgroup")
NEEDED = ("cpu", "cpuacct", "memory", "pids", "cpuset")


def hierarchies():
    """Where cgroups can be made."""
    with open("/proc/self/mounts") as mounts:
        return [pathlib.Path(words[1]) for words in map(str.split, mounts) if words[2] in ("cgroup", "cgroup2")]


def is_unified():
    return (ROOT / "cgroup.controllers").exists()


def missing():
    """Controllers that Kubernetes needs and that are not there."""
    if is_unified():
        there = (ROOT / "cgroup.controllers").read_text().split()
        return [name for name in NEEDED if name != "cpuacct" and name not in there]
    return [name for name in NEEDED if not (ROOT / name).is_dir()]


class Cgroups:
    """name: /mall-1234"""

    def __init__(self, name):
        self.places = [place / name.strip("/") for place in hierarchies()]

    def enter(self, below):
        """Makes them, and brings this process into the one `below`."""
        if is_unified():
            allowed = " ".join("+" + c for c in (ROOT / "cgroup.controllers").read_text().split())
            (ROOT / "cgroup.subtree_control").write_text(allowed)
        for place in self.places:
            for made in (place, place / below):
                made.mkdir(exist_ok=True)
                for file in ("cpuset.cpus", "cpuset.mems"):         # version 1: empty at first, and then nobody may enter
                    if (made / file).exists() and (made.parent / file).exists() and not (made / file).read_text().strip():
                        (made / file).write_text((made.parent / file).read_text())
            (place / below / "cgroup.procs").write_text(str(os.getpid()))
            if is_unified() and (place / "cgroup.controllers").exists():
                (place / "cgroup.subtree_control").write_text(allowed)

    def memory(self, below):
        """Bytes that processes took, without the files that the kernel keeps."""
        for place in self.places:
            for file, key in (("memory.stat", "total_rss"), ("memory.stat", "anon")):
                stat = place / below / file
                if stat.exists():
                    found = dict(line.split()[:2] for line in stat.read_text().splitlines())
                    if key in found:
                        return int(found[key])
        return 0

    def remove(self, seconds=30):
        """What is left of them, once their processes are gone."""
        end = time.monotonic() + seconds
        for place in self.places:
            while place.exists():
                for folder, _, _ in os.walk(place, topdown=False):
                    try:
                        os.rmdir(folder)
                    except OSError:
                        if time.monotonic() > end:
                            raise
                        time.sleep(0.1)
