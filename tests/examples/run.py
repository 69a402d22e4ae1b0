#!/usr/bin/env python3
"""run - builds the programs of examples/ and tells their stories beside a real mall, on a real Kafka broker.

usage: run.py [--jobs N] [PART]...      stories whose name contains one of the PARTs

What cannot be fetched or built for want of a tool is `left out`, with the reason, and the others are told all the same.
"""
import sys

import examples                                                 # first: it knows where the next one lies
import stories


def main():
    if "--one" not in sys.argv:
        missing = []
        for example in examples.ALL:
            try:
                example.build()
            except examples.NotHere as why:
                missing.append(example)
                print("left out %s: %s" % (example.label, why), flush=True)
        if len(missing) == len(examples.ALL):
            return 0
    return stories.main(__doc__, jobs=2, deadlines={"release": 900})


if __name__ == "__main__":
    sys.exit(main())
