"""The grammars of names in a manifest: ASCII, so that every key sorts the same everywhere (B-01).

Titles are free text; names are not. A character outside the unreserved set of RFC 3986 is written as the
percent-encoding of its UTF-8 bytes, in upper-case hexadecimal, and in no other way.
"""

import re
from typing import Annotated, TypeAlias
from urllib.parse import quote, unquote

from msgspec import Meta

# `$` alone would admit a trailing newline in Python, and `\Z` is not known to JSON Schema.
_END = r"(?!\n)$"
_CHARACTER = r"(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})"
_SEGMENTS = rf"(?!(?:.*/)?\.{{1,2}}(?:/|$)){_CHARACTER}+(?:/{_CHARACTER}+)*"

PORT = r"(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6(?:[0-4][0-9]{3}|5(?:[0-4][0-9]{2}|5(?:[0-2][0-9]|3[0-5]))))"
"""A port number, 1 to 65535, as a part of a pattern."""

ItemId: TypeAlias = Annotated[str, Meta(pattern=rf"^{_SEGMENTS}{_END}", max_length=1024)]
"""Id of an item, usually from the path of its file: `reviewer`, `plugins/db/agents/tuner`."""

ResourcePath: TypeAlias = Annotated[str, Meta(pattern=rf"^{_SEGMENTS}{_END}", max_length=1024)]
"""A file inside its own resource, never above it: `scripts/check.py`."""

WorkspaceId: TypeAlias = Annotated[str, Meta(pattern=rf"^[a-z0-9][a-z0-9._-]*{_END}", max_length=128)]
ToolId: TypeAlias = Annotated[
    str, Meta(pattern=rf"^(?:[a-z]+\.[a-z]+|(?:mcp|http):{_SEGMENTS}){_END}", max_length=1100)
]
"""A built-in (`file.read`), an MCP server (`mcp:ID`) or an HTTP tool (`http:ID`)."""

ToolPattern: TypeAlias = Annotated[
    str,
    Meta(
        pattern=rf"^(?:\*|[a-z]+\.(?:\*|[a-z]+)|mcp:(?:\*|{_SEGMENTS}(?:/\*)?)|http:(?:\*|{_SEGMENTS})"
        rf"|plugin:(?:\*|[a-z]+:{_SEGMENTS}(?:/\*)?)){_END}",
        max_length=1200,
    ),
]
"""One tool or a family: `*`, `file.*`, `mcp:ID/*`, `mcp:ID/TOOL`, `http:ID`, `plugin:SOURCE:ID/TOOL`."""

PluginId: TypeAlias = Annotated[str, Meta(pattern=rf"^(?:workspace|host):{_SEGMENTS}{_END}", max_length=1100)]
"""Source-qualified: `workspace:PATH` for a package of this workspace, `host:NAME` for one the host must hold."""

SecretName: TypeAlias = Annotated[str, Meta(pattern=rf"^[A-Za-z_][A-Za-z0-9_.-]*{_END}", max_length=128)]
ParameterName: TypeAlias = Annotated[str, Meta(pattern=rf"^[A-Za-z_][A-Za-z0-9_.-]*{_END}", max_length=128)]
MountName: TypeAlias = Annotated[str, Meta(pattern=rf"^[a-z][a-z0-9-]*{_END}", max_length=64)]
Permission: TypeAlias = Annotated[str, Meta(pattern=rf"^[a-z]+(?:[.:-][a-z0-9]+)*{_END}", max_length=128)]
SurfaceName: TypeAlias = Annotated[str, Meta(pattern=rf"^[A-Za-z0-9][A-Za-z0-9._-]*{_END}", max_length=128)]
Feature: TypeAlias = Annotated[str, Meta(pattern=rf"^[a-z]+(?:[.-][a-z0-9]+)*{_END}", max_length=64)]
McpToolName: TypeAlias = Annotated[str, Meta(pattern=rf"^{_CHARACTER}+{_END}", max_length=256)]
ArgumentName: TypeAlias = Annotated[str, Meta(pattern=rf"^[A-Za-z_][A-Za-z0-9_-]*{_END}", max_length=128)]
EnvironmentName: TypeAlias = Annotated[str, Meta(pattern=rf"^[A-Za-z_][A-Za-z0-9_]*{_END}", max_length=128)]
HeaderName: TypeAlias = Annotated[str, Meta(pattern=rf"^[A-Za-z0-9_-]+{_END}", max_length=128)]
HostPattern: TypeAlias = Annotated[
    str,
    Meta(
        pattern=rf"^(?:\*\.)?(?!-)[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::{PORT})?{_END}",
        max_length=260,
    ),
]
"""`docs.python.org`, `*.example.com` (any name below it, not itself), `localhost:8080`."""

LanguageTag: TypeAlias = Annotated[
    str, Meta(pattern=rf"^[A-Za-z]{{2,8}}(?:-[A-Za-z0-9]{{1,8}})*{_END}", max_length=64)
]
"""BCP 47: `ja`, `pt-BR`."""

PathGlob: TypeAlias = Annotated[str, Meta(pattern=rf"^[!#-\[\]-~]+{_END}", max_length=512)]
"""A glob over workspace paths, as a key: printable ASCII without space, quote and backslash."""

MetadataKey: TypeAlias = Annotated[str, Meta(pattern=rf"^[a-z][a-z0-9._-]*{_END}", max_length=64)]
ProviderName: TypeAlias = Annotated[str, Meta(pattern=rf"^[a-z0-9][a-z0-9._-]*{_END}", max_length=64)]
ModelName: TypeAlias = Annotated[
    str, Meta(pattern=rf"^[A-Za-z0-9][A-Za-z0-9._:/@ +()-]*{_END}", max_length=128)
]
Selector: TypeAlias = Annotated[
    str, Meta(pattern=rf"^(?:default|(?:builtin|workspace):{_SEGMENTS}){_END}", max_length=1100)
]
"""Names a profile: `builtin:NAME`, `workspace:NAME` or `default`."""

SafeUrl: TypeAlias = Annotated[
    str,
    Meta(
        pattern=rf"^https?://(?!-)[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::{PORT})?(?:/[A-Za-z0-9._~-]*)*{_END}",
        max_length=2048,
    ),
]
"""An origin and a path; no userinfo, no query, no fragment. A query has a typed field of its own."""

_UNRESERVED = "._~-"
_PLAIN_SEGMENT = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*")
_PLAIN_PATH = re.compile(rf"{_PLAIN_SEGMENT.pattern}(?:/{_PLAIN_SEGMENT.pattern})*")


def encode_segment(text: str) -> str:
    """Write one path segment or name in the grammar: `案内係` gives `%E6%A1%88…`.

    `.` and `..` and the empty string become a form that is no path step.
    """
    if _PLAIN_SEGMENT.fullmatch(text):
        return text
    encoded = quote(text, safe=_UNRESERVED, encoding="utf-8", errors="surrogatepass")
    if encoded.strip(".") == "":
        encoded = encoded.replace(".", "%2E") or "%00"
    return encoded


def encode_path(path: str) -> str:
    """Write a relative POSIX path in the grammar, segment by segment."""
    if _PLAIN_PATH.fullmatch(path):
        return path
    return "/".join(encode_segment(segment) for segment in path.split("/"))


def decode_path(encoded: str) -> str:
    """Give back the text that `encode_path` wrote, for people to read."""
    return unquote(encoded, encoding="utf-8", errors="replace")


def is_canonical_name(encoded: str) -> bool:
    """Tell whether percent-encoding was used just where it is needed."""
    if "%" not in encoded:
        return True
    try:
        return all(
            encode_segment(unquote(segment, encoding="utf-8", errors="strict")) == segment
            for segment in re.split("[/:]", encoded)
        )
    except UnicodeDecodeError:
        return False
