"""insights - the saved queries of deploy/eks/logging.yaml, read as CloudWatch does as far as they go: what they take out of a line of
the daemons, be it fields of an event or a text in it. Each check takes a tree; BROKEN breaks each."""
import json
import re

from template import TOP, Stack

STACK = "deploy/eks/logging.yaml"
TRACE = "0af7651916cd43dd8448eb211c80319c"
ACCESS = {"@timestamp": "2026-11-30T12:18:11.857Z", "log.level": "INFO", "message": "POST /orders 201", "service.name": "order",
          "http.response.status_code": 201, "event.duration": 2008000, "trace.id": TRACE, "span.id": "424049d9d98242fb", "url.original": "/orders"}
DEAD = {"@timestamp": "2026-11-30T12:18:12.001Z", "log.level": "ERROR", "message": "an event cannot be understood; it is a dead letter now",
        "service.name": "product", "event.place": "mall[0]@7", "event.type": "DeliveryStarted", "error.message": "no product", "trace.id": TRACE}


def queries(tree):
    return {q["Name"].partition("/")[2]: q for q in Stack("logging.yaml", tree).of_type("AWS::Logs::QueryDefinition")}


def forms(line):
    """How a line may be within an event: parsed, or as a text; the daemons write no blank between name and value."""
    text = json.dumps(line, separators=(",", ":"))
    kubernetes = {"pod_name": "user23-order-1"}
    return [json.dumps({"log_processed": line, "kubernetes": kubernetes}, separators=(",", ":")), json.dumps({"log": text, "kubernetes": kubernetes}, separators=(",", ":")), text]


def asked(query, message):
    """What its parse lines take from a message; None where one of its "like" leaves it out."""
    found = {}
    for step in re.split(r"\n\| ", query):
        like = re.fullmatch(r"filter @message like /(.*)/", step.strip())
        if like and not re.search(like[1], message):
            return None
        parse = re.fullmatch(r"parse @message /(.*)/", step.strip())
        if parse:
            found.update((re.search(parse[1].replace("(?<", "(?P<"), message) or re.search("", "")).groupdict())
    return found


def one_order_is_found_by_its_trace(tree):
    query = queries(tree)["one order"]["QueryString"]
    assert query.count("TRACE") == 1, "what one puts in"
    query = query.replace("TRACE", TRACE)
    for line in (ACCESS, DEAD):
        for message in forms(line):
            assert asked(query, message) == {"service": line["service.name"], "what": line["message"], "trace": TRACE}, (message, asked(query, message))
    assert asked(query, forms({**ACCESS, "trace.id": "1" * 32})[0]) is None
    assert "sort @timestamp asc" in query


def the_slowest_are_numbers(tree):
    query = queries(tree)["slowest requests"]["QueryString"]
    for message in forms(ACCESS):
        found = asked(query, message)
        assert found == {"service": "order", "what": "POST /orders 201", "duration": "2008000", "trace": TRACE}, found
    assert "filter ispresent(duration)" in query and "sort duration desc" in query and "duration / 1000000 as milliseconds" in query


def dead_letters_say_where_and_why(tree):
    query = queries(tree)["dead letters"]["QueryString"]
    said = (TOP / "common/event/inbox_report.c").read_text()
    assert said.count("is a dead letter now") == 2, "the daemons say it otherwise"
    for message in forms(DEAD):
        found = asked(query, message)
        assert found == {"service": "product", "place": "mall[0]@7", "type": "DeliveryStarted", "why": "no product"}, found
    assert asked(query, forms(ACCESS)[0]) is None


def errors_are_those_of_a_level_or_a_status(tree):
    query = queries(tree)["errors by pod"]["QueryString"]
    for line, level, status in ((ACCESS, "INFO", "201"), (DEAD, "ERROR", None)):
        for message in forms(line):
            found = asked(query, message)
            assert (found.get("level"), found.get("status")) == (level, status), found
    assert 'filter level = "ERROR" or status >= 500' in query and "by kubernetes.pod_name" in query


def the_group_is_the_addons_and_ends(tree):
    stack = Stack("logging.yaml", tree)
    group, = stack.of_type("AWS::Logs::LogGroup")
    assert group["LogGroupName"] == "/aws/containerinsights/user23-mall/application" and int(group["RetentionInDays"]) == 7, group
    assert set(queries(tree)) == {"one order", "slowest requests", "dead letters", "errors by pod"}, sorted(queries(tree))
    for query in queries(tree).values():
        assert query["LogGroupNames"] == ["Lines"], query


CHECKS = [one_order_is_found_by_its_trace, the_slowest_are_numbers, dead_letters_say_where_and_why, errors_are_those_of_a_level_or_a_status,
          the_group_is_the_addons_and_ends]
BROKEN = [
    (one_order_is_found_by_its_trace, STACK, r'trace\.id\\*":\\*"', r'trace\.id":"'),
    (one_order_is_found_by_its_trace, STACK, "like /TRACE/", "like /trace/"),
    (the_slowest_are_numbers, STACK, r"(?<duration>[0-9]+)", r"(?<duration>[0-9])"),
    (dead_letters_say_where_and_why, STACK, "/is a dead letter now/", "/became a dead letter/"),
    (errors_are_those_of_a_level_or_a_status, STACK, r"(?<level>[A-Z]+)", r"(?<level>[a-z]+)"),
    (the_group_is_the_addons_and_ends, STACK, "${ClusterName}/application", "${ClusterName}/dataplane"),
]
