"""image - an image as `make images` left it: its settings, its files, its root file system."""
import json
import shutil
import tarfile

from mall import TOP

DIRECTORY = TOP / "build/images"
USER = 65532


class Image:
    def __init__(self, name):
        self.name = name
        self.path = DIRECTORY / (name + ".tar")
        with tarfile.open(self.path) as archive:
            manifest, = json.load(archive.extractfile("manifest.json"))
            self.tags, self.layers = manifest["RepoTags"], manifest["Layers"]
            self.config = json.load(archive.extractfile(manifest["Config"]))["config"]

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
