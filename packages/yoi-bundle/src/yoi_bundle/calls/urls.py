"""The host a URL really leads to, and host patterns (S-11)."""

import re
from functools import lru_cache

from msgspec import Struct

MAX_URL_LENGTH = 8192

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_LOOSE_WEB = re.compile(r"(https?):[/\\]*", re.IGNORECASE)
_NAME = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_QUAD = re.compile(r"(?:(?:0|[1-9][0-9]{0,2})\.){3}(?:0|[1-9][0-9]{0,2})")
_NUMERIC_END = re.compile(r"(?:.*\.)?(?:0x[0-9a-f]*|[0-9]+)")
# Characters that IDNA 2003 and 2008 map to different names.
_DEVIATIONS = frozenset("ßẞς\u200c\u200d")
_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}

WEB_PORTS = frozenset({80, 443})
"""What a host pattern without a port allows, in a rule and in the intersection of two hosts' patterns alike."""


class Origin(Struct, frozen=True):
    """Where a URL leads.

    Attributes:
        host: Lower-case ASCII, international names as punycode, without a trailing dot.
        port: Explicit, or the scheme's own; None when the scheme has none that is known.
        plain: Whether every reader takes the URL the same way; only then may an allow rule match it.
    """

    scheme: str
    host: str
    port: int | None
    plain: bool


class HostTarget(Struct, frozen=True):
    """A host pattern: `docs.python.org`, `*.example.com` (names below it, not itself), `localhost:8080`."""

    name: str
    below: bool
    port: int | None

    @property
    def ports(self) -> frozenset[int]:
        """The ports that a pattern allows: the one it names, else the two of the web, whatever the scheme."""
        return WEB_PORTS if self.port is None else frozenset({self.port})


def parse_host_pattern(pattern: str) -> HostTarget:
    """Split a pattern of the manifest's grammar."""
    name, _, port = pattern.partition(":")
    below = name.startswith("*.")
    return HostTarget(name[2:] if below else name, below, int(port) if port else None)


def matches_origin(target: HostTarget, origin: Origin) -> bool:
    """Tell whether a plain URL's origin fits; see `HostTarget.ports`."""
    if not origin.plain or not _fits_name(target, origin.host):
        return False
    return origin.port in target.ports


def may_match_origin(target: HostTarget, origin: Origin) -> bool:
    """Tell whether an origin fits when doubt counts as a match; a pattern without a port takes every port."""
    port_fits = target.port is None or origin.port is None or origin.port == target.port
    return _fits_name(target, origin.host) and port_fits


def _fits_name(target: HostTarget, host: str) -> bool:
    return host.endswith(f".{target.name}") if target.below else host == target.name


def find_origin(text: str) -> Origin | None:
    """Read a URL's origin; None when its host cannot be said with certainty, or there is none.

    Address forms that readers take for different hosts (`0x7f.1`, percent-encoding, `[::1]`) are such.
    """
    return _find_origin(text) if len(text) <= MAX_URL_LENGTH else None


@lru_cache(maxsize=512)
def _find_origin(text: str) -> Origin | None:
    # What browsers do before they parse: strip, drop tabs and newlines, take a backslash for a slash.
    cleaned = re.sub(r"[\t\r\n]", "", text.strip("\x00\x01 \t\r\n")).replace("\\", "/")
    plain = cleaned == text
    scheme_match = _SCHEME.match(cleaned)
    loose = _LOOSE_WEB.match(cleaned)
    if loose:
        scheme, rest = loose[1].lower(), cleaned[loose.end() :]
        plain = plain and scheme_match is not None and loose.end() == scheme_match.end()
    elif scheme_match:
        scheme, rest = scheme_match[1].lower(), cleaned[scheme_match.end() :]
    else:
        scheme, rest, plain = "https", cleaned.lstrip("/"), False
    userinfo, at, address = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")
    del userinfo
    host, port, port_is_good = _split_port(address, scheme)
    name = _to_ascii(host)
    if name is None or not port_is_good:
        return None
    return Origin(scheme, name, port, plain and not at and scheme in ("http", "https"))


def _split_port(address: str, scheme: str) -> tuple[str, int | None, bool]:
    host, colon, port = address.rpartition(":")
    if not colon:
        return address, _DEFAULT_PORTS.get(scheme), True
    if not port:
        return host, _DEFAULT_PORTS.get(scheme), True
    good = port.isascii() and port.isdigit() and len(port) <= 5 and int(port) < 65536
    return host, int(port) if good else None, good


def _to_ascii(host: str) -> str | None:
    name = host.lower()
    if not name.isascii():
        if _DEVIATIONS & set(host):
            return None
        try:
            name = host.encode("idna").decode("ascii").lower()
        except UnicodeError:
            return None
    name = name.removesuffix(".")
    if len(name) > 253 or _NAME.fullmatch(name) is None:
        return None
    if _NUMERIC_END.fullmatch(name) and not _is_canonical_quad(name):
        return None
    return name


def _is_canonical_quad(name: str) -> bool:
    return _QUAD.fullmatch(name) is not None and all(int(part) < 256 for part in name.split("."))
