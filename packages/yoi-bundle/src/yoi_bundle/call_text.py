"""Call text: the one textual form of a tool call, for people who ask for its verdict (X-02).

```text
call = tool | tool "(" argument ":" [" "] value ")"
```

The value runs to the last parenthesis and needs no escapes: `shell.run(command: curl https://a.example)`.
"""

import re

from yoi_bundle.calls.call import ToolCall
from yoi_bundle.vocabulary import BUILTIN_TOOLS

_CALL = re.compile(r"(?P<tool>[^\s()]+)(?:\((?P<inside>.*)\))?", re.DOTALL)
_INSIDE = re.compile(r"\s*(?P<argument>[A-Za-z_][A-Za-z0-9_-]*):(?P<value>.*)", re.DOTALL)


class CallTextError(ValueError):
    """A text that is no call of the grammar above, or one that no tool can get; the message says what is wrong."""


def parse_call(text: str) -> ToolCall:
    """Read one call.

    Raises:
        CallTextError: When it is none.
    """
    found = _CALL.fullmatch(text.strip())
    if found is None:
        raise CallTextError("a call is a tool, and perhaps an argument in parentheses after it")
    tool, inside = found["tool"], found["inside"]
    entry = BUILTIN_TOOLS.get(tool)
    if entry is None and ":" not in tool:
        raise CallTextError(f"no built-in tool has this name; known: {', '.join(BUILTIN_TOOLS)}")
    if not inside:
        return ToolCall(tool)
    argument = _INSIDE.fullmatch(inside)
    if argument is None:
        raise CallTextError("in parentheses stand an argument's name, a colon and a value")
    name = argument["argument"]
    if entry is not None and name not in entry.arguments:
        raise CallTextError(
            f"`{tool}` has no argument `{name}`; known: {', '.join(entry.arguments) or 'none'}"
        )
    return ToolCall(tool, {name: argument["value"].removeprefix(" ")})
