"""collected - what deploy/evidence/collect prints of each checkpoint."""
import re


def verdicts(printed):
    """{key of the checkpoint: verdict}"""
    return dict(re.findall(r"^collect: (\d+|EFS|traces|audit) +.*: ([^:\n]+)$", printed, re.M))
