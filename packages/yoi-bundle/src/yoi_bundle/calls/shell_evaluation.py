"""Evaluation in shells: places where a text, not a command, may be run, such as an array's index (S-11).

A shell evaluates subscripts and arithmetic: `test -v 'a[$(CMD)]'` runs CMD though no parser sees a command there.
"""

import re
from collections.abc import Iterable

from tree_sitter import Node

_SUBSCRIPT = re.compile(r"\[.*(?:\$|`|[<>]\()", re.DOTALL)
_ESCAPED_SUBSCRIPT = re.compile(r"\[.*\\[$`]", re.DOTALL)
# `${v@P}` expands a value anew; `${!1}` takes an argument of the script for a name.
_RUNS_VALUE = re.compile(r"@[A-Za-z]\}$|^\$\{![0-9@*#]")
# A shell expands their values, or runs the file that they name, when nobody asks for it.
_EXPANDED_VARIABLES = re.compile(r"\b(?:PS[0-4]|PROMPT_COMMAND|BASH_ENV|SHELLOPTS|BASHOPTS)\b")
_ASSIGNED_BY_DEFAULT = re.compile(r"^\$\{([A-Za-z_][A-Za-z0-9_]*):?=")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAME_OPERATORS = frozenset(["-v", "-R", "-eq", "-ne", "-lt", "-le", "-gt", "-ge"])
# They say which program a name is, or what a program runs beside its work.
_DECIDING_VARIABLES = re.compile(
    r"(?:IFS|ENV|GLOBIGNORE|EXECIGNORE"
    r"|(?:LD|DYLD|GIT|BASH|SSH|LESS|MAN|PYTHON|PERL|RUBY|NODE|NPM|JAVA|JDK|RSYNC|TAR|MAKE)[A-Z0-9_]*"
    r"|[A-Z0-9_]*(?:PATH|HOME|SHELL|PAGER|EDITOR|VISUAL|BROWSER|OPT|OPTS|OPTIONS|FLAGS|RSH|PRELOAD|COMMAND|ASKPASS))"
)
_NUMBER = re.compile(r"[+-]?[0-9]+")

NAME_TAKERS = frozenset(
    [
        "declare",
        "typeset",
        "local",
        "readonly",
        "export",
        "unset",
        "read",
        "mapfile",
        "readarray",
        "let",
        "wait",
    ]
) | frozenset(["printf", "test", "[", "[[", "getopts"])
"""Builtins that take names of variables, or arithmetic: they evaluate a subscript in an argument."""


def _sets_deciding_variable(name: str, texts: list[str]) -> bool:
    """Tell whether a builtin gives a value to a variable by which later commands are other commands: `printf -v PATH .`."""
    targets = texts
    if name == "printf":
        at = next((index for index, text in enumerate(texts) if text.startswith("-v")), len(texts))
        targets = [text.removeprefix("-v") for text in texts[at : at + 2]]
    elif name == "wait":
        targets = [re.sub(r"^-[a-z]*p", "", text) for text in texts]
    elif name not in ("let", "read", "mapfile", "readarray", "getopts"):
        return False
    return any(_DECIDING_VARIABLES.fullmatch(one) for text in targets for one in _IDENTIFIER.findall(text))


def is_evaluated(text: str) -> bool:
    """Tell whether a text would run something where a shell evaluates it as a name or as arithmetic."""
    return _SUBSCRIPT.search(text) is not None


def takes_unseen_name(name: str, words: list[tuple[str, bool]]) -> bool:
    """Tell whether a builtin may evaluate an argument that runs something: one with a subscript, or an unknown one.

    Also whether it sets a variable that decides what later commands are.

    Args:
        name: The builtin.
        words: The arguments: text, and whether that is what the builtin gets.
    """
    if name not in NAME_TAKERS:
        return False
    texts = [text for text, known in words if known]
    if name == "printf" and not any(text.startswith("-v") for text, _ in words):
        return False
    # Joined, since the words of a test are not always told apart.
    if is_evaluated(" ".join(texts)) or _sets_deciding_variable(name, texts):
        return True
    match name:
        case "test" | "[":
            named = {"-v", "-R"} & set(texts)
            return bool(named or len([text for text, _ in words if text != "]"]) == 2) and _any_unknown(
                words, of_operator=not named
            )
        case "printf":
            return _any_unknown(words[:2])
        case "wait":
            return any(text.startswith("-p") for text, _ in words) and _any_unknown(words)
        case "let" | "unset" | "read" | "mapfile" | "readarray" | "getopts":
            return _any_unknown(words)
        case "declare" | "typeset" | "local" | "readonly":
            return _any_unknown(words)
        case _:
            return False


def _any_unknown(words: list[tuple[str, bool]], *, of_operator: bool = False) -> bool:
    if of_operator:
        return bool(words) and not words[0][1]
    # `declare x=$y` assigns and evaluates no name; `declare $y` does, and `declare "x=($y)"`.
    return any(not known and not re.match(r"[A-Za-z_][A-Za-z0-9_]*\+?=(?!\()", text) for text, known in words)


def may_run_text(nodes: list[Node], data: bytes) -> bool:
    """Tell whether a script may evaluate a text of its own, or one that it is given, as code."""
    texts = [_slice(node, data) for node in nodes if node.type in ("raw_string", "ansi_c_string", "word")]
    if any(_EXPANDED_VARIABLES.search(_slice(node, data)) for node in nodes if node.child_count == 0):
        return True
    arithmetic = [node for node in nodes if _is_arithmetic(node, data) or _evaluates_names(node, data)]
    if any(is_evaluated(_slice(part, data)) for node in arithmetic for part in _list_texts(node)):
        return True
    if any(node.type == "expansion" and _RUNS_VALUE.search(_slice(node, data)) for node in nodes):
        return True
    names = {name for node in arithmetic for name in _list_names(node, data)}
    if not names:
        return False
    quoted = (_slice(node, data) for node in nodes if node.type == "string")
    return (
        any(is_evaluated(text) for text in texts)
        or any(_ESCAPED_SUBSCRIPT.search(text) for text in quoted)
        or bool(names & _list_unsure_names(nodes, data))
    )


def _is_arithmetic(node: Node, data: bytes) -> bool:
    if node.type in ("arithmetic_expansion", "subscript", "c_style_for_statement"):
        return True
    if node.type == "expansion":
        return re.match(r"\$\{[A-Za-z0-9_@*]+:[^-+=?]", _slice(node, data)) is not None
    if node.type == "test_command":
        return _slice(node, data).startswith("[[") and any(
            _slice(part, data) in _NAME_OPERATORS for part in _walk(node) if part.child_count == 0
        )
    return False


def _evaluates_names(node: Node, data: bytes) -> bool:
    """Tell whether variables in it are evaluated as names or numbers: `${!v}`, `let v`, `declare -i v`, `declare -n v`."""
    text = _slice(node, data)
    if node.type == "expansion":
        return re.match(r"\$\{![A-Za-z_][A-Za-z0-9_]*(?![A-Za-z0-9_*@]|\[[@*]\])", text) is not None
    if node.type == "declaration_command":
        if re.search(r"\s[-+][A-Za-z]*[in]", text):
            return True
        # `declare -a b="($v)"` reads the text as a list, with its subscripts.
        values = [child.child_by_field_name("value") for child in node.children]
        listed = re.search(r"\s-[A-Za-z]*[aA]", text) is not None
        return listed and any(value is not None and value.type != "array" for value in values)
    return node.type == "command" and re.match(r"let\s", text) is not None


def _list_texts(node: Node) -> Iterable[Node]:
    return (
        part for part in _walk(node) if part.type in ("raw_string", "ansi_c_string", "string_content", "word")
    )


def _list_names(node: Node, data: bytes) -> Iterable[str]:
    if node.type == "command":
        yield from _IDENTIFIER.findall(_slice(node, data))
    for part in _walk(node):
        if part.child_count == 0 and part.type in ("word", "variable_name"):
            yield from _IDENTIFIER.findall(_slice(part, data))


def _list_unsure_names(nodes: list[Node], data: bytes) -> set[str]:
    """Return the variables to which the script gives what may be no number."""
    unsure: set[str] = set()
    for node in nodes:
        if node.type == "variable_assignment":
            name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
            text = _slice(value, data).strip("\"'") if value is not None else ""
            calculated = value is not None and value.type in ("arithmetic_expansion", "number")
            if name is not None and not calculated and text and not _NUMBER.fullmatch(text):
                unsure.update(_IDENTIFIER.findall(_slice(name, data)))
        elif node.type == "for_statement":
            name = node.child_by_field_name("variable")
            values = node.children_by_field_name("value")
            if name is not None and not all(_NUMBER.fullmatch(_slice(one, data)) for one in values):
                unsure.add(_slice(name, data))
        elif node.type == "expansion":
            unsure.update(_ASSIGNED_BY_DEFAULT.findall(_slice(node, data)))
        elif node.type == "command":
            words = _slice(node, data).split()
            if words and words[0] in ("read", "mapfile", "readarray", "getopts", "printf"):
                unsure.update(word for word in words[1:] if _IDENTIFIER.fullmatch(word))
    return unsure


def _walk(root: Node) -> Iterable[Node]:
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(node.children)


def _slice(node: Node, data: bytes) -> str:
    return data[node.start_byte : node.end_byte].decode(errors="replace")
