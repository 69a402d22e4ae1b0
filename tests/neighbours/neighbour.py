"""neighbour - the Spring side of a mixed mall: what spring/ is built with and of, and a process of it."""
import hashlib
import pathlib
import shutil
import subprocess
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[1:1] = [str(TESTS / "system"), str(TESTS / "k8s")]
import tools                                                    # noqa: E402 (lies in tests/k8s/)
from mall import Daemon, until                                  # noqa: E402 (lies in tests/system/)

SOURCES = TESTS / "neighbours/spring"
LIBS = tools.TOOLS / "spring-libs"
CLASSES = tools.TOOLS / "spring-classes"
COMPILER = "org.eclipse.jdt.internal.compiler.batch.Main"       # one of the libraries: a Java that only runs programs will do
PATIENCE = 240                                                  # seconds: a Java that starts on a busy machine
ENDED_BY_SIGTERM = 143                                          # how a Java says that it ended in order


class NotHere(Exception):
    """This machine has no Java or no Maven, or they reach no registry."""


def fetch():
    """Spring's libraries, at pinned versions; Maven keeps what it once had in ~/.m2."""
    pom = SOURCES / "pom.xml"

    def make():
        shutil.rmtree(LIBS, ignore_errors=True)
        tools.copy_dependencies(pom, LIBS)
    for program in ("java", "mvn"):
        if not shutil.which(program):
            raise NotHere("there is no %s" % program)
    try:
        tools.once(LIBS, pom.read_text(), make)
    except subprocess.CalledProcessError:
        raise NotHere("Maven could not fetch Spring's libraries") from None


def build():
    sources, libs = sorted(SOURCES.rglob("*.java")), sorted(LIBS.glob("*.jar"))
    key = hashlib.sha256(b"".join(path.read_bytes() for path in sources) + " ".join(path.name for path in libs).encode())

    def make():
        shutil.rmtree(CLASSES, ignore_errors=True)
        subprocess.check_call(["java", "-cp", "%s/*" % LIBS, COMPILER, "-source", "11", "-target", "11", "-proc:none",
                               "-cp", ":".join(map(str, libs)), "-d", CLASSES, *sources])
    tools.once(CLASSES, key.hexdigest(), make)


class Spring(Daemon):
    """One process with the places {name: port}; first_id: that of its rows."""

    def __init__(self, directory, broker, topic, places, first_id=1):
        super().__init__("spring", directory, {}, port=list(places.values())[-1])
        self.command = ["java", "-Xmx160m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dsun.net.httpserver.nodelay=true",
                        "-cp", "%s:%s/*" % (CLASSES, LIBS), "mall.Neighbours", broker.address, topic,
                        *("%s=%d:%d" % (*place, first_id) for place in places.items())]

    def start(self, wait=True, **_):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command, cwd=self.directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self):
        until(self.is_ready, PATIENCE)

    def is_ready(self):
        """Its places start one after the other: when the last one answers, all do."""
        assert self.process.poll() is None, "%s ended with %s" % (self.name, self.process.returncode)
        try:
            return self.get("/").status == 404
        except OSError:
            return False

    def wait(self, seconds=30):
        code = super().wait(seconds)
        trouble = [line for line in self.log().split("\n") if " ERROR " in line]
        assert not trouble, "Spring could not do something: %s" % trouble[0]
        return 0 if code == ENDED_BY_SIGTERM else code
