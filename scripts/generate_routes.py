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

ROUTE = """\
        - id: %s
          uri: http://%s
          predicates:
            - Path=/%s/** 
"""


def files(folder):
    said = [services.describe(name, folder) for name in services.names()]
    # the first collection is the service's resource; others are for its neighbours and not for clients
    here = [ROUTE % (s["name"], "localhost:%d" % s["port"], s["collections"][0]) for s in said]
    in_containers = [ROUTE % (s["name"], PREFIX + services.host(s["name"]) + ":8080", s["collections"][0]) for s in said]
    return {PATH: FILE % {"here": "".join(here), "in_containers": "".join(in_containers)}}
