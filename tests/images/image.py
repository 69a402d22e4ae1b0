"""image - an image as `make images` left it: its settings, its files, its root file system.

ARCH=arm64 or amd64 are those of `make images ARCH=...`. EMULATOR runs their programs here; None: the machine itself does.
"""
import json
import os
import shutil
import tarfile

from mall import TOP, CannotTell

GIVEN = os.environ.get("ARCH", "")
DIRECTORY = TOP / "build/images" / GIVEN
USER = 65532
ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64"}         # in an image's words, in the kernel's
OWN, = (name for name, machine in ARCHITECTURES.items() if machine == os.uname().machine)
ARCHITECTURE = GIVEN or OWN
EMULATOR = "qemu-%s-static" % ARCHITECTURES[ARCHITECTURE] if ARCHITECTURE != OWN else None


class Image:
    def __init__(self, name):
        self.name = name
        self.path = DIRECTORY / (name + ".tar")
        if not self.path.exists():
            raise CannotTell("there is no %s: `make images%s` writes it" % (self.path.relative_to(TOP), GIVEN and " ARCH=" + GIVEN))
        with tarfile.open(self.path) as archive:
            manifest, = json.load(archive.extractfile("manifest.json"))
            self.tags, self.layers = manifest["RepoTags"], manifest["Layers"]
            everything = json.load(archive.extractfile(manifest["Config"]))
            self.config, self.architecture = everything["config"], everything["architecture"]

    def each_layer(self):
        with tarfile.open(self.path) as archive:
            for name in self.layers:
                with tarfile.open(fileobj=archive.extractfile(name)) as layer:
                    yield layer

    def files(self):
        """By path, as the last layer has it."""
        found = {}
        for layer in self.each_layer():
            gone, there = sort(layer)
            for path in gone:
                found.pop(path)
            found.update(there)
        return found

    def beginnings(self, size):
        """(path, its first bytes) of each regular file."""
        for layer in self.each_layer():
            for path, entry in sort(layer)[1].items():
                if entry.isfile():
                    yield path, layer.extractfile(entry).read(size)

    def environment(self):
        return dict(pair.split("=", 1) for pair in self.config.get("Env", ()))

    def extract(self, root):
        for layer in self.each_layer():
            gone, there = sort(layer)
            for path in gone:
                place = root / path
                if place.is_dir():
                    shutil.rmtree(place)
                else:
                    place.unlink()
            layer.extractall(root, there.values(), numeric_owner=True)


def sort(layer):
    """The paths that it takes away, and what it adds by path."""
    gone, there = [], {}
    for entry in layer:
        path = entry.name.rstrip("/").removeprefix("./")
        directory, _, name = path.rpartition("/")
        if name.startswith(".wh."):
            gone.append("%s/%s" % (directory, name[4:]) if directory else name[4:])
        elif path not in ("", "."):
            there[path] = entry
    return gone, there
