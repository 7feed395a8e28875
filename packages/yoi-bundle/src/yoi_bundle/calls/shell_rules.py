"""Rules' texts against simple commands, word by word (S-11)."""

import re
import shlex
from collections.abc import Iterator, Sequence

from yoi_bundle.calls.call import Hit
from yoi_bundle.calls.shell_options import fold_words, list_placements
from yoi_bundle.calls.shell_syntax import SimpleCommand, Word, parse_plain_words
from yoi_bundle.calls.texts import collapse, fold, matches_glob

# Each word that is left out is another reading of the whole command.
_MAX_SKIPPED = 64
_SEPARATORS = re.compile(r"[;&|\n(){}`<>]|\$\(")


class WordRule:
    """An exact command, or the first words of one."""

    def __init__(self, value: str, *, exact: bool) -> None:
        self._exact = exact
        self._words = parse_plain_words(value)
        self._liberal = tuple(fold(word) for word in (self._words or value.split()))

    def strict(self, command: SimpleCommand) -> Hit:
        """Say whether the rule takes the command; possibly, when its visible words fit but more is at play."""
        if not self._words or len(command.words) < len(self._words):
            return Hit.NO
        if self._exact and len(command.words) != len(self._words):
            return Hit.NO
        head = command.words[: len(self._words)]
        if any(word.text != wanted for word, wanted in zip(head, self._words, strict=True)):
            return Hit.NO
        return Hit.YES if command.plain else Hit.MAYBE

    def liberal(self, command: SimpleCommand) -> Hit:
        """Say whether the command may be one that the rule means, by any path, in any case, with options between."""
        return _compare(self._liberal, command.words, exact=self._exact) if self._liberal else Hit.NO


def _compare(wanted: Sequence[str], words: Sequence[Word], *, exact: bool) -> Hit:
    texts = fold_words([word.text for word in words])
    unknown = next((at for at, word in enumerate(words) if not word.known), len(words))
    if not texts or (texts[0] != wanted[0].rpartition("/")[2] and texts[0] != wanted[0]):
        return Hit.MAYBE if words and unknown == 0 else Hit.NO
    best = Hit.NO
    for end, sure in list_placements(wanted, texts[:unknown]):
        if exact and end < len(words):
            best = max(best, Hit.MAYBE if all(not word.known for word in words[end:]) else Hit.NO)
        else:
            best = max(best, Hit.YES if sure else Hit.MAYBE)
    if best is Hit.NO and unknown < len(words) and _may_go_on(wanted, texts[:unknown]):
        return Hit.MAYBE
    return best


def _may_go_on(wanted: Sequence[str], texts: Sequence[str]) -> bool:
    """Tell whether what is seen of a command may be the beginning of the wanted words, with options between."""
    return any(
        end == len(texts) or all(text.startswith("-") for text in texts[end:-1])
        for size in range(1, len(wanted))
        for end, _ in list_placements(wanted[:size], texts)
        if end == len(texts) or texts[end].startswith("-")
    )


class GlobRule:
    """A glob over the words, joined with single spaces."""

    def __init__(self, pattern: str) -> None:
        self._pieces = tuple(pattern.split("*"))
        self._liberal = tuple(_space_operators(fold(pattern)).split("*"))
        *head, self._tail = self._liberal[0].split(" ")
        self._head = [head[0].rpartition("/")[2], *head[1:]] if head else []
        self._spaced = tuple(_space_all(fold(pattern)).split("*"))
        self.crosses_commands = re.search(r"[;&|<>`\n]|\$\(", pattern) is not None

    def fits_text(self, text: str) -> bool:
        """Tell whether a whole script fits, however the operators in it are spaced."""
        return self.crosses_commands and matches_glob(self._spaced, _space_all(fold(text)))

    def strict(self, command: SimpleCommand) -> Hit:
        """Say whether the words, quoted where a shell would need it, fit."""
        if not command.words or not matches_glob(
            self._pieces, shlex.join(word.text for word in command.words)
        ):
            return Hit.NO
        return Hit.YES if command.plain else Hit.MAYBE

    def liberal(self, command: SimpleCommand) -> Hit:
        """Say whether the words may fit, by whatever path the command is named and with options between the words."""
        texts = [fold(word.text) for word in command.words]
        redirects = [(fold(sign), fold(target.text)) for sign, target in command.redirects]
        if not texts and not redirects:
            return Hit.NO
        best = max((self._fit(words, redirects) for words in self._list_readings(texts)), default=Hit.NO)
        if best is Hit.YES:
            return best
        if len(texts) > _MAX_SKIPPED and all(
            text.startswith("-") for text in texts[_MAX_SKIPPED // 2 : _MAX_SKIPPED]
        ):
            return Hit.MAYBE  # more options than were looked through
        unknown = next((at for at, word in enumerate(command.words) if not word.known), None)
        if unknown is None:
            unsure = any(not target.known for _, target in command.redirects)
            return (
                Hit.MAYBE if unsure and any(">" in piece or "<" in piece for piece in self._liberal) else best
            )
        seen, head = " ".join(texts[:unknown]), self._liberal[0]
        return max(best, Hit.MAYBE if self._may_go_on(texts[:unknown], seen, head) else Hit.NO)

    def _may_go_on(self, texts: list[str], seen: str, head: str) -> bool:
        if seen.startswith(head) or head.startswith(seen):
            return True
        words = fold_words(texts)
        return (
            bool(words and self._head) and words[0] == self._head[0] and _may_go_on([*self._head, ""], words)
        )

    def _list_readings(self, texts: list[str]) -> Iterator[tuple[list[str], bool]]:
        """Yield the words as they stand, and without the options that stand between those the pattern begins with."""
        yield texts, True
        named = fold_words(texts)
        yield named, True
        if not named or not self._head or named[0] != self._head[0]:
            return
        for end, sure in list_placements(self._head, named):
            for start in range(end, min(len(named), end + _MAX_SKIPPED)):
                yield (
                    [*self._head, *named[start:]],
                    sure and (start == end or named[start - 1].startswith("-")),
                )
                if not _is_skipped(named, end, start):
                    break

    def _fit(self, reading: tuple[list[str], bool], redirects: list[tuple[str, str]]) -> Hit:
        words, sure = reading
        text = " ".join(words)
        candidates = [text]
        for sign, target in redirects:
            for written in dict.fromkeys([sign, sign.lstrip("0123456789")]):
                candidates.append(_space_operators(f"{text} {written} {target}".lstrip()))
        if len(redirects) > 1:
            candidates.append(_space_operators(" ".join([text, *(f"{a} {b}" for a, b in redirects)])))
        if any(matches_glob(self._liberal, one) for one in candidates):
            return Hit.YES if sure else Hit.MAYBE
        return Hit.NO


def _is_skipped(texts: Sequence[str], end: int, at: int) -> bool:
    """Tell whether the word at a place may be left out: an option, or the value of the option before it."""
    return texts[at].startswith("-") or (
        at > end and texts[at - 1].startswith("-") and "=" not in texts[at - 1]
    )


def _space_all(text: str) -> str:
    """Write every operator with one space on both sides."""
    return re.sub(r"\s+", " ", re.sub(r"\s*(\|\||&&|\|&|[|;])\s*", r" \1 ", _space_operators(text)))


def _space_operators(text: str) -> str:
    """Write every operator of redirection with one space on both sides, and white space as one space."""
    spaced = re.sub(r"\s*([0-9]?(?:>>|>\||&>>?|>&|<<<|<<|<&|<>|[<>]))\s*", r" \1 ", text)
    return re.sub(r"\s+", " ", spaced)


def list_fragments(text: str) -> list[SimpleCommand]:
    """Cut a text that no parser reads at everything that separates commands, for deny and ask rules."""
    if len(text) > 65_536:
        pieces = [text[:65_536]]
    else:
        # With continuations joined and not: only to find more, never to take a text for less than it is.
        joined = text.replace("\\\n", "")
        plain = [re.sub(r"[\"'\\]", "", one) for one in dict.fromkeys([text, joined])]
        pieces = [text, *(piece for one in plain for piece in _SEPARATORS.split(one))]
    return [
        SimpleCommand(tuple(Word(word) for word in piece.split()), plain=False)
        for piece in pieces
        if piece.strip()
    ]


def matches_raw(value: str, text: str) -> bool:
    """Tell whether the whole text begins with a rule's text, but for case and white space."""
    folded, wanted = collapse(text), collapse(value)
    return folded == wanted or folded.startswith(f"{wanted} ")
