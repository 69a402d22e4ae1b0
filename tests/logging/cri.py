"""cri - log files as containerd writes and the kubelet rotates them, below a folder that stands for /var/log/pods.

    pods = Pods(directory)
    log = pods.log("shop", "user23-order-7d9c-x2x4z", "order")
    log.write(b'{"message":"running"}')         # a line, without its end

A line of more than 16 KiB is cut there, also in the midst of a character: all pieces but the last are marked P.
"""
import datetime
import gzip
import os
import pathlib
import shutil
import time
import uuid

CUT = 16384


class Log:
    def __init__(self, folder, most, flush):
        self.folder, self.most, self.flush = folder, most, flush
        folder.mkdir(parents=True)
        self.path, self.rotations = folder / "0.log", 0
        self.file = open(self.path, "ab")

    def write(self, line, stream="stdout"):
        pieces = [line[at:at + CUT] for at in range(0, len(line), CUT)] or [b""]
        for number, piece in enumerate(pieces, 1):
            now = time.time_ns()
            at = datetime.datetime.fromtimestamp(now // 10**9, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
            self.file.write(b"%s.%09dZ %s %s %s\n" % (at.encode(), now % 10**9, stream.encode(), b"F" if number == len(pieces) else b"P", piece))
        if self.flush:
            self.file.flush()
        if self.most and self.file.tell() > self.most:
            self.rotate()

    def rotate(self):
        """As the kubelet: the newest of the rotated stays as it is, those before it become archives."""
        self.file.close()
        for old in self.folder.glob("0.log.*"):
            if old.suffix != ".gz":
                with open(old, "rb") as plain, gzip.open(str(old) + ".tmp", "wb") as packed:
                    shutil.copyfileobj(plain, packed)
                os.rename(str(old) + ".tmp", str(old) + ".gz")
                old.unlink()
        self.rotations += 1
        self.path.rename(self.folder / ("0.log.20261130-%06d" % self.rotations))
        self.file = open(self.path, "ab")

    def close(self):
        self.file.close()


class Pods:
    def __init__(self, directory):
        self.directory, self.known = pathlib.Path(directory), []
        self.directory.mkdir()

    def log(self, namespace, pod, container, labels=None, most=0, flush=True):
        """labels: what the API server says of the pod; None: it does not know it."""
        uid = str(uuid.uuid4())
        if labels is not None:
            self.known.append({"apiVersion": "v1", "kind": "Pod",
                               "metadata": {"name": pod, "namespace": namespace, "uid": uid, "labels": labels, "resourceVersion": "7",
                                            "creationTimestamp": "2026-11-30T00:00:00Z"},
                               "spec": {"nodeName": "node-1", "containers": [{"name": container, "image": "mall/" + container}]},
                               "status": {"phase": "Running", "podIP": "10.0.0.%d" % (len(self.known) + 1), "startTime": "2026-11-30T00:00:00Z"}})
        return Log(self.directory / ("%s_%s_%s" % (namespace, pod, uid)) / container, most, flush)
