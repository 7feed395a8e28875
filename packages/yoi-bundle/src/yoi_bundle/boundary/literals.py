"""The positive grammar of literals in fields that could carry a credential (B-07).

A text passes when it has the structure of something harmless (a number, a version, a package, a host, a URL without
userinfo and query, words) *and* its pieces have the shape of words. Nothing passes for want of a pattern that hits.
"""

import re

from yoi_bundle.boundary.credential_names import is_credential_name, split_name, suggest_secret_name
from yoi_bundle.boundary.generated_value_shape import find_opaque_run, find_shape_fault
from yoi_bundle.boundary.secret_rules import find_provider_token
from yoi_bundle.identifiers import PORT

MAX_LITERAL_CHARACTERS = 256
_MAX_LIST_ITEMS = 32
_SHORTEST_PASSWORD = 10
_MAX_CREDENTIAL_NUMBER_DIGITS = 4
"""A longer number may be a one-time code."""

_MAX_COUNT_DIGITS = 6
"""Of what is named for tokens in the plural: they are counted."""

"""`TOKEN_BUDGET`-like numbers under a name that the list of harmless endings does not know."""

_WORD = r"[A-Za-z0-9]+(?:(?:_{0,2}[.-]|~|_{1,2})[A-Za-z0-9]+)*"
_SEGMENT = rf"(?:[._]|__)?{_WORD}(?:__)?"
_PATH = rf"{_SEGMENT}(?:/{_SEGMENT})*/?"
_VERSION = rf"(?:[~^=]|[<>!=~]=|[<>])?v?[0-9]+(?:\.[0-9x*]+)*(?:[-+.]?{_WORD})?"
_HOST = r"(?:\*\.)?[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*"
_PORT = rf"(?::{PORT})"

_STRUCTURES = re.compile(
    "|".join(
        (
            rf"{_PATH}(?::{_WORD})?(?:@(?:{_VERSION}|{_WORD}))?",
            rf"@{_WORD}/{_WORD}(?:/{_WORD})*(?:@(?:{_VERSION}|{_WORD}))?",
            rf"{_WORD}(?:\[{_WORD}(?:,{_WORD})*\])?(?:[=~<>!]=|[<>]){_VERSION}",
            rf"{_HOST}{_PORT}(?:/{_PATH})?",
            rf"(?:git\+)?https?://{_HOST}{_PORT}?(?:/{_PATH})?/?(?:@{_WORD})?",
            rf"{_WORD}/(?:{_WORD}\+)*{_WORD}(?: ?; ?[a-z]+=[A-Za-z0-9._-]+)*",
            rf"{_WORD}(?:[:+]{_WORD})*",
            _VERSION,
        )
    ),
    re.ASCII,
)
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,9})?", re.ASCII)
_IPV4 = re.compile(rf"(?:https?://)?(?:[0-9]{{1,3}}\.){{3}}[0-9]{{1,3}}{_PORT}?/?", re.ASCII)
_FLAG = re.compile(r"--?[A-Za-z][A-Za-z0-9]*(?:[._-][A-Za-z0-9]+)*", re.ASCII)
_ASSIGNMENT = re.compile(
    r"(--?[A-Za-z][A-Za-z0-9._-]*|[A-Za-z_][A-Za-z0-9_]*)=(?!=)(.*)", re.ASCII | re.DOTALL
)
_LOGIN_FLAGS = frozenset({"-u", "-U", "-p", "-P", "--user", "--proxy-user", "--login", "--userpwd"})
_JOINED_LOGIN = re.compile(r"-[uUpP]([^=-].*)", re.DOTALL)
_PLAIN_NUMBERS = re.compile(
    r"(?:(?:[0-9]{1,3}\.){3}[0-9]{1,3}:)?[0-9]{1,5}(?::[0-9]{1,5})?(?:/(?:tcp|udp))?", re.ASCII
)
_BOOLEANS = frozenset({"true", "false", "yes", "no", "on", "off", "none", "null"})


def find_literal_fault(text: str, *, name: str = "") -> str | None:
    """Say why a text is no harmless literal, never with the text itself; None when it is one.

    Args:
        text: The literal.
        name: The environment variable, header, query field or flag whose value it is.
    """
    if text == "" or text.lower() in _BOOLEANS:
        return None
    if is_credential_name(name):
        most = _MAX_COUNT_DIGITS if split_name(name)[-1:] == ["tokens"] else _MAX_CREDENTIAL_NUMBER_DIGITS
        if _NUMBER.fullmatch(text) and sum(map(str.isdigit, text)) <= most:
            return None
        return "a literal in a field whose name says that it holds a credential"
    login = _find_login_fault(text, name)
    if login is not None:
        return login
    rule = find_provider_token(text)
    if rule is not None:
        return f"a credential of the format `{rule}`"
    if len(text) > MAX_LITERAL_CHARACTERS:
        return f"longer than a harmless literal is, {MAX_LITERAL_CHARACTERS} characters"
    if text in ("*", "--") or _NUMBER.fullmatch(text) or _IPV4.fullmatch(text):
        return None
    assignment = _ASSIGNMENT.fullmatch(text)
    if assignment is not None:
        flag, value = assignment.groups()
        if _ASSIGNMENT.fullmatch(value) is not None:
            return "an assignment inside an assignment"
        return find_shape_fault(flag) or find_literal_fault(value, name=flag)
    if _FLAG.fullmatch(text):
        return find_shape_fault(text)
    return _find_list_fault(text)


def _find_login_fault(text: str, name: str) -> str | None:
    """Say what may be a user's name with its password, after a flag that takes one or written together with it.

    Numbers of users, groups and ports stay: `-u 1000:1000`, `-p 8080:80`.
    """
    if name.rstrip("=") in _LOGIN_FLAGS:
        value = text
    elif (joined := _JOINED_LOGIN.fullmatch(text)) is not None:
        value = joined[1]
    else:
        return None
    if _PLAIN_NUMBERS.fullmatch(value) or not re.search(r"[:0-9]", value):
        return None
    return "a colon or digits after a flag that may take a user's password"


def find_text_fault(text: str, *, name: str = "") -> str | None:
    """Say why a text of words in any script, as in metadata and free JSON, may hold a credential, or None.

    Spaces and punctuation are free here; what looks generated is refused, and everything under the name of a credential.
    """
    if is_credential_name(name):
        return find_literal_fault(text, name=name)
    rule = find_provider_token(text)
    if rule is not None:
        return f"a credential of the format `{rule}`"
    if len(text) >= _SHORTEST_PASSWORD and not any(map(str.isspace, text)):
        return find_shape_fault(text)
    return find_opaque_run(text)


def suggest_reference(name: str) -> str:
    """Return the remedy for a refused literal: the refs that may stand in its place."""
    secret = suggest_secret_name(name)
    return (
        f'write `{{ kind = "secret", name = "{secret}" }}`,'
        f' or for a value that is no credential `{{ kind = "parameter", name = "{secret}" }}`'
    )


def _find_list_fault(text: str) -> str | None:
    items = re.split(r", ?", text)
    if len(items) > _MAX_LIST_ITEMS:
        return f"a list of more than {_MAX_LIST_ITEMS} words"
    if all(_STRUCTURES.fullmatch(item) for item in items):
        return find_shape_fault(text)
    if _STRUCTURES.fullmatch(text):
        return find_shape_fault(text)
    return "none of number, boolean, version, package, host, URL without query, flag, words"
