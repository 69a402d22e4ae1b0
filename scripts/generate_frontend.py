"""generate_frontend - writes frontend/services.h, where the console finds the daemons if nobody says otherwise."""
import services

PATH = "frontend/services.h"
HEAD = """\
/* services - where the console finds the daemons if nobody says otherwise; written by `make
   generate` from the list of services. */
#ifndef FRONTEND_SERVICES_H
#define FRONTEND_SERVICES_H
/* clang-format off */

#define SERVICES_HERE %s

#define SERVICES_DOCKER %s

#endif
"""


def text_of(places):
    """A string of C, one piece a line."""
    pieces = ["%s=http://%s:%d" % place for place in places]
    return "".join(' \\\n        "%s%s"' % (piece, "," if piece is not pieces[-1] else "") for piece in pieces).lstrip(" ")


def files(folder):
    watched = [name for name in services.daemons() if name != "frontend"]
    here = [(name, "localhost", services.port(name, folder)) for name in watched]
    docker = [(name, name, 8080) for name in watched]
    return {PATH: HEAD % (text_of(here), text_of(docker))}
