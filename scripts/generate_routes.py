"""generate_routes - the gateway's built-in routes: one for each service, and one for the frontend, which takes the rest."""
import services

PATH = "gateway/application.yml"
# The prefix in front of the names of the lab's Services.
PREFIX = "user23-"

FILE = """\
# Written by `make generate` from what each service says of itself.
server:
  port: 8088

---

spring:
  profiles: default
  cloud:
    gateway:
      routes:
%(here)s\
        - id: frontend
          uri: http://localhost:8080
          predicates:
            - Path=/**
      globalcors:
        corsConfigurations:
          '[/**]':
            allowedOrigins:
              - "*"
            allowedMethods:
              - "*"
            allowedHeaders:
              - "*"
            allowCredentials: true

---

spring:
  profiles: docker
  cloud:
    gateway:
      routes:
%(in_containers)s\
        - id: frontend
          uri: http://frontend:8080
          predicates:
            - Path=/**

server:
  port: 8080
"""

# A blank ends the last line, as in the lab's own file.
ROUTE = """\
        - id: %s
          uri: http://%s
          predicates:
            - Path=%s\x20
"""


def files(folder):
    here, in_containers = "", ""
    for name in services.names():
        paths = ",".join("/%s/**" % c for c in services.collections(name, folder))
        here += ROUTE % (name, "localhost:%d" % services.describe(name, folder)["port"], paths)
        in_containers += ROUTE % (name, PREFIX + services.host(name) + ":8080", paths)
    return {PATH: FILE % {"here": here, "in_containers": in_containers}}
