"""Compiled conditions on an argument: strict for allow rules, liberal for deny and ask rules (S-11)."""

from typing import Protocol

from yoi_bundle.calls.call import Hit
from yoi_bundle.calls.paths import HostPathPattern, PathPattern, parse_place
from yoi_bundle.calls.shell_paths import PlaceTest, judge_paths, list_parts
from yoi_bundle.calls.shell_rules import GlobRule, WordRule, list_fragments, matches_raw
from yoi_bundle.calls.shell_syntax import SimpleCommand, Word
from yoi_bundle.calls.shell_wrappers import Reading, Unit
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
from yoi_bundle.manifest.policy import DEFAULT_MOUNT


class ArgumentRule(Protocol):
    """A condition on one argument. `kind` is what the vocabulary says the argument holds: path, url or text."""

    def strict(self, text: str, kind: str) -> bool: ...

    def liberal(self, text: str, kind: str) -> bool: ...

    def may_hold(self, text: str) -> bool:
        """Tell whether a directory may be above a path that the condition takes."""
        ...

    def strict_command(self, command: SimpleCommand) -> Hit: ...

    def liberal_command(self, unit: Unit) -> Hit: ...

    def liberal_script(self, text: str, reading: Reading | None) -> Hit:
        """Judge a whole script; None for one that is not readable."""
        ...


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

    def may_hold(self, text: str) -> bool:
        place = parse_place(text)
        return (
            place.mount is None or not place.segments or fold(self._text).startswith("/".join(place.folded))
        )

    def liberal_script(self, text: str, reading: Reading | None) -> Hit:
        is_prefix = isinstance(self._match, PrefixMatch)
        raw = matches_raw(self._text, text) if is_prefix else self._fits(text)
        if isinstance(self._command, GlobRule):
            raw = raw or self._command.fits_text(text)
        if reading is None:
            pieces = list_fragments(text)
            return Hit.YES if raw else max(map(self._command.liberal, pieces), default=Hit.NO)
        if raw and isinstance(self._command, GlobRule) and len(reading.units) > 1:
            # The words of several commands together: meant only when the pattern names what stands between them.
            return Hit.YES if self._command.crosses_commands else Hit.MAYBE
        return Hit.YES if raw else Hit.NO


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
        self._place = PlaceTest(self._liberal, mounted=match.mount == DEFAULT_MOUNT)

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
        return Hit.MAYBE if unit.opaque and not unit.runs_file else Hit.NO

    def may_hold(self, text: str) -> bool:
        place = parse_place(text)
        return place.mount is None or (place.mount == self._mount and self._liberal.may_hold(place.folded))

    def liberal_script(self, text: str, reading: Reading | None) -> Hit:
        return _judge_fragments(text, self._place) if reading is None else judge_paths(reading, self._place)


class _HostPathRule:
    def __init__(self, match: HostPathMatch) -> None:
        self._pattern = HostPathPattern(match.pattern)
        self._place = PlaceTest(self._pattern, mounted=False)

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
        return Hit.MAYBE if unit.opaque and not unit.runs_file else Hit.NO

    def may_hold(self, text: str) -> bool:
        return self._place.holds(text)

    def liberal_script(self, text: str, reading: Reading | None) -> Hit:
        return _judge_fragments(text, self._place) if reading is None else judge_paths(reading, self._place)


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

    def may_hold(self, text: str) -> bool:
        del text
        return False

    def liberal_script(self, text: str, reading: Reading | None) -> Hit:
        if reading is None:
            words = [word for piece in list_fragments(text) for word in piece.words]
        else:
            words = [*(word for unit in reading.units for word in unit.command.words), *reading.loose]
        return max((self._judge_word(word) for word in words), default=Hit.NO)

    def _judge_word(self, word: Word) -> Hit:
        parts = [word.text, *(word.text.partition(sign)[2] for sign in "=@" if sign in word.text)]
        origins = [find_origin(part) for part in parts if part]
        if any(origin is not None and may_match_origin(self._target, origin) for origin in origins):
            return Hit.YES
        # An address whose host cannot be said may be any host.
        unsure = any(
            origin is None and "://" in part
            for origin, part in zip(origins, filter(None, parts), strict=True)
        )
        return Hit.MAYBE if unsure or not word.known else Hit.NO


def _judge_fragments(text: str, place: PlaceTest) -> Hit:
    words = [word.text for piece in list_fragments(text) for word in piece.words]
    hits = (place.judge(part) for word in words for part in list_parts(word))
    return Hit.YES if any(hit is not Hit.NO for hit in hits) else Hit.NO
