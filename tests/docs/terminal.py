"""terminal - a reader's terminal: a bash that keeps its variables, on a pseudo-terminal, so that tools print as people see it."""
import codecs
import contextlib
import fcntl
import os
import pathlib
import pty
import select
import signal
import struct
import subprocess
import termios
import time

HERE = pathlib.Path(__file__).resolve().parent
ROWS, COLUMNS = 50, 160


class Ended(Exception):
    """A command that did not end in time, or a terminal that is gone."""


class Terminal:
    """One bash, in a session of its own."""

    def __init__(self, tree, environment, scratch):
        self.scratch, self.said, self.count, self.busy = scratch, "", 0, False
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.master, slave = pty.openpty()
        settings = termios.tcgetattr(slave)
        settings[3] &= ~termios.ECHO
        termios.tcsetattr(slave, termios.TCSANOW, settings)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        files, self.files = os.pipe()
        self.statuses, statuses = os.pipe()

        def adopt():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            low = fcntl.fcntl(files, fcntl.F_DUPFD, 10), fcntl.fcntl(statuses, fcntl.F_DUPFD, 10)
            os.dup2(low[0], 3)
            os.dup2(low[1], 4)
        self.process = subprocess.Popen(["bash", "--norc", HERE / "driver.sh"], cwd=tree, env=environment, stdin=slave, stdout=slave, stderr=slave,
                                        preexec_fn=adopt, pass_fds=(3, 4, files, statuses))
        for mine in (slave, files, statuses):
            os.close(mine)

    def begin(self, commands):
        self.count += 1
        file = self.scratch / ("%d-%d.sh" % (self.process.pid, self.count))
        file.write_text(commands + "\n", encoding="utf-8")
        self.said, self.busy = "", True
        os.write(self.files, b"%s\n" % str(file).encode())

    def read(self, seconds):
        """What it has printed since, and the status if the commands are done: (number, the command that failed first)."""
        ready = select.select([self.master, self.statuses], [], [], seconds)[0]
        if self.master in ready:
            with contextlib.suppress(OSError):
                self.said += self.decoder.decode(os.read(self.master, 65536))
            return None
        if self.statuses in ready:
            line = os.read(self.statuses, 65536).decode()
            if not line:
                raise Ended("the terminal is gone")
            self.busy = False
            status, _, failed = line.strip("\n").partition("\t")
            return int(status), failed
        return None

    def wait(self, timeout, until=None):
        """The status; None as soon as `until` was printed."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            done = self.read(0.2)
            if until and until in self.said:
                return None
            if done:
                return done
        raise Ended("not done within %d s" % timeout)

    def interrupt(self):
        os.write(self.master, b"\x03")

    def close(self):
        """Ctrl-C for what still runs, then the end."""
        with contextlib.suppress(OSError, Ended):
            if self.busy:
                self.interrupt()
                self.wait(30)
        os.close(self.files)                                    # at which the driver ends
        for number in (None, signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                if number:
                    os.killpg(self.process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(5)
                break
        os.close(self.master)
        os.close(self.statuses)
