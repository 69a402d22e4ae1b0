"""github_markdown - Markdown as GitHub reads it, for MkDocs: the documents are written for both.

Python-Markdown, which MkDocs calls, reads lists, <details> and fences otherwise. So markdown-it reads a page here and gives
Python-Markdown the tree: headings, the table of contents and links are MkDocs' own business as ever.

    GitHub(resolve, said)      resolve(href): the href to a page of the site; said(): the words of the page's language

A fence may carry attributes: `run=local timeout=60`, `expect`, `title=coupon/main.c`. Where a command runs stands above it.
"""
import html
import re
import shlex
from html.parser import HTMLParser
from xml.etree import ElementTree

from markdown.extensions import Extension
from markdown.util import AMP_SUBSTITUTE
from markdown_it import MarkdownIt
from mdit_py_plugins.gfm import gfm_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import TextLexer, get_lexer_by_name
from pygments.util import ClassNotFound

VOID = {"area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
ENTITY = re.compile(r"&(?=#?\w+;)")                             # Python-Markdown's serializer takes that for one that was meant


def fence(info):
    """(language, {attribute: value}); an attribute without a value is True."""
    try:
        words = shlex.split(info)
    except ValueError:
        words = info.split()
    language = words.pop(0) if words and "=" not in words[0] else ""
    return language, {name: value if is_pair else True for name, is_pair, value in (word.partition("=") for word in words)}


def label(attributes, words):
    """What stands above a fence; None where nothing does."""
    if "expect" in attributes:
        return words["expect"]
    if "run" not in attributes:
        return attributes.get("title")
    said = [words.get(attributes["run"], attributes["run"])]
    if "terminal" in attributes:
        said.append(words["terminal"] % attributes["terminal"])
    if "background" in attributes:
        said.append(words["background"])
    return " · ".join(said)


def code(text, info, words):
    language, attributes = fence(info)
    if language == "mermaid":
        return '<div class="drawing" tabindex="0"><pre class="mermaid"><code>%s</code></pre></div>\n' % html.escape(text)
    try:
        lexer = get_lexer_by_name(language or "text", stripnl=False)
    except ClassNotFound:
        lexer = TextLexer(stripnl=False)
    inside = highlight(text, lexer, HtmlFormatter(nowrap=True))
    kind = "expect" if "expect" in attributes else attributes.get("run", "")
    above = label(attributes, words)
    return '<div class="highlight"%s>%s<pre><code>%s</code></pre></div>\n' % (
        ' data-kind="%s"' % html.escape(kind) if kind else "", '<span class="filename">%s</span>' % html.escape(above) if above else "", inside)


class Tree(HTMLParser):
    """HTML as the ElementTree that Python-Markdown works on."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.root = ElementTree.Element("div")
        self.open = [self.root]
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        one = ElementTree.SubElement(self.open[-1], tag, {name: value if value is not None else name for name, value in attrs})
        if tag not in VOID:
            self.open.append(one)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if any(one.tag == tag for one in self.open[1:]):        # else nothing was opened
            while self.open.pop().tag != tag:
                pass

    def handle_data(self, data):
        data = ENTITY.sub(AMP_SUBSTITUTE + "amp;", data)
        here = self.open[-1]
        if len(here):
            here[-1].tail = (here[-1].tail or "") + data
        else:
            here.text = (here.text or "") + data


def slug(text):
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")


def give_ids(root):
    """To headings, as GitHub does: a second one of the same words is x-1."""
    seen = {}
    for one in root.iter():
        if re.fullmatch("h[1-6]", one.tag) and "id" not in one.attrib:
            name = slug("".join(one.itertext()))
            one.set("id", name + ("-%d" % seen[name] if name in seen else ""))
            seen[name] = seen.get(name, 0) + 1


def links(root):
    """(element, attribute) of each link and picture."""
    return [(one, name) for one in root.iter() for name in ("href", "src") if name in one.attrib and one.tag in ("a", "img")]


def lead_to_pictures(root):
    """A picture that is small on a phone is a click away."""
    for parent in [one for one in root.iter() if one.tag != "a"]:
        for at, one in enumerate(parent):
            if one.tag == "img" and one.get("alt"):
                link = ElementTree.Element("a", {"class": "picture", "href": one.get("src")})
                link.append(one)
                link.tail, one.tail = one.tail, None
                parent[at] = link


def read(text, words):
    """A page's text as a tree."""
    reader = MarkdownIt("commonmark", {"html": True})
    gfm_plugin(reader)
    reader.add_render_rule("fence", lambda self, tokens, at, options, env: code(tokens[at].content, tokens[at].info, words))
    reader.add_render_rule("code_block", lambda self, tokens, at, options, env: code(tokens[at].content, "", words))
    root = Tree(reader.render(text)).root
    give_ids(root)
    lead_to_pictures(root)
    return root


class Parser:
    """In the place of Python-Markdown's."""

    def __init__(self, extension):
        self.extension = extension

    def parseDocument(self, lines):                             # its name in Python-Markdown
        root = read("\n".join(lines), self.extension.said())
        for one, name in links(root):
            one.set(name, self.extension.resolve(one.get(name)))
        return ElementTree.ElementTree(root)


class GitHub(Extension):
    def __init__(self, resolve, said):
        super().__init__()
        self.resolve, self.said = resolve, said

    def extendMarkdown(self, md):                               # its name in Python-Markdown
        for name in ("normalize_whitespace", "html_block"):
            md.preprocessors.deregister(name)
        for name in ("inline", "prettify", "unescape"):
            md.treeprocessors.deregister(name, strict=False)
        md.parser = Parser(self)
