"""stage - folders of pods, a store and a collector for one story.

    with Stage() as stage:
        log = stage.pods.log("shop", "user23-order-1", "order", labels=MALL)
        stage.collect()
"""
import contextlib
import pathlib
import shutil
import tempfile
import threading

from collecting import Collector
from cri import Pods
from mall import CannotTell
from store import Store
import parts


def of_mall(app):
    return {"app": app, "app.kubernetes.io/part-of": "mall", "app.kubernetes.io/instance": "user23-mall"}


def needs(*names):
    absent = [name for name in names if not parts.is_built(name)]
    if absent:
        raise CannotTell("not built: %s (make deps-logging)" % " ".join(absent))


class Stage(contextlib.ExitStack):
    def __init__(self):
        super().__init__()
        needs("collector", "victoria-logs")
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="mall-logging-"))
        self.callback(shutil.rmtree, self.directory, ignore_errors=True)
        self.pods = Pods(self.directory / "pods")
        self.store = self.enter_context(Store(self.directory))
        self.collector = None

    def collect(self, **places):
        self.collector = self.enter_context(Collector(self.directory, self.pods, self.store, **places))
        return self.collector

    def follow(self, daemon, log):
        """What a daemon says goes to its pod's log, until the stage ends or the returned function is called."""
        over = threading.Event()

        def run():
            with open(daemon.log_path, "rb") as said:
                rest = b""
                while True:
                    ending = over.is_set()
                    rest += said.read()
                    *lines, rest = rest.split(b"\n")
                    for line in lines:
                        log.write(line)
                    if ending:
                        return
                    over.wait(0.02)
        thread = threading.Thread(target=run)
        thread.start()

        def end():
            over.set()
            thread.join()
        self.callback(end)
        return end
