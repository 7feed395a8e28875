"""Paths in shell commands: whether a command may reach a path that a deny or ask rule names (S-11).

A file that is named is reached; one that a glob, a variable or a directory above may stand for is perhaps reached.
A program that opens files on its own (`npm test`) is not looked into: what it opens is not among its words.
"""

import posixpath
import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from yoi_bundle.calls.call import Hit
from yoi_bundle.calls.paths import HostPathPattern, PathPattern, normalise, split_host_path
from yoi_bundle.calls.shell_syntax import SimpleCommand, Word
from yoi_bundle.calls.shell_wrappers import Reading, get_name
from yoi_bundle.calls.texts import fold

_SILENT = frozenset(
    ["echo", ":", "true", "false", "exit", "return", "kill", "sleep", "export", "set", "shift"]
)
"""Commands that open none of the files that their words name."""

_TESTS = frozenset(["test", "[", "[["])
"""Commands that say whether a file is there and read none: one that they name is reached, one that they may name is not."""

_NAME_READERS = frozenset(["xargs", "parallel", "cpio", "pax"])
_INTERPRETERS = re.compile(
    r"(?:python|pypy|node|nodejs|deno|bun|perl|ruby|php|lua|awk|gawk|mawk|nawk|sed|jq|osascript|ex|ed|vim?|emacs)[0-9.]*"
)
_ALWAYS_DEEP = frozenset(
    ["rg", "ag", "ack", "tar", "bsdtar", "zip", "7z", "rsync", "mv", "ln", "xcopy", "tree2"]
)
_DEEP_FLAGS: dict[str, re.Pattern[str]] = {
    "grep": re.compile(r"-[A-Za-z]*[rR][A-Za-z]*|--(?:dereference-)?recursive|--directories=recurse"),
    "egrep": re.compile(r"-[A-Za-z]*[rR][A-Za-z]*|--(?:dereference-)?recursive"),
    "fgrep": re.compile(r"-[A-Za-z]*[rR][A-Za-z]*|--(?:dereference-)?recursive"),
    "zgrep": re.compile(r"-[A-Za-z]*[rR][A-Za-z]*|--recursive"),
    "cp": re.compile(r"-[A-Za-z]*[rRa][A-Za-z]*|--recursive|--archive"),
    "scp": re.compile(r"-[A-Za-z]*r[A-Za-z]*"),
    "rm": re.compile(r"-[A-Za-z]*[rR][A-Za-z]*|--recursive"),
    "diff": re.compile(r"-[A-Za-z]*r[A-Za-z]*|--recursive"),
    "chmod": re.compile(r"-[A-Za-z]*R[A-Za-z]*|--recursive"),
    "chown": re.compile(r"-[A-Za-z]*R[A-Za-z]*|--recursive"),
    "chgrp": re.compile(r"-[A-Za-z]*R[A-Za-z]*|--recursive"),
    "find": re.compile(r"-(?:exec|execdir|ok|okdir|delete|fprint.*|fls)"),
    "git": re.compile(r"grep|--no-index|archive|clean"),
}
_SEARCHERS = frozenset(["grep", "egrep", "fgrep", "rg", "ag", "ack", "git"])
_SEARCH_FLAGS = re.compile(
    r"-[rRinlcvowxEFPHhqszaILu]+|--colou?r(?:=.*)?|--(?:in|ex)clude(?:-dir)?=.*|--recursive"
)
_FOLDER_OPTIONS = ("-C", "--directory", "--prefix", "--cwd", "--work-tree", "--git-dir", "--dir", "--chdir")
_SPECIAL = re.compile(r"\$(?:[#?$!-]|\(\()|\$\{#")
_WILD = re.compile(r"[*?]+|\[[^\]/]*\]|\{\}|\{[^{}]*(?:,|\.\.)[^{}]*\}")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_MAX_FOLDERS = 16


class Folders(Struct, frozen=True):
    """Where a script may work.

    Attributes:
        entered: Folders that it goes to, relative to where it starts, or absolute.
        unknown: Whether there are others.
    """

    entered: tuple[str, ...] = ()
    unknown: bool = False


def judge_paths(reading: Reading, pattern: "PlaceTest") -> Hit:
    """Say whether a script reaches a place."""
    folders = _list_folders([unit.command for unit in reading.units])
    best = Hit.NO
    for unit in reading.units:
        best = max(best, _judge_command(unit.command, pattern, folders))
        if best is Hit.YES:
            return best
    for word in reading.loose:
        if word.known or not re.search(r"[$`]|[<>]\(", word.text):
            best = max(best, _judge_word(word, pattern, folders))
    return best


def _judge_command(command: SimpleCommand, pattern: "PlaceTest", folders: Folders) -> Hit:
    name = get_name(command)
    here = _add_folders(folders, command)
    best = max((_judge_word(target, pattern, here) for _, target in command.redirects), default=Hit.NO)
    if name in _SILENT or (
        name == "printf" and not any(word.text.startswith("-v") for word in command.words)
    ):
        return best
    if name in _NAME_READERS:
        best = max(best, Hit.MAYBE)
    words = list(_list_path_words(name, command.words))
    if name in _TESTS:
        words = [word for word in words if word.known]
    deep = _goes_deep(name, command.words)
    for word in words:
        best = max(best, _judge_word(word, pattern, here))
        text = _find_text(word)
        if deep and text is not None and best is Hit.NO and _is_above(text, pattern, here):
            best = Hit.MAYBE
        if best is Hit.NO and _INTERPRETERS.fullmatch(name) and _mentions(word.text, pattern, here):
            best = Hit.MAYBE
    if deep and best is Hit.NO and name in _SEARCHERS and _names_no_place(name, words):
        best = Hit.MAYBE if any(pattern.holds(folder) for folder in ("", *here.entered)) else best
    return best


def _list_path_words(name: str, words: Sequence[Word]) -> Iterator[Word]:
    """Yield the words that may be paths; what a search looks for is none."""
    skips = name in _SEARCHERS - {"git"} and all(
        _SEARCH_FLAGS.fullmatch(word.text) for word in words[1:] if word.text.startswith("-")
    )
    for index, word in enumerate(words):
        if skips and index and not word.text.startswith("-"):
            skips = False
        elif index or "/" in word.text or not word.known:
            yield word


def _names_no_place(name: str, words: Sequence[Word]) -> bool:
    operands = [word for word in words[1:] if not word.text.startswith("-")]
    return len(operands) <= (2 if name == "git" else 0) or all(
        word.known and word.text == "." for word in operands
    )


def _goes_deep(name: str, words: Sequence[Word]) -> bool:
    if name in _ALWAYS_DEEP:
        return True
    flags = _DEEP_FLAGS.get(name)
    return flags is not None and any(flags.fullmatch(word.text) for word in words[1:])


def _is_above(text: str, pattern: "PlaceTest", folders: Folders) -> bool:
    if text.startswith("-"):
        return False
    return any(pattern.holds(_join(folder, text)) for folder in ("", *folders.entered))


def _mentions(text: str, pattern: "PlaceTest", folders: Folders) -> bool:
    return any(
        _judge_text(part, pattern, folders) is not Hit.NO
        for part in re.split(r"[\s'\"`()<>;,|&=\[\]{}]+", text)
        if part and part != text
    )


def _judge_word(word: Word, pattern: "PlaceTest", folders: Folders) -> Hit:
    best = Hit.NO
    for part in list_parts(word.text):
        best = max(best, _judge_part(part, word.known, pattern, folders))
    return best


def list_parts(text: str) -> Iterator[str]:
    """Yield a word, and what stands in it where programs take a path: after `=`, `@`, `:`, a short option."""
    if _ADDRESS.match(text) and not text.lower().startswith("file:"):
        return
    yield text
    if re.match(r"-[A-Za-z].", text):
        yield text[2:]
    if re.search(r"[=@:,]", text):
        yield from (part for part in re.split(r"[=@:,]", text) if part)
        yield from (text.partition(sign)[2] for sign in "=@:" if text.partition(sign)[2])


def _judge_part(part: str, known: bool, pattern: "PlaceTest", folders: Folders) -> Hit:
    if known:
        return _judge_text(part, pattern, folders)
    text = _name_places(part)
    if _SPECIAL.match(text) and not re.search(r"[/$`]", text[1:].lstrip("$({#")):
        return Hit.NO
    if expanded := re.search(r"[$`]|[<>]\(", text):
        if re.search(r"\s", text[: expanded.start()]):
            return Hit.NO  # a sentence, not a path
        if text.startswith(("<(", ">(")):
            return Hit.NO  # the commands in it are judged themselves
        return Hit.MAYBE
    if not _WILD.search(text):
        return _judge_text(text, pattern, folders)
    plain = _WILD.sub("*", text)
    return Hit.MAYBE if any(pattern.may_be(one) for one in _list_places(plain, folders)) else Hit.NO


def _find_text(word: Word) -> str | None:
    """Return what a word is, with the home as `~`; None when that is not known."""
    if word.known:
        return word.text
    text = _name_places(word.text)
    return None if re.search(r"[$`*?\[{]|[<>]\(", text) else text


def _name_places(text: str) -> str:
    """Write the variables of the working directory and of the home as `.` and `~`."""
    text = re.sub(r"^\"?\$(?:PWD|\{PWD\})\"?(?=/|$)", ".", text)
    return re.sub(r"^\"?\$(?:HOME|\{HOME\})\"?(?=/|$)", "~", text).replace('"', "")


def _judge_text(text: str, pattern: "PlaceTest", folders: Folders) -> Hit:
    if not text:
        return Hit.NO
    hits = [pattern.judge(_join(folder, text)) for folder in folders.entered]
    start = pattern.judge(text)
    if folders.entered or folders.unknown:
        start = min(start, Hit.MAYBE) if split_host_path(text) is None else start
    if folders.unknown and split_host_path(text) is None and pattern.may_end(text):
        hits.append(Hit.MAYBE)
    return max(start, *hits) if hits else start


def _list_places(text: str, folders: Folders) -> Iterator[str]:
    yield text
    for folder in folders.entered:
        yield _join(folder, text)


def _join(folder: str, text: str) -> str:
    return text if split_host_path(text) is not None or not folder else posixpath.join(folder, text)


def _list_folders(commands: Sequence[SimpleCommand]) -> Folders:
    entered: list[str] = []
    unknown = False
    for command in commands:
        if get_name(command) in ("cd", "pushd", "chdir"):
            targets = [word for word in command.words[1:] if not re.fullmatch(r"-[LPe@n]+|--", word.text)]
            if not targets or not targets[0].known or targets[0].text == "-":
                unknown = True
                continue
            # Any earlier folder, and where the script starts, may be where this one begins.
            known = ["", *entered]
            entered += [
                place for place in (_join(one, targets[0].text) for one in known) if place not in entered
            ]
        elif get_name(command) == "popd":
            unknown = unknown or not entered
    return Folders(tuple(entered[:_MAX_FOLDERS]), unknown or len(entered) > _MAX_FOLDERS)


def _add_folders(folders: Folders, command: SimpleCommand) -> Folders:
    """Add the folders that a command is told to work in."""
    found: list[str] = []
    unknown = folders.unknown
    words = command.words
    for index, word in enumerate(words[1:], start=1):
        for option in _FOLDER_OPTIONS:
            if word.text == option and index + 1 < len(words):
                value = words[index + 1]
            elif word.text.startswith(f"{option}="):
                value = Word(word.text[len(option) + 1 :], word.known)
            else:
                continue
            if value.known:
                found += [_join(folder, value.text) for folder in ("", *folders.entered)]
            else:
                unknown = True
    return Folders((*folders.entered, *found), unknown) if found or unknown else folders


class PlaceTest:
    """A path rule's place, against paths as a shell has them.

    Args:
        pattern: Of the workspace, or of another mount, or of the host.
        mounted: Whether a relative path starts where the pattern does.
    """

    def __init__(self, pattern: PathPattern | HostPathPattern, *, mounted: bool) -> None:
        self._host = pattern if isinstance(pattern, HostPathPattern) else None
        self._pattern = pattern.below if isinstance(pattern, HostPathPattern) else pattern
        self._mounted = mounted

    def judge(self, text: str) -> Hit:
        """Say whether a path is the place or below it; perhaps, where it is not known where the path starts."""
        split = split_host_path(fold(text))
        if self._host is not None:
            if split is not None:
                return _judge_host(self._host, text, split, ends=self._ends(split[1]))
            return Hit.MAYBE if _escapes(text) and self._ends(text) else Hit.NO
        if split is not None:
            if split[1].strip("/") == "dev/null":
                return Hit.NO
            return Hit.MAYBE if self._ends(split[1]) or self._pattern.matches(_resolve(split[1])) else Hit.NO
        if _escapes(text):
            return Hit.MAYBE if self._ends(text) or self._pattern.matches(_resolve(text)) else Hit.NO
        if not self._mounted:
            return Hit.NO
        return Hit.YES if self._pattern.matches(_resolve(text)) else Hit.NO

    def _ends(self, text: str) -> bool:
        segments = _resolve(text)
        return bool(segments) and self._pattern.may_end(segments)

    def may_end(self, text: str) -> bool:
        """Tell whether a relative path may be the place when it starts nobody knows where."""
        return self._ends(text)

    def may_be(self, text: str) -> bool:
        """Tell whether a path with `*` in it may become the place."""
        split = split_host_path(fold(text))
        if self._host is not None:
            return (
                split is not None
                and split[0] == self._host.root
                and self._pattern.may_match(_resolve(split[1]))
            )
        segments = _resolve(split[1] if split else text)
        if split is None and not _escapes(text):
            return self._mounted and self._pattern.may_match(segments)
        return any(self._pattern.may_match(segments[start:]) for start in range(len(segments)))

    def holds(self, text: str) -> bool:
        """Tell whether a directory may be above the place."""
        split = split_host_path(fold(text))
        if self._host is not None:
            return (
                split is not None
                and split[0] == self._host.root
                and self._pattern.may_hold(_resolve(split[1]))
            )
        if split is not None or _escapes(text):
            # The workspace may be below it.
            return not self._ends_elsewhere(split[1] if split else text)
        return self._mounted and self._pattern.may_hold(_resolve(text))

    def _ends_elsewhere(self, text: str) -> bool:
        segments = _resolve(text)
        return bool(segments) and segments[0] in (
            "tmp",
            "usr",
            "dev",
            "proc",
            "etc",
            "bin",
            "lib",
            "sys",
            "opt",
        )


def _judge_host(host: HostPathPattern, text: str, split: tuple[str, str], *, ends: bool) -> Hit:
    if host.matches(text):
        return Hit.YES
    # A home is a folder below the root, nobody knows which.
    return Hit.MAYBE if ends and {host.root, split[0]} == {"~", "/"} else Hit.NO


def _escapes(text: str) -> bool:
    return normalise(text.split("/")) is None


def _resolve(text: str) -> list[str]:
    """Resolve a path's segments, folded; what leads above the start is cut off."""
    kept: list[str] = []
    for segment in fold(text).split("/"):
        if segment == "..":
            if kept:
                kept.pop()
        elif segment not in ("", "."):
            kept.append(segment)
    return kept
