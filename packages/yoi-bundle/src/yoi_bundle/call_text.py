"""Call text: the one textual form of a tool call, for people who ask for its verdict (X-02).

```text
call      = tool | tool "(" arguments ")"
arguments = argument ":" [" "] value *("," argument ":" [" "] value) | JSON object of texts
```

A value runs to the next comma that a known argument's name and a colon follow, or to the last parenthesis, and needs no
escapes: `shell.run(command: curl https://a.example)`, `file.search(path: docs, pattern: to do)`. Of a tool that is not
built in any name counts as known; a value that holds one is written in the JSON form.
"""

import re
from collections.abc import Mapping

import msgspec

from yoi_bundle.calls.call import ToolCall
from yoi_bundle.vocabulary import BUILTIN_TOOLS

_CALL = re.compile(r"(?P<tool>[^\s()]+)(?:\((?P<inside>.*)\))?", re.DOTALL)
_NAME = r"[A-Za-z_][A-Za-z0-9_-]*"
_FIRST = re.compile(rf"\s*(?P<argument>{_NAME}):")


class CallTextError(ValueError):
    """A text that is no call of the grammar above, or one that no tool can get; the message says what is wrong."""


def parse_call(text: str) -> ToolCall:
    """Read one call.

    Raises:
        CallTextError: When it is none.
    """
    found = _CALL.fullmatch(text.strip())
    if found is None:
        raise CallTextError("a call is a tool, and perhaps arguments in parentheses after it")
    tool, inside = found["tool"], found["inside"]
    entry = BUILTIN_TOOLS.get(tool)
    if entry is None and ":" not in tool:
        raise CallTextError(f"no built-in tool has this name; known: {', '.join(BUILTIN_TOOLS)}")
    if not inside:
        return ToolCall(tool)
    known = None if entry is None else entry.arguments
    arguments = _parse_json(inside) if inside.lstrip().startswith("{") else _parse_arguments(inside, known)
    unknown = sorted(set(arguments) - set(arguments if known is None else known))
    if unknown:
        raise CallTextError(
            f"`{tool}` has no argument `{unknown[0]}`; known: {', '.join(known or ()) or 'none'}"
        )
    return ToolCall(tool, arguments)


def _parse_json(inside: str) -> dict[str, str]:
    try:
        return msgspec.json.decode(inside, type=dict[str, str])
    except (msgspec.DecodeError, UnicodeEncodeError):
        raise CallTextError("in braces stands a JSON object whose values are texts") from None


def _parse_arguments(inside: str, known: Mapping[str, str] | None) -> dict[str, str]:
    first = _FIRST.match(inside)
    if first is None:
        raise CallTextError("in parentheses stand an argument's name, a colon and a value")
    names = _NAME if known is None else "|".join(map(re.escape, known)) or r"(?!)"
    arguments: dict[str, str] = {}
    name, start = first["argument"], first.end()
    for found in re.finditer(rf",\s*(?P<argument>{names}):", inside):
        _put(arguments, name, inside[start : found.start()])
        name, start = found["argument"], found.end()
    _put(arguments, name, inside[start:])
    return arguments


def _put(arguments: dict[str, str], name: str, value: str) -> None:
    if name in arguments:
        raise CallTextError(
            f"`{name}:` stands there twice; a value that holds it is written in the JSON form"
        )
    arguments[name] = value.removeprefix(" ")
