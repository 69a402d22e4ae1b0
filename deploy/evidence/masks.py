"""masks - what must not be handed in: secrets, tokens, and the number of the AWS account.

Nothing here asks for a Secret. But a URL of a store holds a password, a log line may hold a token, and each image's name and each ARN
has the account in it. What is masked needlessly does less harm than what is not. Each pattern takes time in proportion to the text.
"""
import re

HIDDEN = "***"
KEY = (r"(?:pass(?:word|wd|phrase)?s?(?![a-z])|pwd(?![a-z])|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|client-key-data|signature|credential|비밀번호|암호)"
       r"[A-Za-z0-9_.-]{0,20}")
# neither a mask nor what no secret is: null, 5, an object, <none>
VALUE = r"""(?P<value>(?!\*\*\*|(?:null|true|false|none)(?![A-Za-z0-9])|\d{1,3}(?![\w.])|[{\[<])(?:\\?"(?:\\.|[^"\\])*"?|'[^'\n]*'?|[^\s"',;&}\])]+))"""
NO_NUMBER = r"(?![0-9A-Za-z])(?!\.\d)"
ACCOUNT = (re.compile(r"(?:(?<![0-9A-Za-z])|(?<=%2F)|(?<=%3A)|(?<=\\n)|(?<=\\t))(?<!\d\.)\d{12}" + NO_NUMBER), "************")


def hide(found):
    """The match without its value, which keeps its quotes: JSON stays JSON."""
    begin, end = (at - found.start() for at in found.span("value"))
    quote = re.match(r"""\\?["']?""", found["value"])[0]
    return found[0][:begin] + quote + HIDDEN + quote + found[0][end:]


SECRETS = (
    (r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|\Z)", HIDDEN),
    (r"(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?", HIDDEN), # a JSON Web Token, as Kubernetes' accounts have
    (r"(?<![A-Za-z0-9])(?-i:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])", HIDDEN), # an AWS access key
    (r"(?<![A-Za-z0-9])(?:gh[pousr]_|github_pat_|glpat-|xox[abp]-|sk-)[A-Za-z0-9_-]{16,}", HIDDEN),
    (r"(bearer\s+|authorization[\"']?\s{0,8}[:=]\s{0,8}[\"']?basic\s+)[A-Za-z0-9_.~+/=-]{8,}", r"\1" + HIDDEN),
    (r"(://[^\s/@:\"'<>]{0,64}:)[^\s\"'<>]{1,200}(?=@)", r"\1" + HIDDEN), # scheme://user:password@host
    # as Kubernetes writes a variable, in JSON and YAML: "name": "X_PASSWORD", "value": "..."
    (r"""(name\\?"?[ \t]{0,8}:[ \t]{0,8}\\?"?[A-Za-z0-9_.-]{0,60}?""" + KEY + r"""\\?"?,?\s{1,40}\\?"?value\\?"?[ \t]{0,8}:[ \t]{0,8})""" + VALUE, hide),
    (r"""(name\\?":[ \t]?\\?"[A-Za-z0-9_.-]{0,60}?""" + KEY + r"""\\?",\\?"value\\?":[ \t]?)""" + VALUE, hide),
    (r"""("value"[ \t]{0,8}:[ \t]{0,8})""" + VALUE + r"""(\s{0,40},\s{0,40}"name"\s{0,8}:\s{0,8}"[^"]{0,60}?""" + KEY + ")", hide),
    # X_PASSWORD: ..., X_PASSWORD=..., "password": "...", and YAML's with its value in the next line
    (r"(" + KEY + r"""\\?["']?[ \t]{0,8}[:=][ \t]{0,8}(?:[|>][-+]?[ \t]{0,8})?(?:\n[ \t]{1,40}(?=[^\s:]{1,200}[ \t]{0,8}$))?)""" + VALUE, hide),
    (r"(--?(?:password|passwd|pwd|token|secret)[ \t]{1,8})(?!-)" + VALUE, hide),
)
COMPILED = [(re.compile(pattern, re.I | re.M | re.S), instead) for pattern, instead in SECRETS]


def mask(text, with_account=False):
    """The text without them. with_account: the account's number may be seen."""
    for pattern, instead in COMPILED if with_account else (*COMPILED, ACCOUNT):
        text = pattern.sub(instead, text)
    return text


def mask_all(value, with_account=False):
    """The same for each text in what JSON may hold."""
    if isinstance(value, str):
        return mask(value, with_account)
    if isinstance(value, list):
        return [mask_all(one, with_account) for one in value]
    if isinstance(value, dict):
        return {key: mask_all(one, with_account) for key, one in value.items()}
    return value
