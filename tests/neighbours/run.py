#!/usr/bin/env python3
"""run - tells the stories of malls that are partly Spring's.

usage: run.py [--jobs N] [PART]...      stories whose name contains one of the PARTs

Where Spring's libraries cannot be had it says `left out` and why, and ends with 0.
"""
import sys

import neighbour                                                # first: it knows where the next one lies
import stories


def main():
    if "--one" not in sys.argv:
        try:
            neighbour.fetch()
        except neighbour.NotHere as why:
            print("left out neighbours: %s" % why)
            return 0
        neighbour.build()
    return stories.main(__doc__, jobs=2, deadlines={"release": 1200})


if __name__ == "__main__":
    sys.exit(main())
