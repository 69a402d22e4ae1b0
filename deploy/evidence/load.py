"""load - what the pod siege remembers of the loads that were typed in it: siege writes a line for each (deploy/siege/siegerc).

      Date & Time,  Trans,  Elap Time,  Data Trans,  Resp Time,  Trans Rate,  Throughput,  Concurrent,    OKAY,   Failed
2026-12-01 02:48:53,  873,       2.09,           0,       0.01,      417.70,        0.00,        4.91,     676,      111
"""
import dataclasses
import datetime

LOG = "/home/siege/siege.log"
COLUMNS = 10


@dataclasses.dataclass(frozen=True)
class Run:
    begin: datetime.datetime
    end: datetime.datetime
    successful: int
    failed: int


def runs(text):
    """Those that the log tells of; other lines are passed over."""
    found = []
    for line in text.splitlines():
        fields = [field.strip() for field in line.split(",")]
        try:
            end = datetime.datetime.strptime(fields[0], "%Y-%m-%d %H:%M:%S").replace(tzinfo=datetime.timezone.utc)
            if len(fields) == COLUMNS:
                found.append(Run(end - datetime.timedelta(seconds=float(fields[2])), end, int(fields[8]), int(fields[9])))
        except ValueError:
            continue
    return found


def at(found, when):
    """The runs that had begun and had not ended then."""
    return [run for run in found if run.begin <= when < run.end]


def together(found):
    """Runs at the same time as one."""
    return Run(min(run.begin for run in found), max(run.end for run in found), sum(run.successful for run in found), sum(run.failed for run in found))


def moment(text):
    """As Kubernetes writes it: 2026-12-01T02:48:53Z."""
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)
