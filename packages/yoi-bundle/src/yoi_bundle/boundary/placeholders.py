"""Placeholders that people write where a credential or a host's value belongs (B-08); importers turn them into refs."""

import re
from typing import Literal

from msgspec import Struct

from yoi_bundle.boundary.credential_names import is_credential_name, split_name, suggest_secret_name

Prefix = Literal["", "Bearer ", "Basic ", "Token ", "token "]


class Placeholder(Struct, frozen=True, kw_only=True):
    """What a text stands in for.

    Attributes:
        kind: `secret` becomes a SecretRef, `parameter` a HostParameter.
        name: Suggested name of the ref; fits SecretName and ParameterName.
        prefix: For a secret, the text before it that the ref's `prefix` takes over.
    """

    kind: Literal["secret", "parameter"]
    name: str
    prefix: Prefix = ""


_PREFIX = re.compile(r"(Bearer|Basic|Token|token) +(?=\S)")
_PREFIXES: dict[str, Prefix] = {"Bearer": "Bearer ", "Basic": "Basic ", "Token": "Token ", "token": "token "}

_REFERENCE = re.compile(
    r"\$\{\{\s*(?P<space>secrets|vars|env|inputs?)\.(?P<a>[\w.-]+)\s*\}\}"
    r"|\$\{(?P<scheme>input|env|user_config|config|secret|secrets|vars)[:.](?P<b>[\w.-]+)\}"
    r"|\$\{(?P<c>[A-Za-z_][\w]*)(?::?[-=?+][^}]*)?\}"
    r"|\$(?P<d>[A-Za-z_]\w*)"
    r"|\{(?P<scheme2>env|secret):(?P<e>[\w.-]+)\}"
    r"|\{\{\s*\.?(?P<f>[A-Za-z_][\w.-]*)\s*\}\}"
    r"|%(?P<g>[A-Za-z_]\w*)%",
    re.ASCII,
)
_BRACKETED = re.compile(
    r"<(?P<a>[A-Za-z][\w .:/-]{0,80})>|\[(?P<b>[A-Z][A-Z0-9_ -]{2,60})\]|\{(?P<c>[A-Za-z][\w-]{1,60})\}",
    re.ASCII,
)
_YOURS = re.compile(
    r"(?:your|my|insert|enter|replace|add|put|paste|change)[-_ ]?(?:me|your|here|with|this|in)?(?:[-_ ]?[A-Za-z0-9]+)*",
    re.ASCII | re.IGNORECASE,
)
_YOURS_START = re.compile(
    r"(?:your(?!s?el[fv])|insert[-_ ]|enter[-_ ]|replace|add[-_ ]your|put[-_ ]|paste[-_ ]|change[-_ ]?(?:me|this))",
    re.IGNORECASE,
)
_BLANKED = re.compile(
    r"(?:[A-Za-z]{1,10}[A-Za-z0-9]{0,4}[-_.]){0,4}(?:[xX]{3,}|\*{2,}|\.{3,}|…|0{8,})+(?:[-_.](?:[xX]+|[A-Za-z0-9]{1,12})){0,4}"
)
_TOKEN_PREFIX = re.compile(r"[A-Za-z]{2,8}[-_](?:[a-z0-9]{2,8}[-_])?(?:[xX]{3,}|\.{3,}|…)")
_PLUGIN_BASE = re.compile(r"\$\{(?:CLAUDE_)?PLUGIN_(?:ROOT|DATA)\}")
_EMBEDDED = re.compile(r"\$\{\{?\s*(?:[a-z_]+[:.])?([A-Za-z_][\w.-]*)[^}]*\}")
_DUMMY = re.compile(
    r"(?:todo|tbd|fixme|placeholder|redacted|secret[-_]?here|dummy|changeme|xxx+)", re.IGNORECASE
)
_PLACEHOLDER_TAIL = re.compile(r".*[-_ ](?:here|placeholder|goes[-_ ]here)$", re.IGNORECASE | re.ASCII)
_CONNECTION = re.compile(
    r"[a-z][a-z0-9+.-]*://(?P<user>[^/\s:@]*):(?P<password>[^/\s@]*)@[^\s]+", re.IGNORECASE
)


def find_placeholder(text: str, *, name: str = "") -> Placeholder | None:
    """Return what a whole text stands in for, or None when it is no placeholder.

    A flag joined to its value (`--token=…`) and the query of a URL are no whole values: the caller parts them first.
    `${PLUGIN_ROOT}` and `${PLUGIN_DATA}` are no placeholders; they have a type of their own.

    Args:
        text: The value as it was written.
        name: The environment variable, header, query field or flag whose value it is; decides between secret and
            parameter where the text does not, and names the ref where the text has no name.
    """
    if text.strip() == "":
        return _name_secret(name) if is_credential_name(name) else None
    if text.startswith("-") or _PLUGIN_BASE.search(text):
        return None
    if _CONNECTION.fullmatch(text.strip()):
        return _name_secret(name or "connection-string")
    prefix: Prefix = ""
    rest = text.strip()
    match = _PREFIX.match(rest)
    if match is not None:
        prefix = _PREFIXES[match.group(1)]
        rest = rest[match.end() :]
    reference = _REFERENCE.fullmatch(rest)
    if reference is not None:
        return _from_reference(reference, name, prefix)
    if _is_filler(rest):
        return _from_filler(rest, name, prefix)
    embedded = _EMBEDDED.search(rest)
    if embedded is not None:
        written = name or embedded.group(1)
        secret = is_credential_name(name) or any(map(is_credential_name, _EMBEDDED.findall(rest)))
        return _make(secret or bool(prefix), suggest_secret_name(written), prefix)
    return None


def _from_reference(match: re.Match[str], name: str, prefix: Prefix) -> Placeholder:
    groups = match.groupdict()
    written = next(groups[key] for key in ("a", "b", "c", "d", "e", "f", "g") if groups[key])
    space = groups["space"] or groups["scheme"] or groups["scheme2"] or ""
    secret = (
        space.startswith("secret") or bool(prefix) or is_credential_name(written) or is_credential_name(name)
    )
    return _make(secret and not space.startswith("vars"), _fit(written), prefix)


def _from_filler(text: str, name: str, prefix: Prefix) -> Placeholder:
    inner = text.strip("<>[]{}")
    words = [word for word in split_name(inner) if word not in _FILLER_WORDS]
    secret = bool(prefix) or is_credential_name(name) or is_credential_name("-".join(words))
    if not secret and ("*" in inner or _TOKEN_PREFIX.match(inner) or not (name or words)):
        secret = True
    # The name of a short flag (`-t`) says less than the words of the placeholder, and `xxxx` has none.
    says_more = bool(words) and len(name.strip("-")) < 2 and not _BLANKED.fullmatch(text)
    written = "-".join(words) if says_more else name
    return _make(secret, suggest_secret_name(written) if written else "secret", prefix)


_FILLER_TEXT = "a an add change enter goes here in insert me my paste put replace the this with your"
_FILLER_WORDS = frozenset(_FILLER_TEXT.split())


def _is_filler(text: str) -> bool:
    if len(text) > 120:
        return False
    return bool(
        _BRACKETED.fullmatch(text)
        or (_YOURS_START.match(text) and _YOURS.fullmatch(text))
        or _BLANKED.fullmatch(text)
        or _DUMMY.fullmatch(text)
        or (_PLACEHOLDER_TAIL.match(text) and len(text) < 80 and "/" not in text)
    )


def _name_secret(name: str) -> Placeholder:
    return _make(True, suggest_secret_name(name) if name else "secret", "")


def _make(secret: bool, name: str, prefix: Prefix) -> Placeholder:
    if secret:
        return Placeholder(kind="secret", name=name, prefix=prefix)
    return Placeholder(kind="parameter", name=name)


def _fit(name: str) -> str:
    """Keep the name that people wrote, so that they find it again on the host."""
    return name[:128] if name[0].isalpha() or name[0] == "_" else f"p-{name}"[:128]
