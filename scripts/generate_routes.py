"""generate_routes - gives each service a route in gateway/application.yml, the gateway's built-in routes.

The file is for people to change: what stands there stays. A service without a route in one of the two profiles gets one,
before the frontend's, which takes all other paths.
"""
import services

PATH = services.TOP / "gateway/application.yml"
DOCUMENT = "\n---\n"
# The prefix in front of the names of the lab's Services.
PREFIX = "user23-"
# A blank ends the last line, as in the lab's own file.
ROUTE = """\
        - id: %s
          uri: http://%s
          predicates:
            - Path=%s\x20
"""
LAST_ROUTE = "        - id: frontend\n"


def place(name, document, folder):
    if "  profiles: docker\n" in document:
        return PREFIX + services.host(name) + ":8080"
    return "localhost:%d" % services.describe(name, folder)["port"]


def with_routes(document, folder):
    routes = ""
    for name in services.names():
        if "- id: %s\n" % name not in document:
            paths = ",".join("/%s/**" % collection for collection in services.collections(name, folder))
            routes += ROUTE % (name, place(name, document, folder), paths)
    return document.replace(LAST_ROUTE, routes + LAST_ROUTE)


def files(folder):
    documents = PATH.read_text(encoding="utf-8").split(DOCUMENT)
    return {str(PATH.relative_to(services.TOP)): DOCUMENT.join(with_routes(document, folder) for document in documents)}
