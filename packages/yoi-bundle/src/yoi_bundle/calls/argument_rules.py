"""Compiled conditions on an argument: strict for allow rules, liberal for deny and ask rules (S-11)."""

from typing import Protocol

from yoi_bundle.calls.hit import Hit
from yoi_bundle.calls.paths import HostPathPattern, PathPattern, parse_place
from yoi_bundle.calls.shell_rules import GlobRule, WordRule, list_fragments, matches_raw
from yoi_bundle.calls.shell_syntax import Script, SimpleCommand
from yoi_bundle.calls.shell_wrappers import Unit
from yoi_bundle.calls.texts import collapse, fold, matches_glob, starts_with_boundary, starts_with_words
from yoi_bundle.calls.urls import find_origin, matches_origin, may_match_origin, parse_host_pattern
from yoi_bundle.manifest import (
    DomainMatch,
    ExactMatch,
    GlobMatch,
    HostPathMatch,
    Match,
    PathMatch,
    PrefixMatch,
)


class ArgumentRule(Protocol):
    """A condition on one argument. `kind` is what the vocabulary says the argument holds: path, url or text."""

    def strict(self, text: str, kind: str) -> bool: ...

    def liberal(self, text: str, kind: str) -> bool: ...

    def strict_command(self, command: SimpleCommand) -> Hit: ...

    def liberal_command(self, unit: Unit) -> Hit: ...

    def liberal_script(self, text: str, script: Script) -> Hit: ...


def compile_match(match: Match) -> ArgumentRule:
    """Prepare a match for many calls."""
    if isinstance(match, PathMatch):
        return _PathRule(match)
    if isinstance(match, HostPathMatch):
        return _HostPathRule(match)
    if isinstance(match, DomainMatch):
        return _DomainRule(match)
    return _TextRule(match)


class _TextRule:
    def __init__(self, match: ExactMatch | PrefixMatch | GlobMatch) -> None:
        self._match = match
        self._text = match.pattern if isinstance(match, GlobMatch) else match.value
        self._pieces = tuple(self._text.split("*"))
        self._folded = collapse(self._text)
        self._folded_pieces = tuple(fold(piece) for piece in self._pieces)
        self._command: WordRule | GlobRule = (
            GlobRule(match.pattern)
            if isinstance(match, GlobMatch)
            else WordRule(match.value, exact=isinstance(match, ExactMatch))
        )

    def strict(self, text: str, kind: str) -> bool:
        plain = _write_plainly(text, kind)
        if plain is None:
            return False
        if isinstance(self._match, GlobMatch):
            return matches_glob(self._pieces, plain)
        return plain == self._text or (
            isinstance(self._match, PrefixMatch) and starts_with_words(plain, self._text)
        )

    def liberal(self, text: str, kind: str) -> bool:
        plain = _write_plainly(text, kind)
        return plain is None or self._fits(text) or self._fits(plain)

    def _fits(self, text: str) -> bool:
        if isinstance(self._match, GlobMatch):
            return matches_glob(self._folded_pieces, fold(text))
        folded = collapse(text)
        return folded == self._folded or (
            isinstance(self._match, PrefixMatch) and starts_with_boundary(folded, self._folded)
        )

    def strict_command(self, command: SimpleCommand) -> Hit:
        return self._command.strict(command)

    def liberal_command(self, unit: Unit) -> Hit:
        best = max(self._command.liberal(command) for command in unit.seen_as)
        return max(best, Hit.MAYBE) if unit.opaque else best

    def liberal_script(self, text: str, script: Script) -> Hit:
        is_prefix = isinstance(self._match, PrefixMatch)
        raw = matches_raw(self._text, text) if is_prefix else self._fits(text)
        if raw or script.readable:
            return Hit.YES if raw else Hit.NO
        return max((self._command.liberal(piece) for piece in list_fragments(text)), default=Hit.NO)


def _write_plainly(text: str, kind: str) -> str | None:
    """Write an argument in its one plain form; None for one that may mean something else to who acts on it."""
    if kind == "path":
        place = parse_place(text)
        if place.mount is None:
            return None
        path = "/".join(place.segments)
        return path if place.mount == "workspace" else f"mount:{place.mount}/{path}"
    if kind == "url":
        origin = find_origin(text)
        return text if origin is not None and origin.plain else None
    return text


class _PathRule:
    def __init__(self, match: PathMatch) -> None:
        self._mount = match.mount
        self._strict = PathPattern(match.pattern, liberal=False)
        self._liberal = PathPattern(match.pattern, liberal=True)

    def strict(self, text: str, kind: str) -> bool:
        del kind
        place = parse_place(text)
        return place.mount == self._mount and self._strict.matches(place.segments)

    def liberal(self, text: str, kind: str) -> bool:
        del kind
        place = parse_place(text)
        return place.mount is None or (place.mount == self._mount and self._liberal.matches(place.folded))

    def strict_command(self, command: SimpleCommand) -> Hit:
        del command
        return Hit.NO

    def liberal_command(self, unit: Unit) -> Hit:
        return Hit.MAYBE if unit.opaque else Hit.NO

    def liberal_script(self, text: str, script: Script) -> Hit:
        return _judge_mentions(text, script, lambda word: self.liberal(word, "path"))


class _HostPathRule:
    def __init__(self, match: HostPathMatch) -> None:
        self._pattern = HostPathPattern(match.pattern)

    def strict(self, text: str, kind: str) -> bool:
        """Never: an allow rule cannot name a place on a host (B-08)."""
        del text, kind
        return False

    def liberal(self, text: str, kind: str) -> bool:
        del kind
        return self._pattern.matches(text) or "\x00" in text

    def strict_command(self, command: SimpleCommand) -> Hit:
        del command
        return Hit.NO

    def liberal_command(self, unit: Unit) -> Hit:
        return Hit.MAYBE if unit.opaque else Hit.NO

    def liberal_script(self, text: str, script: Script) -> Hit:
        return _judge_mentions(text, script, self._pattern.matches)


class _DomainRule:
    def __init__(self, match: DomainMatch) -> None:
        self._target = parse_host_pattern(match.host)

    def strict(self, text: str, kind: str) -> bool:
        del kind
        origin = find_origin(text)
        return origin is not None and matches_origin(self._target, origin)

    def liberal(self, text: str, kind: str) -> bool:
        del kind
        origin = find_origin(text)
        return origin is None or may_match_origin(self._target, origin)

    def strict_command(self, command: SimpleCommand) -> Hit:
        del command
        return Hit.NO

    def liberal_command(self, unit: Unit) -> Hit:
        return Hit.MAYBE if unit.opaque else Hit.NO

    def liberal_script(self, text: str, script: Script) -> Hit:
        return _judge_mentions(text, script, self._is_named)

    def _is_named(self, word: str) -> bool:
        origin = find_origin(word)
        return origin is not None and may_match_origin(self._target, origin)


class _Test(Protocol):
    def __call__(self, word: str, /) -> bool: ...


def _judge_mentions(text: str, script: Script, test: _Test) -> Hit:
    """Test every word of a script, and what follows `=` or `@` in one; in doubt about a word, perhaps."""
    if not script.readable:
        words = [word.text for piece in list_fragments(text) for word in piece.words]
        return Hit.YES if any(_any_part(word, test) for word in words) else Hit.NO
    if any(_any_part(word.text, test) for word in script.mentions):
        return Hit.YES
    return Hit.MAYBE if any(not word.known for word in script.mentions) else Hit.NO


def _any_part(word: str, test: _Test) -> bool:
    parts = [word, *(word.partition(sign)[2] for sign in "=@" if sign in word)]
    return any(test(part) for part in parts if part)
