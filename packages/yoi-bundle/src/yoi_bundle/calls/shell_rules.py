"""Rules' texts against simple commands, word by word (S-11)."""

import re
import shlex
from collections.abc import Sequence

from yoi_bundle.calls.hit import Hit
from yoi_bundle.calls.shell_syntax import SimpleCommand, Word, parse_plain_words
from yoi_bundle.calls.texts import collapse, fold, matches_glob

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
    at, option_before = 0, False
    for index, word in enumerate(words):
        if at == len(wanted):
            return Hit.YES if not exact else Hit.NO if word.known else Hit.MAYBE
        text = fold(word.text)
        if text == wanted[at] or (index == 0 and text.rpartition("/")[2] == wanted[0].rpartition("/")[2]):
            at, option_before = at + 1, False
        elif not word.known:
            return Hit.MAYBE
        elif at and (text.startswith("-") or option_before):
            option_before = text.startswith("-")
        else:
            return Hit.NO
    return Hit.YES if at == len(wanted) else Hit.NO


class GlobRule:
    """A glob over the words, joined with single spaces."""

    def __init__(self, pattern: str) -> None:
        self._pieces = tuple(pattern.split("*"))
        self._liberal = tuple(re.sub(r"\s+", " ", fold(piece)) for piece in self._pieces)

    def strict(self, command: SimpleCommand) -> Hit:
        """Say whether the words, quoted where a shell would need it, fit."""
        if not command.words or not matches_glob(
            self._pieces, shlex.join(word.text for word in command.words)
        ):
            return Hit.NO
        return Hit.YES if command.plain else Hit.MAYBE

    def liberal(self, command: SimpleCommand) -> Hit:
        """Say whether the words may fit, however they are quoted and by whatever path the command is named."""
        texts = [fold(word.text) for word in command.words]
        if not texts:
            return Hit.NO
        for first in {texts[0], texts[0].rpartition("/")[2]}:
            if matches_glob(self._liberal, " ".join([first, *texts[1:]])):
                return Hit.YES
        unknown = next((at for at, word in enumerate(command.words) if not word.known), None)
        if unknown is None:
            return Hit.NO
        seen, head = " ".join(texts[:unknown]), self._liberal[0]
        return Hit.MAYBE if seen.startswith(head) or head.startswith(seen) else Hit.NO


def list_fragments(text: str) -> list[SimpleCommand]:
    """Cut a text that no parser reads at everything that separates commands, for deny and ask rules."""
    plain = text.replace('"', "").replace("'", "").replace("\\", "")
    pieces = [text, *_SEPARATORS.split(plain)] if len(text) <= 65_536 else [text[:65_536]]
    return [
        SimpleCommand(tuple(Word(word) for word in piece.split()), plain=False)
        for piece in pieces
        if piece.strip()
    ]


def matches_raw(value: str, text: str) -> bool:
    """Tell whether the whole text begins with a rule's text, but for case and white space."""
    folded, wanted = collapse(text), collapse(value)
    return folded == wanted or folded.startswith(f"{wanted} ")
