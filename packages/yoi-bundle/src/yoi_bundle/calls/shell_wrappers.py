"""Commands that run other commands: what is inside is judged too (S-11)."""

import re
from collections.abc import Iterator

from msgspec import Struct

from yoi_bundle.calls.shell_syntax import Script, SimpleCommand, Word, parse_script

_SHELLS = frozenset(["sh", "bash", "zsh", "dash", "ksh", "ash", "fish"])
_OPAQUE = _SHELLS | frozenset(["eval", "source", ".", "su", "ssh", "watch", "parallel", "script", "trap"])
_PREFIXES = frozenset(
    ["sudo", "doas", "env", "nohup", "exec", "builtin", "busybox", "command", "time", "xargs", "setsid"]
)
_TIMED = frozenset(["timeout"])
_TRANSPARENT = frozenset(["time", "command"])
_WRAPPERS = (
    _OPAQUE
    | _PREFIXES
    | _TIMED
    | frozenset(["nice", "ionice", "stdbuf", "flock", "chroot", "unshare", "nsenter", "strace"])
)
_FIND_ACTIONS = frozenset(["-exec", "-execdir", "-ok", "-okdir"])
_MAX_UNITS = 256
_MAX_SUFFIXES = 24
_MAX_NESTING = 4


class Unit(Struct, frozen=True):
    """One simple command to judge.

    Attributes:
        opaque: Whether it runs something that cannot be seen.
        seen_as: The command under every name that a deny or ask rule may know it by: itself, what it wraps.
    """

    command: SimpleCommand
    opaque: bool
    seen_as: tuple[SimpleCommand, ...]


def list_units(script: Script) -> list[Unit] | None:
    """Return every simple command of a script and of what its commands run; None when there are too many."""
    units: list[Unit] = []
    waiting = [(command, 0) for command in reversed(script.commands)]
    while waiting:
        command, nesting = waiting.pop()
        if len(units) >= _MAX_UNITS or nesting > _MAX_NESTING:
            return None
        inner = _unwrap(command)
        opaque = inner is None
        if inner is not None:
            waiting.extend((one, nesting + 1) for one in reversed(inner))
        if not (inner and command.plain and _name(command) in _TRANSPARENT):
            judged = (
                command if not opaque or _runs_a_file(command) else SimpleCommand(command.words, plain=False)
            )
            units.append(Unit(judged, opaque, tuple(_list_disguises(command))))
    return units


def _name(command: SimpleCommand) -> str:
    return command.words[0].text.rpartition("/")[2] if command.words else ""


def _runs_a_file(command: SimpleCommand) -> bool:
    """Tell whether a shell is given a file and no option: whoever allows `sh check.sh` allows what it holds."""
    names_file = len(command.words) > 1 and not command.words[1].text.startswith("-")
    return names_file and _name(command) in _SHELLS | {"source", "."}


def _unwrap(command: SimpleCommand) -> list[SimpleCommand] | None:
    """Return the commands that this one runs; None when they cannot be told."""
    if not command.words:
        return []
    name, words = _name(command), command.words
    if not words[0].known:
        return None
    if name == "find":
        return _unwrap_find(command)
    if name not in _WRAPPERS:
        return []
    if name == "eval" or (name in _SHELLS and len(words) == 3 and words[1].text == "-c"):
        code = words[1:] if name == "eval" else words[2:]
        return _read_code(code, command.plain)
    skipped = 2 if name in _TIMED and len(words) > 1 and re.fullmatch(r"[0-9]+[smhd]?", words[1].text) else 1
    rest = words[skipped:]
    if name in _OPAQUE or (name not in _PREFIXES and name not in _TIMED):
        return None
    if not rest:
        return []
    if not rest[0].known or rest[0].text.startswith("-") or "=" in rest[0].text:
        return None
    # xargs appends words of its input.
    return [SimpleCommand(rest, command.plain and name != "xargs")]


def _unwrap_find(command: SimpleCommand) -> list[SimpleCommand]:
    found: list[SimpleCommand] = []
    texts = [word.text for word in command.words]
    for index, text in enumerate(texts):
        if text in _FIND_ACTIONS:
            end = next((at for at in range(index, len(texts)) if texts[at] in (";", "+")), len(texts))
            found.append(SimpleCommand(command.words[index + 1 : end], plain=False))
    return found


def _read_code(code: tuple[Word, ...], plain: bool) -> list[SimpleCommand] | None:
    if not all(word.known for word in code):
        return None
    script = parse_script(" ".join(word.text for word in code))
    if not script.readable:
        return None
    return [SimpleCommand(command.words, command.plain and plain) for command in script.commands]


def _list_disguises(command: SimpleCommand) -> Iterator[SimpleCommand]:
    """Yield the command and, for one that runs others, everything in it that might be a command."""
    yield command
    if _name(command) not in _WRAPPERS:
        return
    for start in range(1, min(len(command.words), _MAX_SUFFIXES)):
        yield SimpleCommand(command.words[start:], plain=False)
    for word in command.words[1:_MAX_SUFFIXES]:
        if re.search(r"[\s;&|]", word.text):
            yield from parse_script(word.text).commands
