"""A request that can be read in two ways is refused, its connection closed, and no upstream sees it; one that is taken reaches it as one.

All cases share one gateway, one upstream and its pooled connections, so that a request hidden in another would be seen."""
import concurrent.futures

import framing_cases
import http1
import target_cases
from client import Wire
from front import Front, span
from upstream import Upstream

TABLES = [framing_cases.LENGTH_AND_CODING, framing_cases.CODINGS, framing_cases.LENGTHS, framing_cases.FIELDS, framing_cases.CONNECTIONS,
          target_cases.REQUEST_LINES, target_cases.VERSIONS, target_cases.CHUNKED]
CASES = [case for table in TABLES for case in table]
AT_ONCE = 24
SETTINGS = {"header_timeout": span(2), "body_timeout": span(4), "response_timeout": span(5), "max_body": "10MiB"}


def put(text, word):
    return text.replace(b"CASE" if isinstance(text, bytes) else "CASE", word.encode() if isinstance(text, bytes) else word)


def converse(port, case, word, step):
    """Its answers, what was wrong with them, and how the connection ended."""
    try:
        with Wire(port, 6) as wire:
            wire.exchange(put(case.raw + framing_cases.NEXT, word), step)
            return wire.all_replies([case.taken[0] if case.taken else "GET", "GET"]), wire.ended
    except (AssertionError, OSError) as trouble:
        return [trouble], None


def mark_of(request):
    """The case's word in a target."""
    return request.target[1:5]


def check_refused(case, replies, ended, seen):
    statuses = [reply.status for reply in replies] or [None]
    if framing_cases.NEWER and 400 in case.statuses and statuses == [None]:
        statuses = [400]
    # libmicrohttpd 0.9.75 writes the head of its own refusal twice before it closes: the second is no answer
    if statuses[0] not in case.statuses or any(status is not None for status in statuses[1:]):
        return "answered %s, not %s" % (statuses, case.statuses)
    if not ended:
        return "left open after the answer"
    if [r for r in seen if r.whole or not case.partly] or len(seen) > 1:
        return "reached the upstream: %s" % seen
    return None


def fields_differ(case, request):
    for name, value in (case.fields or {}).items():
        if value != "any" and request.field(name) != value:
            return "%s is %r at the upstream, not %r" % (name, request.field(name), value)
    return "trailers reached the upstream: %s" % request.trailers if request.trailers else None


def check_taken(case, word, replies, ended, seen):
    following = [] if case.last else [("GET", "/%s/next" % word, b"")]
    want = [(case.taken[0], put(case.taken[1], word), case.taken[2])] + following
    got = [(r.method, r.target, r.body) for r in seen if r.whole]
    if got != want or len(seen) != len(got):
        return "%s reached the upstream, not %s" % (seen, want)
    if [r.status for r in replies] != [200] * len(want) or not all(r.whole for r in replies):
        return "answered %s, not with 200 for each of %s" % (replies, want)
    if not ended:
        return "left open after the last answer"
    return fields_differ(case, seen[0])


def check(case, word, said, seen):
    replies, ended = said
    for reply in replies:
        if isinstance(reply, Exception):
            return "%s: %s; before it %s; reached the upstream: %s" % (type(reply).__name__, reply, replies[:-1], seen)
    if case.taken and (not case.statuses or (replies and replies[0].status == 200)):
        return check_taken(case, word, replies, ended, seen)
    return check_refused(case, replies, ended, seen)


def run(cases, step=None):
    """(case, trouble) of each, then the requests that belong to no case."""
    upstream, words = Upstream(), ["%c%03d" % ("bc"[step is None], i) for i in range(len(cases))]
    with Front(upstream, **SETTINGS) as front:
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            said = list(pool.map(lambda pair: converse(front.port, *pair, step), zip(cases, words)))
    for case, word, one in zip(cases, words, said):
        trouble = check(case, word, one, [r for r in upstream.requests if mark_of(r) == word])
        yield case, trouble and "%s\n  %.300r" % (trouble, put(case.raw, word))
    stray = [r for r in upstream.requests if mark_of(r) not in words]
    rest = [bytes(t.buffer) for t in upstream.talks if t.buffer]
    yield None, "requests of no case reached the upstream: %s %s" % (stray, rest) if stray or rest else None


def test_framing():
    for case, trouble in run(CASES):
        yield case.name if case else "nothing strayed", trouble


def test_framing_a_byte_at_a_time():
    wrong = ["%s: %s" % (case and case.name, trouble) for case, trouble in run([c for c in CASES if len(c.raw) < 500], step=1) if trouble]
    assert not wrong, "\n".join(wrong)


def test_framing_of_a_body_cut_short():
    """The client goes away in its body: no whole request reaches the upstream, and none waits there for the rest."""
    cuts = {"length": b"POST /CASE HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello",
            "chunks": b"POST /CASE HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
            "inside-a-chunk": b"POST /CASE HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
            "before-the-trailers-end": b"POST /CASE HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n"}
    upstream = Upstream()
    with Front(upstream, **SETTINGS) as front:
        for word, raw in cuts.items():
            for cut in (Wire.close, http1.Stream.reset):
                wire = Wire(front.port)
                wire.say(put(raw, word))
                cut(wire)
        with Wire(front.port) as wire:
            wire.say(put(cuts["length"], "half-closed"))
            wire.sock.shutdown(1)
            statuses = [r.status for r in wire.all_replies(["POST"])]
            assert statuses in ([], [400], [408]), statuses
    whole = [r for r in upstream.requests if r.whole]
    assert not whole, whole
