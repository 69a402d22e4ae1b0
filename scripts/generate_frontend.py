"""generate_frontend - writes frontend/services.h and mallctl/services.h: where the daemons and their admin listeners are if
nobody says otherwise."""
import services

ADMIN_ABOVE = 1000      # `make run FAULTS=1`: a daemon's admin listener is so far above its port
ADMIN_DOCKER = 9091
HEAD = """\
/* services - where %s if nobody says otherwise; written by `make
   generate` from the list of services. */
#ifndef %s_SERVICES_H
#define %s_SERVICES_H
/* clang-format off */
%s
#endif
"""


def text_of(name, places):
    """A string of C, one piece a line."""
    pieces = ["%s=http://%s:%d" % place for place in places]
    return "\n#define %s%s\n" % (name, "".join(' \\\n        "%s%s"' % (piece, "," if piece is not pieces[-1] else "")
                                              for piece in pieces))


def files(folder):
    everyone = services.daemons()
    watched = [name for name in everyone if name != "frontend"]
    ports = {name: services.port(name, folder) for name in everyone}
    admin_here = text_of("ADMIN_HERE", [(name, "localhost", ports[name] + ADMIN_ABOVE) for name in everyone])
    frontend = [text_of("SERVICES_HERE", [(name, "localhost", ports[name]) for name in watched]),
                text_of("SERVICES_DOCKER", [(name, name, 8080) for name in watched]),
                admin_here,
                text_of("ADMIN_DOCKER", [(name, name + "-admin", ADMIN_DOCKER) for name in everyone])]
    all_of_them = "\n/* strings: all daemons */\n#define DAEMONS %s\n" % ", ".join('"%s"' % name for name in everyone)
    return {"frontend/services.h": HEAD % ("the console finds the daemons", "FRONTEND", "FRONTEND", "".join(frontend)),
            "mallctl/services.h": HEAD % ("the daemons' admin listeners are", "MALLCTL", "MALLCTL", admin_here + all_of_them)}
