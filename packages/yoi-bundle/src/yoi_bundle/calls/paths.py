"""Paths of calls against path patterns, by segments and after normalising (S-11)."""

import re
from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct

from yoi_bundle.calls.texts import fold, matches_glob

MAX_PATH_LENGTH = 4096

_MAX_ENDS = 64
_MAX_MEETINGS = 20_000

_MOUNT = re.compile(r"mount:([a-z][a-z0-9-]*)(?:/(.*))?", re.DOTALL)
_ELSEWHERE = re.compile(r"[/~\\]|[A-Za-z]:|file:|mount:", re.IGNORECASE)
_ODD = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]")


class Place(Struct, frozen=True):
    """Where a path leads.

    Attributes:
        mount: The mount, or None when the path leaves it, is absolute, or cannot be read with certainty.
        segments: Below the mount, without `.` and `..`.
        folded: The same without regard to case, for liberal patterns.
    """

    mount: str | None
    segments: tuple[str, ...] = ()
    folded: tuple[str, ...] = ()


ESCAPED = Place(None)


def parse_place(text: str) -> Place:
    """Read a call's path: relative to `workspace`, or `mount:NAME/PATH`."""
    return _parse_place(text) if len(text) <= MAX_PATH_LENGTH else ESCAPED


@lru_cache(maxsize=512)
def _parse_place(text: str) -> Place:
    mount, path = "workspace", text
    if named := _MOUNT.fullmatch(text):
        mount, path = named[1], named[2] or ""
    if _ODD.search(path) or _ELSEWHERE.match(path):
        return ESCAPED
    segments = normalise(path.split("/"))
    if segments is None:
        return ESCAPED
    return Place(mount, tuple(segments), tuple(fold(segment) for segment in segments))


def normalise(segments: Sequence[str]) -> list[str] | None:
    """Resolve `.`, `..` and empty segments; None when they lead above where they start."""
    kept: list[str] = []
    for segment in segments:
        if segment == "..":
            if not kept:
                return None
            kept.pop()
        elif segment not in ("", "."):
            kept.append(segment)
    return kept


class PathPattern:
    """A pattern of segments: `*` stays in its segment, `**` stands for any number of segments.

    A directory holds all below it. For a strict pattern only one whose last segment is plain text is taken for a
    directory; a liberal one takes every match as one, and ignores case.
    """

    def __init__(self, pattern: str, *, liberal: bool) -> None:
        text = fold(pattern) if liberal else pattern
        self._usable = ".." not in text.split("/") and (liberal or not text.startswith(("/", "~")))
        segments = normalise(text.split("/")) or []
        if segments and segments[-1] != "**" and (liberal or "*" not in segments[-1]):
            segments = [*segments, "**"]
        if liberal:
            segments = [part for segment in segments for part in _widen(segment)]
        self._segments = tuple(segments)
        self._groups = _split_groups(segments)
        self._ends = [
            _split_groups(segments[start:])
            for start in range(len(segments[:_MAX_ENDS]))
            if start == 0 or set(segments[start:]) != {"**"}
        ]

    def matches(self, segments: Sequence[str]) -> bool:
        """Tell whether normalised segments fit; folded ones for a liberal pattern."""
        return self._usable and _match_groups(self._groups, segments)

    def may_hold(self, segments: Sequence[str]) -> bool:
        """Tell whether something below a directory may fit; the directory's segments may hold `*`."""
        return self._usable and _may_meet(self._segments, segments, below=True)

    def may_match(self, segments: Sequence[str]) -> bool:
        """Tell whether segments in which `*` stands for anything may become a path that fits."""
        return self._usable and _may_meet(self._segments, segments, below=False)

    def may_end(self, segments: Sequence[str]) -> bool:
        """Tell whether a path that ends in these segments may fit, or one that begins within them."""
        if not self._usable:
            return False
        return any(_match_groups(end, segments) for end in self._ends) or any(
            _match_groups(self._groups, segments[start:]) for start in range(1, len(segments))
        )


def _widen(segment: str) -> list[str]:
    """Let `**` inside a segment of a liberal pattern cross segments: `a**b` is `a*`, anything, `*b`."""
    if segment == "**" or "**" not in segment:
        return [segment]
    first, *_, last = re.split(r"\*{2,}", segment)
    return (
        [f"{first}*", "**", f"*{last}"]
        if first and last
        else [f"{first}*", "**"]
        if first
        else ["**", f"*{last}"]
    )


def _may_meet(pattern: Sequence[str], names: Sequence[str], *, below: bool) -> bool:
    """Walk a pattern and a path, both with wildcards, together; a liberal answer in time of their product."""
    if len(pattern) * len(names) > _MAX_MEETINGS:
        return True
    reached = {0}
    for name in names:
        reached = _skip_doubles(pattern, reached)
        reached = {
            at if pattern[at] == "**" else at + 1
            for at in reached
            if at < len(pattern) and (pattern[at] == "**" or _may_be_same(pattern[at], name))
        }
    reached = _skip_doubles(pattern, reached)
    return any(at < len(pattern) for at in reached) if below else len(pattern) in reached


def _skip_doubles(pattern: Sequence[str], reached: set[int]) -> set[int]:
    found = set(reached)
    for start in reached:
        end = start
        while end < len(pattern) and pattern[end] == "**":
            end += 1
            found.add(end)
    return found


def _may_be_same(one: str, other: str) -> bool:
    """Tell whether two names with `*` in them may be one name; exact for one without."""
    for pattern, text in ((one, other), (other, one)):
        if "*" not in text:
            return matches_glob(re.split(r"\*+", pattern), text)
    ones, others = one.split("*"), other.split("*")
    heads, tails = (ones[0], others[0]), (ones[-1], others[-1])
    return (heads[0].startswith(heads[1]) or heads[1].startswith(heads[0])) and (
        tails[0].endswith(tails[1]) or tails[1].endswith(tails[0])
    )


_Group = tuple[tuple[str, ...], ...]


def _split_groups(segments: Sequence[str]) -> list[_Group]:
    groups: list[list[tuple[str, ...]]] = [[]]
    for segment in segments:
        if segment == "**":
            groups.append([])
        else:
            groups[-1].append(tuple(re.split(r"\*+", segment)))
    return [tuple(group) for group in groups]


def _fits(group: _Group, names: Sequence[str], start: int) -> bool:
    return all(matches_glob(pieces, names[start + index]) for index, pieces in enumerate(group))


def _match_groups(groups: Sequence[_Group], names: Sequence[str]) -> bool:
    first, last = groups[0], groups[-1]
    if len(groups) == 1:
        return len(names) == len(first) and _fits(first, names, 0)
    start, end = len(first), len(names) - len(last)
    if start > end or not (_fits(first, names, 0) and _fits(last, names, end)):
        return False
    for group in groups[1:-1]:
        while start + len(group) <= end and not _fits(group, names, start):
            start += 1
        if start + len(group) > end:
            return False
        start += len(group)
    return True


class HostPathPattern:
    """An absolute or home path on the host, for deny and ask rules; compared without regard to case."""

    def __init__(self, pattern: str) -> None:
        self._root, rest = split_host_path(fold(pattern)) or ("", fold(pattern))
        self._pattern = PathPattern(rest.strip("/"), liberal=True)
        self._everything = not rest.strip("/")

    def matches(self, text: str) -> bool:
        """Tell whether a call's path names a place that fits; a home path fits a home pattern only."""
        split = split_host_path(fold(text))
        if split is None or split[0] != self._root:
            return False
        segments = normalise(split[1].split("/"))
        # Above the root is the root on POSIX, and a home's parents are unknown: taken for a match.
        return segments is None or self._everything or self._pattern.matches(segments)

    @property
    def root(self) -> str:
        """`/`, `~`, a drive, or empty for a pattern that is no place of a host."""
        return self._root

    @property
    def below(self) -> PathPattern:
        """What of the pattern stands below its root."""
        return self._pattern


def split_host_path(text: str) -> tuple[str, str] | None:
    """Split an absolute or home path into its root and the rest; None for a relative path."""
    path = text.replace("\\", "/")
    if path.lower().startswith("file:"):
        path = "/" + path[5:].lstrip("/")
    if drive := re.match(r"/?([A-Za-z]:)(?:/|$)", path):
        return drive[1].lower(), path[drive.end() :]
    if path.startswith("//") and text.startswith("\\\\"):
        return "//", path[2:]
    for home in ("~/", "$home/", "${home}/"):
        if f"{path}/".lower().startswith(home):
            return "~", path[len(home) :]
    if named := re.match(r"~[^/]*", path):
        return "~", path[named.end() :]
    return ("/", path[1:]) if path.startswith("/") else None
