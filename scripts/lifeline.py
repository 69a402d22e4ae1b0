"""lifeline - a child that ends when the thread that started it does, also by kill -9; a session of its own would outlive that.

    subprocess.Popen(command, start_new_session=True, preexec_fn=lifeline.to(os.getpid()))

Start it on the main thread, or on one that stays as long as the child is to.
"""
import ctypes
import os
import signal

PR_SET_PDEATHSIG = 1                                            # linux/prctl.h
LIBC = ctypes.CDLL(None)                                        # looked up before the fork


def to(parent):
    """What the child does before it becomes the program. parent: who starts it."""
    def tie():
        LIBC.prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
        if os.getppid() != parent:                              # it was killed in the meantime
            os._exit(1)
    return tie
