"""gameday_stories - a game day on the cluster, by the line that its manual gives."""
import os
import re

import kube
import lab
from kube import PREFIX, TOP, enter

PAGE = TOP / "deploy/gamedays/README.md"


def line():
    """The manual's, for the mall of this cluster, which has the namespace default."""
    said = re.search(r"^    (build/bin/mallctl gameday deploy/gamedays/sick-pod\.yml --namespace .*)$", PAGE.read_text(), re.M)[1]
    return said.replace("--namespace $PREFIX", "--namespace default")


def gameday():
    """A pod that answers with errors while it calls itself well: the game day finds the pods by the real kubectl, and the mall stands it."""
    path = "%s:%s" % (kube.PLACE / "bin", os.environ["PATH"])
    with lab.having("faults"):
        # it ends with 0 where every check holds
        said = enter("env", "-C", TOP, "PATH=" + path, "KUBECONFIG=%s" % (kube.PLACE / "kubeconfig"), "PREFIX=" + PREFIX.rstrip("-"), "sh", "-c", line())
    kube.audit()
    return said.strip().splitlines()[-1]


STORIES = [gameday]
