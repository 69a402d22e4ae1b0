"""report - what was found, as Markdown and as one HTML file that needs nothing else: for a screen, dark or light, a phone, and paper.

The folder keeps what was found as found.json too, so that later findings join the same report.
"""
import base64
import dataclasses
import html
import json
import os
import pathlib
import re

import asking
import checkpoints
import masks

KEPT = "found.json"

EN, KO = 0, 1
LONGEST = 200                                                   # lines of one command; the middle is left out
WIDEST = 4000                                                   # characters of a line
TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".svg": "image/svg+xml"}

VERDICTS = {checkpoints.PROVEN: ("proven", "증명됨"), checkpoints.FAILED: ("failed", "실패"),
            checkpoints.ABSENT: ("not there", "없음"), checkpoints.UNKNOWN: ("not known", "확인 불가")}
MARKS = {checkpoints.PROVEN: "✔", checkpoints.FAILED: "✘", checkpoints.ABSENT: "–", checkpoints.UNKNOWN: "?"}
WORDS = {
    "title": ("Evidence", "수행 증적"),
    "team": ("organisation", "소속"),
    "name": ("name", "이름"),
    "date": ("date", "날짜"),
    "where": ("cluster, namespace, prefix", "클러스터, 네임스페이스, 접두어"),
    "tree": ("commit of the tree", "소스 커밋"),
    "checkpoint": ("checkpoint", "체크포인트"),
    "verdict": ("verdict", "결과"),
    "found": ("what was found", "확인한 내용"),
    "summary": ("Summary", "요약"),
    "typed": ("What was typed", "실행한 명령과 출력"),
    "nothing": ("(nothing)", "(출력 없음)"),
    "cut": ("... %d lines are left out ...", "... %d줄 생략 ..."),
    "console": ("The console", "콘솔"),
    "attached": ("Attached", "첨부"),
    "stays": ("%s now; it was %s at %s, which stays", "현재 %s. 이전 결과(%s, %s)를 유지함"),
    "at": ("asked at %s", "확인 시각 %s"),
    "made": ("Made by deploy/evidence/collect, which changed nothing on the cluster. Secrets and tokens are masked, the AWS account's number %s.",
             "deploy/evidence/collect가 작성했으며, 클러스터는 변경하지 않았습니다. Secret 값과 토큰은 가렸고, AWS 계정 번호는 %s."),
    "hidden": (("too", "가렸습니다"), ("is not, as you asked", "요청대로 표시했습니다")),
}

STYLE = """
:root { color-scheme: light dark; --text: #1b1f24; --dim: #57606a; --back: #ffffff; --box: #f4f6f8; --line: #d0d7de;
        --good: #116329; --bad: #b3261e; --none: #6b5900; }
@media (prefers-color-scheme: dark) { :root { --text: #e6e9ec; --dim: #9aa4ad; --back: #14181c; --box: #1d2329; --line: #343c44;
        --good: #6fdd8b; --bad: #ff9a91; --none: #e5cb5c; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 60rem; background: var(--back); color: var(--text);
       font: 1rem/1.55 system-ui, "Apple SD Gothic Neo", "Malgun Gothic", "Noto Sans KR", sans-serif; overflow-wrap: anywhere; word-break: keep-all; }
h1 { margin: 0 0 1rem; } h2 { margin: 2.5rem 0 .5rem; padding-top: .75rem; border-top: 1px solid var(--line); }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--dim); font-weight: 600; } td.verdict { white-space: nowrap; font-weight: 600; }
.cover th { width: 14rem; }
.proven { color: var(--good); } .failed { color: var(--bad); } .absent, .unknown { color: var(--none); }
ul { list-style: none; padding: 0; margin: .5rem 0; } li { padding-left: 1.6rem; text-indent: -1.6rem; } li b { display: inline-block; width: 1.6rem; text-indent: 0; }
a { color: inherit; } summary { cursor: pointer; color: var(--dim); margin: .5rem 0; }
pre { margin: 0 0 1rem; padding: .75rem; background: var(--box); border: 1px solid var(--line); border-radius: .4rem; overflow: auto; max-height: 28rem;
      font: .8rem/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, "D2Coding", monospace; overflow-wrap: normal; word-break: normal; }
p.line { margin: .75rem 0 .25rem; font: .8rem/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; word-break: normal; }
img { max-width: 100%; height: auto; border: 1px solid var(--line); border-radius: .4rem; } figure { margin: 1rem 0; } figcaption, footer, .at { color: var(--dim); font-size: .9rem; }
@media (max-width: 40rem) { .cover th { width: 7rem; } .summary td:nth-child(3) { display: none; } .summary th:nth-child(3) { display: none; } }
@media print { body { max-width: none; padding: 0; font-size: 10pt; } pre { max-height: none; white-space: pre-wrap; overflow-wrap: anywhere; } h2, p { break-after: avoid; }
               summary { display: none; } }
"""
# a folded part is not printed otherwise
SCRIPT = "addEventListener('beforeprint', () => document.querySelectorAll('details').forEach(part => part.open = true))"


@dataclasses.dataclass
class Found:
    """Of one checkpoint; what is of none has no claims."""
    at: str = ""                                                # when the cluster was asked
    claims: list = dataclasses.field(default_factory=list)      # checkpoints.Claim
    shown: list = dataclasses.field(default_factory=list)       # asking.Said
    pictures: list = dataclasses.field(default_factory=list)    # (title, name of a file in the folder)
    texts: list = dataclasses.field(default_factory=list)       # (title, text)

    def verdict(self):
        return checkpoints.worst(self.claims)

    def reason(self, lang):
        """The claims that decided."""
        return "; ".join(c.words[lang] for c in self.claims if c.verdict == self.verdict())


@dataclasses.dataclass
class Report:
    folder: pathlib.Path
    mall: str                                                   # cluster, namespace, prefix
    lang: int
    cover: list                                                 # (a key of WORDS, text)
    found: dict                                                 # the key of a checkpoint: Found; "" for what is of none
    with_account: bool

    def sections(self):
        """(Checkpoint, Found) of those that were asked, in the course's order."""
        return [(c, self.found[c.key]) for c in checkpoints.CHECKPOINTS if c.key in self.found and self.found[c.key].claims]

    def rest(self):
        """(key, Found) of what was attached to nothing that was asked."""
        return [(key, found) for key, found in self.found.items() if not found.claims and (found.pictures or found.texts)]


def read(folder, with_account):
    """Of a report that is there: whose it is, and {key: Found}; ValueError, KeyError, TypeError, AttributeError where it is none of ours."""
    kept = masks.mask_all(json.loads((folder / KEPT).read_text(encoding="utf-8")), with_account)
    found = {}
    for key, one in kept["found"].items():
        claims = [checkpoints.Claim(verdict, (str(english), str(korean))) for verdict, (english, korean) in one["claims"]]
        shown = [asking.Said(str(line), str(text), int(status)) for line, text, status in one["shown"]]
        pictures = [(str(name), file) for name, file in one["pictures"] if is_ours(folder, file)]
        if not all(claim.verdict in VERDICTS for claim in claims):
            raise ValueError
        found[key] = Found(str(one["at"]), claims, shown, pictures, [(str(name), str(text)) for name, text in one["texts"]])
    return str(kept["mall"]), found


def is_ours(folder, file):
    """A picture of this folder that is still there."""
    return pathlib.Path(file).name == file and pathlib.Path(file).suffix.lower() in TYPES and (folder / file).is_file()


def keep(report):
    def plain(found):
        return {"at": found.at, "claims": [[c.verdict, c.words] for c in found.claims], "shown": [[s.line, s.text, s.status] for s in found.shown],
                "pictures": found.pictures, "texts": found.texts}
    return json.dumps({"mall": report.mall, "found": {key: plain(found) for key, found in report.found.items()}}, ensure_ascii=False, indent=1) + "\n"


def word(report, key):
    return WORDS[key][report.lang]


def footer(report):
    return word(report, "made") % WORDS["hidden"][report.with_account][report.lang]


def spread(text):
    """JSON of one line, with a line for each member. Its words stay as they are."""
    out, depth = [], 0
    for token in re.findall(r'"(?:\\.|[^"\\])*"|[{}\[\],]|[^"{}\[\],]+|"', text):
        depth += (token in "{[") - (token in "}]")
        out.append("\n" + " " * depth + token if token in "}]" else token + "\n" + " " * depth if token in "{[," else token.lstrip() if out else token)
    return re.sub(r"([{\[])\s+([}\]])", r"\1\2", "".join(out))


def shortened(report, text):
    """Whole, or its first and last lines. Control characters are no text: a log may have colours."""
    text = re.sub(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f]", "", text.replace("\r\n", "\n")).rstrip("\n")
    if text[:1] in ("{", "[") and "\n" not in text:
        text = spread(text)
    lines = [line if len(line) <= WIDEST else line[:WIDEST] + " ..." for line in text.split("\n")]
    if len(lines) > LONGEST:
        lines[LONGEST // 2:-LONGEST // 2] = [word(report, "cut") % (len(lines) - LONGEST)]
    return "\n".join(lines) if text.strip() else word(report, "nothing")


def title(report, checkpoint):
    return "%s. %s" % (checkpoint.key, checkpoint.title[report.lang]) if checkpoint.key.isdigit() else checkpoint.title[report.lang]


def anchor(checkpoint):
    return "checkpoint-" + checkpoint.key.lower()


# ---- Markdown ----

def cell(text):
    """In a table, whatever it holds."""
    return re.sub(r"([\\|<>*_`~&\[\]])", r"\\\1", " ".join(text.split()))


def fence(text):
    """Longer than any within."""
    return "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))


def block(text):
    return "%s\n%s\n%s" % (fence(text), text, fence(text))


def markdown(report):
    lines = ["# " + word(report, "title"), "", "| | |", "|---|---|"]
    lines += ["| %s | %s |" % (word(report, key), cell(text)) for key, text in report.cover]
    lines += ["", "## " + word(report, "summary"), "", "| %s | %s | %s |" % tuple(word(report, k) for k in ("checkpoint", "verdict", "found")), "|---|---|---|"]
    for checkpoint, found in report.sections():
        lines.append("| [%s](#%s) | %s %s | %s |" % (cell(title(report, checkpoint)), anchor(checkpoint), MARKS[found.verdict()],
                                                   VERDICTS[found.verdict()][report.lang], cell(found.reason(report.lang))))
    for checkpoint, found in report.sections():
        lines += ["", '<a id="%s"></a>' % anchor(checkpoint), "", "## " + title(report, checkpoint), "", word(report, "at") % found.at, ""]
        lines += ["- %s %s" % (MARKS[c.verdict], cell(c.words[report.lang])) for c in found.claims]
        for said in found.shown:
            lines += ["", block("$ %s\n%s" % (said.line, shortened(report, said.text)))]
        lines += attached(report, found)
    if report.rest():
        lines += ["", "## " + word(report, "attached")]
    for key, found in report.rest():
        lines += attached(report, found, key)
    return "\n".join([*lines, "", footer(report), ""])


def attached(report, found, key=""):
    lines, of = [], key + ": " if key else ""
    for name, file in found.pictures:
        lines += ["", "![%s](%s)" % (cell(of + name), file)]
    for name, text in found.texts:
        lines += ["", cell(of + name), "", block(shortened(report, text))]
    return lines


# ---- HTML ----

def page(report):
    of = html.escape
    out = ["<!DOCTYPE html>", '<html lang="%s">' % ("en", "ko")[report.lang], '<meta charset="utf-8">',
           '<meta name="viewport" content="width=device-width, initial-scale=1">',
           "<title>%s: %s</title>" % (word(report, "title"), of(dict(report.cover)["name"])), "<style>%s</style>" % STYLE, "<h1>%s</h1>" % word(report, "title")]
    out.append('<table class="cover">%s</table>' % "".join('<tr><th scope="row">%s<td>%s' % (word(report, key), of(text)) for key, text in report.cover))
    out.append('<h2>%s</h2><table class="summary"><tr><th scope="col">%s<th scope="col">%s<th scope="col">%s' % (
        word(report, "summary"), word(report, "checkpoint"), word(report, "verdict"), word(report, "found")))
    for checkpoint, found in report.sections():
        out.append('<tr><td><a href="#%s">%s</a><td class="verdict %s">%s %s<td>%s' % (
            anchor(checkpoint), of(title(report, checkpoint)), found.verdict(), MARKS[found.verdict()], VERDICTS[found.verdict()][report.lang],
            of(found.reason(report.lang))))
    out.append("</table>")
    for checkpoint, found in report.sections():
        out.append('<h2 id="%s">%s</h2><p class="at">%s<ul>' % (anchor(checkpoint), of(title(report, checkpoint)), of(word(report, "at") % found.at)))
        out += ['<li class="%s"><b aria-hidden="true">%s</b>%s' % (c.verdict, MARKS[c.verdict], of(c.words[report.lang])) for c in found.claims]
        out.append("</ul>")
        if found.shown:
            out.append("<details><summary>%s (%d)</summary>" % (word(report, "typed"), len(found.shown)))
            out += ['<p class="line">$ %s<pre tabindex="0">%s</pre>' % (of(said.line), of(shortened(report, said.text))) for said in found.shown]
            out.append("</details>")
        out += figures(report, found)
    if report.rest():
        out.append("<h2>%s</h2>" % word(report, "attached"))
    for key, found in report.rest():
        out += figures(report, found, key)
    out += ["<footer>%s</footer>" % of(footer(report)), "<script>%s</script>" % SCRIPT, "</html>", ""]
    return "\n".join(out)


def figures(report, found, key=""):
    def of(name):
        return html.escape(key + ": " + name if key else name)
    for name, file in found.pictures:
        picture = report.folder / file
        yield '<figure><img alt="%s" src="data:%s;base64,%s"><figcaption>%s</figcaption></figure>' % (
            of(name), TYPES[picture.suffix.lower()], base64.b64encode(picture.read_bytes()).decode(), of(name))
    for name, text in found.texts:
        yield '<p class="line">%s<pre tabindex="0">%s</pre>' % (of(name), html.escape(shortened(report, text)))


def write(report):
    """All of it, into the report's folder, which is there. Each file is the old or the new one, whatever happens."""
    for name, text in (("report.md", markdown(report)), ("report.html", page(report)), (KEPT, keep(report))):
        new = report.folder / (name + ".new")
        new.write_bytes(text.encode("utf-8", "replace"))
        os.replace(new, report.folder / name)
