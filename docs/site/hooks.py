"""hooks - what MkDocs asks while it builds the site: which files are its pages, in which order, and what depends on a page's language.

The pages are the Markdown files of the tree, where they are. A link to another file leads to a page that shows it. In a folder,
files come in the order in which a README links to them.
"""
import functools
import pathlib
import posixpath
import re
import subprocess
import sys
import urllib.parse

from mkdocs.structure.files import File
from mkdocs.structure.nav import Section

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
sys.path.insert(1, str(HERE))
import github_markdown                                          # noqa: E402 (lies beside this file)

PICTURES = (".svg", ".png", ".jpg", ".webp", ".gif")
LANGUAGES = {"en": "English", "ko": "한국어"}
HOME = {"en": "README.md", "ko": "README.ko.md"}
# The top of the navigation: what is below a folder, and its title by language. None: all other folders.
PARTS = (
    ("docs/lab/en", {"en": "Lab book"}),
    ("docs/lab/ko", {"ko": "실습 안내서"}),
    ("docs", {"en": "Documents", "ko": "문서 (영어)"}),
    ("deploy", {"en": "Deploy", "ko": "배포 (영어)"}),
    (None, {"en": "Code and tests", "ko": "코드와 테스트 (영어)"}),
)
WORDS = {
    "en": {"local": "on this machine", "cluster": "on Kubernetes (make cluster)", "aws": "on AWS", "none": "by hand", "expect": "you should see",
           "terminal": "terminal %s", "background": "keeps running", "home": "The mall", "search": "Search",
           "light": "Switch to light", "dark": "Switch to dark", "system": "As the system"},
    "ko": {"local": "이 컴퓨터에서", "cluster": "Kubernetes에서 (make cluster)", "aws": "AWS에서", "none": "직접 실행", "expect": "이렇게 나와야 합니다",
           "terminal": "터미널 %s", "background": "계속 실행", "home": "소개", "search": "검색",
           "light": "밝은 화면으로", "dark": "어두운 화면으로", "system": "시스템 설정대로"},
}


def language_of(path):
    return "ko" if path.endswith(".ko.md") or "/ko/" in path else "en"


def counterpart(path, known):
    """The same page in the other language, or where that language begins."""
    if language_of(path) == "ko":
        other, begin = path.replace("/ko/", "/en/").removesuffix(".ko.md").removesuffix(".md") + ".md", HOME["en"]
    else:
        other = path.replace("/en/", "/ko/") if "/en/" in path else path.removesuffix(".md") + ".ko.md"
        begin = HOME["ko"]
    return other if other in known else begin


@functools.cache
def tree():
    """Every file of the tree that is or may be committed."""
    said = subprocess.check_output(["git", "-C", TOP, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], text=True)
    return sorted(path for path in set(said.split("\0")) if path and (TOP / path).is_file())


@functools.cache
def folders():
    return {str(parent) for path in tree() for parent in pathlib.PurePosixPath(path).parents}


@functools.cache
def pages():
    return [path for path in tree() if path.endswith(".md")]


@functools.cache
def text_of(path):
    return (TOP / path).read_text(encoding="utf-8", errors="replace")


@functools.cache
def hrefs(path):
    """What a page links to and shows, within the tree, in its order; a folder without a slash at its end."""
    root = github_markdown.read(text_of(path), WORDS["en"])
    return [found for one, name in github_markdown.links(root) if (found := target(path, one.get(name))[0])]


def target(path, href):
    """(the path in the tree that a link of a page leads to, or None; its anchor)"""
    parts = urllib.parse.urlsplit(href)
    if parts.scheme or parts.netloc or not parts.path:
        return None, parts.fragment
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), urllib.parse.unquote(parts.path))), parts.fragment


def shown_at(path):
    """The page, or the picture, that stands for a path of the tree; the path itself where nothing does."""
    if path in folders():
        return posixpath.normpath(path + "/README.md")
    return path + ".md" if path in tree() and not path.endswith((".md", *PICTURES)) else path


def resolve(path, href):
    """A link of the tree as one between the files that MkDocs knows."""
    found, fragment = target(path, href)
    if not found:
        return href
    place = posixpath.relpath(shown_at(found), posixpath.dirname(path) or ".")
    return urllib.parse.quote(place) + ("#" + fragment if fragment else "")


def showing(path):
    """A page that shows a file, or a folder's files; not to be found by the search, which is for what people wrote to be read."""
    if path in folders():
        names = sorted({one[len(path) + 1:].partition("/")[0] for one in tree() if one.startswith(path + "/")})
        body = "".join("- [%s](%s)\n" % (name, name) if path + "/" + name in tree() else "- %s/\n" % name for name in names)
    else:
        body = "`" * 12 + "%s\n%s\n" % (pathlib.PurePosixPath(path).suffix[1:], text_of(path).rstrip("\n")) + "`" * 12 + "\n"
    return "---\nsearch: {exclude: true}\ntitle: %s\n---\n# %s\n\n%s" % (path, path, body)


def shown():
    """The files and folders that pages link to, and the files of such a folder."""
    found = [one for page in pages() for one in hrefs(page)]
    for folder in {one for one in found if one in folders() and posixpath.normpath(one + "/README.md") not in tree()}:
        found += [one for one in tree() if posixpath.dirname(one) == folder]
    return sorted({one for one in found if one in folders() or one in tree()})


# ---- the order

def title_of(path):
    found = re.search(r"^# (.+)$", text_of(path), re.M)
    return found[1].strip().replace("`", "") if found else path


def rank(folder):
    """The order of a folder's pages: README.md, those that begin with a number, those that the READMEs from here to the top link to, by name."""
    here = pathlib.PurePosixPath(folder)
    readmes = [*(posixpath.normpath("%s/README.md" % one) for one in (here, *here.parents)), HOME[language_of(folder + "/")]]
    linked = [shown_at(one) for readme in readmes if readme in tree() for one in hrefs(readme)]

    def key(path):
        name = posixpath.basename(path)
        if name == "README.md":
            return 0, 0, path
        if re.match(r"\d\d-", name):
            return 1, 0, path
        return (2, linked.index(shown_at(path)), path) if shown_at(path) in linked else (3, 0, path)
    return key


def title_of_folder(folder):
    readme = folder + "/README.md"
    return title_of(readme) if readme in tree() else posixpath.basename(folder)


def below(folder, without=()):
    """The navigation of a folder."""
    inside = [path for path in pages() if path.startswith(folder + "/") and not path.startswith(tuple(one + "/" for one in without))]
    children = {folder + "/" + path[len(folder) + 1:].partition("/")[0] for path in inside}
    found = []
    for child in sorted(children, key=rank(folder)):
        if child in inside:
            found.append(child)
            continue
        within = below(child, without)
        found += within if len(within) == 1 else [{title_of_folder(child): within}]
    return found


def navigation():
    named = [folder for folder, _ in PARTS if folder]
    nav = [HOME["en"], *([HOME["ko"]] if HOME["ko"] in tree() else [])]
    for folder, titles in PARTS:
        if folder:
            within = below(folder, [one for one in named if one != folder and one.startswith(folder)])
        else:
            top = {path.partition("/")[0] for path in pages()} - set(HOME.values()) - {one.partition("/")[0] for one in named}
            within = []
            for one in sorted(top, key=rank("")):
                inner = [one] if one.endswith(".md") else below(one)
                within += inner if len(inner) == 1 else [{one: inner}]
        if within:
            nav.append({next(iter(titles.values())): within})
    return nav


# ---- what MkDocs calls

class Current:
    """The page that is read now."""
    path = HOME["en"]


def on_config(config):
    github = github_markdown.GitHub(lambda href: resolve(Current.path, href), lambda: WORDS[language_of(Current.path)])
    config.markdown_extensions = [github, "toc"]
    config.mdx_configs["toc"] = {"permalink": True, "marker": ""}
    return config


def on_files(files, config):
    for path in pages():
        files.append(File.generated(config, path, abs_src_path=str(TOP / path)))
    for path in shown():
        if path.endswith(PICTURES):
            files.append(File.generated(config, path, abs_src_path=str(TOP / path)))
        elif not files.get_file_from_path(shown_at(path)):
            files.append(File.generated(config, shown_at(path), content=showing(path)))
    config.nav = navigation()
    return files


def on_page_markdown(markdown, page, config, files):
    Current.path = page.file.src_uri
    config.mdx_configs["toc"]["permalink_title"] = {"en": "Link to this", "ko": "이 제목의 링크"}[language_of(Current.path)]
    return markdown


class All:
    """The navigation as it was made: each page sees the part of its language."""
    items = None


def language_of_item(item):
    path = item.file.src_uri if getattr(item, "file", None) else next((one.file.src_uri for one in item.children if one.is_page), "")
    return language_of(path)


def on_page_context(context, page, config, nav):
    path = page.file.src_uri
    language = language_of(path)
    words = WORDS[language]
    All.items = All.items or list(nav.items)
    seen = []
    for item in All.items:
        if isinstance(item, Section):
            names = next(names for _, names in PARTS if item.title in names.values())
            if language in names:
                item.title = names[language]
                seen.append(item)
        elif language_of_item(item) == language:
            item.title = words["home"]
            seen.append(item)
    nav.items = seen
    for side in ("previous_page", "next_page"):
        beside = getattr(page, side)
        if beside and language_of(beside.file.src_uri) != language:
            setattr(page, side, None)
    config.theme["language"] = language
    for one, name in zip(config.theme["palette"], ("light", "dark", "system")):
        one["toggle"]["name"] = words[name]
    other = {"en": "ko", "ko": "en"}[language]
    there = counterpart(path, pages())
    config.extra["other"] = {"language": other, "name": LANGUAGES[other], "link": url_of(there, config)} if there in pages() else None
    config.extra["alternate"] = True                            # no list: of that, Material would ask for a sitemap
    config.extra["homepage"] = url_of(HOME[language], config)
    return context


def url_of(path, config):
    return File(path, None, config.site_dir, config.use_directory_urls).url


def on_post_page(output, page, config):
    """Material's search is a dialog without a name, which a screen reader needs."""
    dialog = 'data-md-component="search" role="dialog"'
    return output.replace(dialog, '%s aria-label="%s"' % (dialog, WORDS[language_of(page.file.src_uri)]["search"]), 1)


def on_post_build(config):
    """Both ask for where the site is, which only who publishes it knows."""
    for name in ("404.html", "sitemap.xml", "sitemap.xml.gz"):
        (pathlib.Path(config.site_dir) / name).unlink(missing_ok=True)
