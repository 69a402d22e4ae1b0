"""container - images started as a kubelet would, by tools of util-linux: a root file system that is read-only, the image's user without any
capability, /proc and a /dev, /etc/hosts and /etc/resolv.conf laid over the image's, volumes.

    with Pods() as pods:
        pods.order.post("/orders", {"productId": "1001", "qty": 5})

From then on this process has a network and mounts of its own, which end with it. Each pod has an address in 127/8, where it
listens on 8080; names lead there, in this process too.
"""
import ctypes
import os
import pathlib
import shutil
import subprocess
import tempfile

from apart import raise_loopback
from image import EMULATOR, USER, Image
from mall import DAEMONS, SERVICES, CannotTell, Daemon, Mall, services, tool
from names import Names

CLONE_NEWNS, CLONE_NEWNET = 0x20000, 0x40000000

# the pods, and the names that the built-in routes of the docker profile have for them
PODS = {name: ("127.0.1.%d" % number, "user23-" + services.host(name) if name in SERVICES else name) for number, name in enumerate(DAEMONS, 1)}
SEEN = ",".join("%s=http://%s:8080" % (name, host) for name, (_, host) in PODS.items() if name != "frontend")     # by the console
DEVICES = ("null", "zero", "random", "urandom")
DOMAIN = "mall.svc.cluster.local"


def be_apart():
    """From here on this process and its children have a network and mounts of their own."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS | CLONE_NEWNET) != 0:
        raise CannotTell("unshare: " + os.strerror(ctypes.get_errno()))
    tool("mount", "--make-rprivate", "/")
    raise_loopback()


def lay_over(source, target, *options):
    tool("mount", "--bind", source, target)
    if options:
        tool("mount", "-o", "remount,bind," + ",".join(options), target)


class Root:
    """An image's root file system; volumes are pairs of a directory here and a path there."""

    def __init__(self, image, directory, resolver, volumes, label=None):
        self.image, self.path = image, directory / ((label or image.name) + ".root")
        self.path.mkdir()
        image.extract(self.path)
        places = {}
        for name in ("hosts", "resolv.conf"):
            places[resolver / name] = self.path / "etc" / name
            places[resolver / name].touch()
        for source, inside in volumes:
            places[source] = self.path / inside.lstrip("/")
            places[source].mkdir(exist_ok=True)
        for name in ("proc", "dev"):
            (self.path / name).mkdir(exist_ok=True)
        lay_over(self.path, self.path, "ro", "nosuid", "nodev")
        for source, target in places.items():
            lay_over(source, target)
        tool("mount", "-t", "proc", "proc", self.path / "proc")
        tool("mount", "-t", "tmpfs", "-o", "size=64k,mode=755", "dev", self.path / "dev")
        for device in DEVICES:
            (self.path / "dev" / device).touch()
            lay_over("/dev/" + device, self.path / "dev" / device)
        self.emulator = [] if EMULATOR is None else [self.lay_emulator()]
        tool("mount", "-o", "remount,ro", self.path / "dev")

    def lay_emulator(self):
        """The emulator comes from this machine; it lies under /dev, which is not part of the image."""
        found = shutil.which(EMULATOR)
        if not found:
            raise CannotTell("there is no %s: `scripts/deps emulator` installs it" % EMULATOR)
        (self.path / "dev/emulator").touch()
        lay_over(os.path.realpath(found), self.path / "dev/emulator", "ro")
        return "/dev/emulator"

    def command(self, *arguments):
        """Runs them there as the image's user. It may only chroot and change its user; after that it has no rights left."""
        return ["setpriv", "--no-new-privs", "--bounding-set=-all,+sys_chroot,+setuid,+setgid", "--inh-caps=-all",
                "chroot", "--userspec=" + self.image.config["User"], "--groups=", self.path, *self.emulator, *arguments]


class Pod(Daemon):
    def __init__(self, name, label, address, directory, resolver, volumes, settings):
        super().__init__(name, directory, settings, 8080)
        self.label, self.host, self.management = label, address, self
        self.log_path = directory / (label + ".log")
        self.settings = {"address": address, **settings}        # the only setting that differs from a cluster's
        self.root = Root(Image(name), directory, resolver, volumes, label)

    def environment(self, **more):
        both = {**self.settings, **more}
        return {**self.root.image.environment(), **{"MALL_" + k.upper(): str(v) for k, v in both.items()}}

    def start(self, wait=True, **settings):
        settings = self.environment(**settings)
        given = ["env", "-i", *("%s=%s" % pair for pair in settings.items())]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([*self.launcher, *given, *self.root.command(*self.root.image.config["Entrypoint"])],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if wait:
            self.wait_ready()
        return self


class Pods(Mall):
    """hosts: names are in /etc/hosts; else only a name server knows them, in the domain that a cluster would give them."""
    places = PODS

    def __init__(self, only=tuple(PODS), hosts=True, data=True, **settings):
        be_apart()
        self.broker, self.daemons, self.names = None, {}, None
        self.directory = self.new_directory()
        try:
            self.resolver = self.resolve(hosts)
            self.data = self.directory / "data" if data else None
            if data:
                self.data.mkdir()
                os.chown(self.data, USER, USER)
            for name in only:
                self.daemons[name] = self.add(name, **settings)
        except BaseException:
            self.remove_directory(self.directory)
            raise

    def add(self, name, label=None, address=None, volumes=(), **settings):
        """A pod that is not started here, nor stopped at the end if it still runs."""
        settings = {"services": SEEN, **settings} if name == "frontend" else settings
        volumes = [*volumes, (self.data, "/data")] if self.data else volumes
        return Pod(name, label or name, address or self.places[name][0], self.directory, self.resolver, volumes, settings)

    def resolve(self, hosts):
        directory = self.directory / "resolver"
        directory.mkdir()
        lines = ["127.0.0.1 localhost"] + ["%s %s" % pair for pair in self.places.values() if hosts]
        (directory / "hosts").write_text("\n".join(lines) + "\n")
        (directory / "resolv.conf").write_text("search %s svc.cluster.local cluster.local\nnameserver 127.0.0.1\noptions ndots:5\n" % DOMAIN)
        for name in ("hosts", "resolv.conf"):
            lay_over(directory / name, os.path.realpath("/etc/" + name))
        if not hosts:
            self.names = Names({"%s.%s" % (name, DOMAIN): address for address, name in self.places.values()})
        return directory

    @staticmethod
    def new_directory():
        """In memory, so that nothing of it is left however this process ends."""
        directory = pathlib.Path(tempfile.mkdtemp(prefix="mall-images-"))
        tool("mount", "-t", "tmpfs", "-o", "mode=755", "images", directory)
        return directory

    @staticmethod
    def remove_directory(directory):
        tool("umount", "--recursive", "--lazy", directory)
        directory.rmdir()
