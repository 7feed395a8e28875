"""Places on a host: refused in structured fields, warned about in prose (B-08)."""

import re
from itertools import islice

from msgspec import Struct

from yoi_bundle.boundary.line_counter import MAX_FINDINGS, LineCounter

# The scheme's length is bounded: a search without that looks at a run of letters once from each of them.
_URL_USERINFO = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}://[^/?#\s]*@")
_HOME_VARIABLE = re.compile(
    r"\$\{?(?:HOME|USERPROFILE|HOMEPATH|APPDATA|LOCALAPPDATA|PWD|TMPDIR|XDG_[A-Z_]+)\b|%[A-Za-z_]+%",
    re.IGNORECASE,
)
_DRIVE = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]:[\\/](?!/)")
_PARENT_STEP = re.compile(r"(?:^|[/\\=:,;])\.\.(?:$|[/\\,;:])")
_ABSOLUTE = re.compile(r"(?:^|(?<=[=:,;\s'\"(\[]))/(?!/)")
_HOME = re.compile(r"(?:^|(?<=[=:,;\s]))~[A-Za-z0-9._-]*(?:/|$)")
_UNC = re.compile(r"(?:^|(?<=[=,;\s]))//[A-Za-z0-9?._-]|(?:^|(?<=[=:,;\s]))\\\\[A-Za-z0-9?._-]")
_FILE_URL = re.compile(r"\bfile:(?=[/.~A-Za-z%\\])", re.IGNORECASE)
_SOCKET = re.compile(r"\bunix:|\bnpipe:", re.IGNORECASE)

_PLACES: tuple[tuple[re.Pattern[str], str], ...] = (
    (_URL_USERINFO, "userinfo in a URL"),
    (_FILE_URL, "a `file:` URL"),
    (_SOCKET, "a socket of a host"),
    (_DRIVE, "a path with a drive letter"),
    (_UNC, "a UNC path"),
    (_HOME_VARIABLE, "a host's own variable"),
    (_HOME, "a home path"),
    (_PARENT_STEP, "a `..` step"),
    (_ABSOLUTE, "an absolute path"),
)
_SEGMENT = r"\.?[A-Za-z0-9_-][A-Za-z0-9._-]*"
_RELATIVE_PATH = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*")
"""Most texts are names or paths inside their own resource, in which no place can be."""


def find_host_place(text: str) -> str | None:
    """Say what kind of place on a host a text of a structured field names, or None.

    `${PLUGIN_ROOT}` and `${PLUGIN_DATA}` have a type of their own and never get here as text.
    """
    if _RELATIVE_PATH.fullmatch(text):
        return None
    return next((kind for pattern, kind in _PLACES if pattern.search(text)), None)


class ProsePlace(Struct, frozen=True, kw_only=True):
    """A likely personal place in a text blob.

    Attributes:
        line: From 1.
        kind: What it is, never the path itself.
    """

    line: int
    kind: str


_STAND_INS = (
    rb"app|admin|agent|alice|all users|bob|builder|circleci|coder|default|deploy|developer|dev|devuser|docker|example|foo|git|"
    rb"gitpod|guest|jdoe|jenkins|jane|jovyan|john|linuxbrew|me|my[-_]?(?:user)?name|myuser|name|node|nobody|nonroot|oracle|pi|"
    rb"postgres|public|runner|sandbox|shared|someone|test|testuser|ubuntu|ec2-user|user[0-9]*|username|vagrant|vscode|"
    rb"worker|www|you|yourname|your[-_]?user(?:name)?|youruser|[x]+|\.\.\.|[a-z]"
)
_USER_END = rb"(?=[/\\\"'`\s)\]>,;:]|$)"
_PROSE_PLACES: tuple[tuple[bytes, re.Pattern[bytes], str], ...] = (
    (
        b"/Users/",
        re.compile(
            rb"(?<![\w.~*-])/Users/(?!(?:" + _STAND_INS + rb")" + _USER_END + rb")[A-Za-z][\w.-]*/[\w.]",
            re.IGNORECASE,
        ),
        "a home folder (macOS)",
    ),
    (
        b"/home/",
        re.compile(
            rb"(?<![\w.~*}-])/home/(?!(?:" + _STAND_INS + rb")" + _USER_END + rb")[A-Za-z][\w.-]*/[\w.]",
            re.IGNORECASE,
        ),
        "a home folder (Linux)",
    ),
    (
        b"Users\\",
        re.compile(
            rb"[A-Z]:\\{1,2}Users\\{1,2}(?!(?:" + _STAND_INS + rb")" + _USER_END + rb")[A-Za-z][\w.-]*\\",
            re.IGNORECASE,
        ),
        "a home folder (Windows)",
    ),
    (
        b"file:///",
        re.compile(rb"\bfile:///(?:[A-Za-z]:/|(?!path|tmp/|app/|absolute|\W)[A-Za-z0-9_.%-]+/)[\w.]"),
        "a `file:` URL",
    ),
)


def find_host_paths_in_prose(data: bytes) -> list[ProsePlace]:
    """Return likely personal places in a text, with their lines, the first 200 of each kind; each is worth a warning, none a refusal.

    Container paths (`/app`, `/etc`, home folders of users such as `node`) and placeholders are not reported.
    """
    if b"/home/" not in data and b"Users" not in data and b"file:///" not in data:
        return []
    found = [
        (match.start(), kind)
        for anchor, pattern, kind in _PROSE_PLACES
        if anchor in data
        for match in islice(pattern.finditer(data), MAX_FINDINGS)
    ]
    counter = LineCounter(data, b"\n")
    places = [ProsePlace(line=counter.locate(start)[0], kind=kind) for start, kind in sorted(found)]
    return sorted(places, key=lambda place: (place.line, place.kind))
