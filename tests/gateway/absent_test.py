"""The page at "/" while nobody answers there: the gateway's own, until the upstream is back."""
from client import ask
from front import Front
from mall import Client, equal, ports
from upstream import END, Upstream, answer, says

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def nobody():
    return Front({"/**": ports.reserve()})


def test_a_browser_and_a_command_line_learn_what_is_missing_and_how_to_start_it():
    with nobody() as front:
        gateway = Client(front.port)
        page = gateway.get("/", Accept=BROWSER, Accept_Language="ko-KR,ko;q=0.9,en;q=0.8")
        equal((page.status, page.headers["content-type"], page.headers["retry-after"]), (503, "text/html; charset=utf-8", "1"))
        assert '<html lang="ko">' in page.text and "http://127.0.0.1:" in page.text and "make run" in page.text, page.text
        said = gateway.get("/")
        equal((said.status, said.headers["content-type"], said.headers["retry-after"]), (503, "application/problem+json", "1"))
        assert said.body["detail"].startswith("route all: http://127.0.0.1:") and "make run" in said.body["detail"], said.body


def test_head_gets_the_length_of_the_page_and_no_byte_of_it():
    with nobody() as front:
        whole = Client(front.port).get("/", Accept=BROWSER)
        head = ask(front.port, "HEAD", "/", "Accept: " + BROWSER)
        equal((head.status, head.field("Content-Length"), head.size), (503, str(len(whole.text.encode())), 0))


def test_an_upstream_that_is_there_is_never_replaced():
    """Whatever it answers, and also when it breaks off."""
    for script, status in ((says(answer(b"mine", status="503 Mine")), 503), (says(END), 502)):
        with Front(Upstream(script)) as front:
            reply = Client(front.port).get("/", Accept=BROWSER)
            equal(reply.status, status)
            assert "make run" not in reply.text, reply.text
