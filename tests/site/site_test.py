"""What is in the site, read as files; what a browser sees of it is in browser.mjs."""
import collections
import functools
import html.parser
import http.server
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.parse

import drivers
from mall import CannotTell, equal

TOP = drivers.tools.TOP
HTML = pathlib.Path(os.environ["MALL_TEST_SITE"]) / "html"       # run.py builds it
WORDS = ("배송", "재고", "주문", "카프카", "컨슈")              # README.ko.md has them, and lab pages; the last is the beginning of one
LOADED = {"img": "src", "script": "src", "link": "href", "iframe": "src", "source": "src"}     # what a browser fetches by itself


class Page(html.parser.HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.language, self.ids, self.links, self.loaded, self.kinds, self.nav = None, set(), [], [], collections.Counter(), []
        self.text = path.read_text(encoding="utf-8")
        self.in_nav = 0
        self.feed(self.text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.language = given.get("lang") if tag == "html" else self.language
        self.ids |= {given[name] for name in ("id", "name") if given.get(name)}
        self.in_nav += tag == "nav"
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
            if self.in_nav and "hreflang" not in given:         # which is the switch
                self.nav.append(given["href"])
        if given.get(LOADED.get(tag)) and given.get("rel") not in ("alternate", "prev", "next", "canonical"):
            self.loaded.append(given[LOADED[tag]])
        if "data-kind" in given:
            self.kinds[given["data-kind"]] += 1

    def handle_endtag(self, tag):
        self.in_nav -= tag == "nav"


def all_pages():
    return {str(path.relative_to(HTML)): Page(path) for path in HTML.rglob("*.html")}


def inside(page, href):
    """The path in the site that a link of a page leads to, and the anchor; None where it leads elsewhere."""
    parts = urllib.parse.urlsplit(href)
    if parts.scheme or parts.netloc:
        return None
    path = os.path.normpath(os.path.join(os.path.dirname(page), urllib.parse.unquote(parts.path))) if parts.path else page
    return path + "/index.html" if (HTML / path).is_dir() else path, urllib.parse.unquote(parts.fragment)


def sources():
    said = subprocess.check_output(["git", "-C", TOP, "ls-files", "--cached", "--others", "--exclude-standard", "*.md"], text=True)
    return [path for path in said.split("\n") if path and (TOP / path).exists()]


def page_of(source):
    """Where MkDocs puts it."""
    path = pathlib.PurePosixPath(source)
    return str(path.with_name("index.html") if path.name == "README.md" else path.with_suffix(".html"))


def test_every_link_leads_to_a_page_and_an_anchor_of_the_site():
    pages, wrong, followed = all_pages(), [], 0
    for name, page in pages.items():
        for href in page.links + page.loaded:
            found = inside(name, href)
            if not found:
                continue
            followed += 1
            path, anchor = found
            if not (HTML / path).is_file():
                wrong.append("%s: %s: there is no %s" % (name, href, path))
            elif anchor and path in pages and anchor not in pages[path].ids and not anchor.startswith("__"):
                wrong.append("%s: %s: %s has no such anchor" % (name, href, path))
    assert followed > 5000, followed
    equal(wrong, [])


def test_nothing_is_loaded_from_elsewhere():
    wrong, looked = [], 0
    for name, page in all_pages().items():
        looked += len(page.loaded)
        wrong += ["%s: %s" % (name, href) for href in page.loaded if not inside(name, href) and not href.startswith("data:")]
    for sheet in HTML.rglob("*.css"):
        wrong += ["%s: %s" % (sheet.name, url) for url in
                  re.findall(r"(?:url\(|@import )[\"']?((?:https?:)?//[^\"')]+)", sheet.read_text(encoding="utf-8"))]
    assert looked > 500, looked
    equal(wrong, [])


def test_every_document_of_the_tree_is_a_page_that_the_navigation_of_its_language_leads_to():
    pages = all_pages()
    led = {language: {found[0] for href in pages[home].nav if (found := inside(home, href))}
           for language, home in (("en", "index.html"), ("ko", "README.ko.html"))}
    for source in sources():
        page, language = page_of(source), "ko" if "/ko/" in source or source.endswith(".ko.md") else "en"
        assert page in pages, "%s has no page" % source
        equal(pages[page].language, language, page)
        assert page in led[language], "the navigation does not lead to %s" % page
        foreign = [href for href in pages[page].nav if (found := inside(page, href)) and
                   ("/lab/%s/" % {"en": "ko", "ko": "en"}[language] in found[0])]
        equal(foreign, [], "links to the other language in the navigation of " + page)


def kinds_of(source):
    """How many fences of each kind: where it runs, or what it should print."""
    found, fence = collections.Counter(), None
    for line in (TOP / source).read_text(encoding="utf-8").split("\n"):
        mark = re.match(r" {0,3}(`{3,})(.*)", line)
        if mark and fence is None:
            fence, info = mark[1], mark[2]
            run = re.search(r"\brun=(\w+)", info)
            found.update([run[1]] if run else ["expect"] if re.search(r"\bexpect\b", info) else [])
        elif mark and len(mark[1]) >= len(fence) and not mark[2].strip():
            fence = None
    return found


def test_above_a_command_stands_where_it_runs():
    pages, total = all_pages(), collections.Counter()
    for source in sources():
        page = pages[page_of(source)]
        equal(page.kinds, kinds_of(source), source)
        total += page.kinds
        if page.kinds["local"]:
            assert {"en": "on this machine", "ko": "이 컴퓨터에서"}[page.language] in page.text, source
        assert "run=" not in re.sub(r"<(pre|code)\b.*?</\1>", "", page.text, flags=re.S), source
    if not total:
        raise CannotTell("no page has a command that says where it runs")
    assert total["local"] and total["expect"], total


def test_no_page_shows_the_marks_of_its_markdown():
    """`**말(word)**이` is not bold, here or on GitHub: no letter may follow a bracket and **. <b> does it."""
    wrong = []
    for source in sources():
        text = re.sub(r"<(pre|code|script|style|svg)\b.*?</\1>", "", (HTML / page_of(source)).read_text(encoding="utf-8"), flags=re.S)
        wrong += ["%s: %s" % (source, found) for found in re.findall(r".{0,30}(?:\*\*|\]\(|```).{0,30}", re.sub(r"<[^>]*>", "", text))]
    equal(wrong, [])


def copy_of_the_tree(folder):
    said = subprocess.check_output(["git", "-C", TOP, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], text=True)
    for path in filter(None, said.split("\0")):
        if (TOP / path).is_file():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TOP / path, folder / path)
    subprocess.check_call(["git", "init", "-q", folder])


def test_a_link_that_leads_nowhere_fails_the_build_and_is_named():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        copy_of_the_tree(folder)
        with open(folder / "docs/retries.md", "a", encoding="utf-8") as page:
            page.write("\n[no page](nopage.md), [no file](../common/nofile.c), [no anchor](contract.md#no-such-anchor), "
                       "![no picture](pictures/no.png)\n")
        built = subprocess.run([sys.executable, folder / "scripts/build_site.py"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True, timeout=600)
        assert built.returncode, built.stdout
        for word in ("nopage.md", "nofile.c", "#no-such-anchor", "no.png"):
            assert re.search(r"WARNING.*docs/retries.md.*%s" % re.escape(word), built.stdout), "%s is not named: %s" % (word, built.stdout)
        assert "Traceback" not in built.stdout, built.stdout


def without_network():
    """What runs a command where there is no network; [] where this user may not have such a place."""
    commands = (["unshare", "--net"], ["unshare", "--net", "--map-root-user"])
    return next((c for c in commands if not subprocess.run([*c, "true"], stderr=subprocess.DEVNULL).returncode), [])


def looked_at(pages):
    """[page, language, scheme] of which pictures are taken."""
    wanted = (("index.html", "en"), ("README.ko.html", "ko"), ("docs/lab/ko/classic-cancel.html", "ko"), ("docs/lab/en/index.html", "en"),
              ("docs/contract.html", "en"), ("deploy/k8s/index.html", "en"))
    return [(path, language, scheme) for path, language in wanted if path in pages for scheme in ("light", "dark")]


def told_by_browser(address, about, only=None, around=()):
    """What browser.mjs says of its cases; around: the command that it runs in."""
    if not shutil.which("chromium"):
        raise CannotTell("left out the site in a browser: there is no chromium")
    seen = TOP / "build/site/seen"
    seen.mkdir(parents=True, exist_ok=True)
    known = sources()
    english = {path: path.replace("/ko/", "/en/") for path in known if "/ko/" in path}
    pairs = [("README.md", "README.ko.md"), *((english[path], path) for path in known if english.get(path) in known)]
    documents = [page_of(path) for path in known]
    files = sorted({str(path.relative_to(HTML)) for path in HTML.rglob("*.html")} - set(documents))
    said = json.dumps({
        "address": address, "packages": str(drivers.PACKAGES), "pictures": str(seen), "only": os.environ.get("MALL_TEST_CASE") or only,
        "pages": documents + files[::10], "pairs": [[page_of(one) for one in pair] for pair in pairs],
        "words": WORDS, "looked": looked_at({page_of(path) for path in known})})
    process = subprocess.Popen([*around, drivers.node(), TOP / "tests/site/browser.mjs", said], stdout=subprocess.PIPE, text=True)
    cases = 0
    try:
        for line in process.stdout:
            told = json.loads(line)
            cases += 1
            yield told["case"] + about, told["trouble"]
        code = process.wait(60)
        if code or not cases and "MALL_TEST_CASE" not in os.environ:
            yield "the browser" + about, "it ended with %d after %d cases" % (code, cases)
    finally:
        process.kill()
        process.wait()


def test_read_from_the_disk():
    yield from told_by_browser(HTML.as_uri() + "/", ", from the disk", around=without_network())


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):                                  # its name in http.server
        pass


def test_read_from_a_web_server_that_has_it_in_some_folder():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=HTML.parent)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield from told_by_browser("http://127.0.0.1:%d/%s/" % (server.server_port, HTML.name), ", from a web server",
                                       only="WordsAreFound|theOtherLanguage|drawings")
        finally:
            server.shutdown()


slow = ("test_read_from_the_disk",)
