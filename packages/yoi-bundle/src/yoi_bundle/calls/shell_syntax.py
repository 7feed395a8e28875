"""A shell command's simple commands, by a real parser; whatever it is not sure of is said to be so (S-11)."""

import re
import shlex
from collections.abc import Iterator
from functools import lru_cache

import tree_sitter_bash
from msgspec import Struct
from tree_sitter import Language, Node, Parser

MAX_COMMAND_LENGTH = 65_536
_CACHED_LENGTH = 4096

# Everything else (loops, functions, tests, arithmetic, expansions, heredocs …) is parsed, and is not plain.
_PLAIN_NODES = frozenset(
    [
        "program",
        "list",
        "pipeline",
        "command",
        "command_name",
        "word",
        "string",
        "string_content",
        "raw_string",
        "concatenation",
        "number",
        "subshell",
        "compound_statement",
        "redirected_statement",
        "file_redirect",
        "file_descriptor",
        "negated_command",
        "comment",
    ]
)
_PLAIN_TOKENS = frozenset(
    ["&&", "||", ";", "|", "|&", "&", "\n", "(", ")", "{", "}", "!", ">", ">&", "&>", '"']
)
_WORD_NODES = frozenset(
    [
        "word",
        "string",
        "raw_string",
        "ansi_c_string",
        "translated_string",
        "concatenation",
        "number",
        "simple_expansion",
        "expansion",
        "command_substitution",
        "process_substitution",
        "arithmetic_expansion",
    ]
)
_OTHER_COMMANDS = frozenset(["declaration_command", "unset_command", "test_command", "variable_assignment"])
_HARMLESS_REDIRECT = re.compile(r"[0-9]*>&[0-9]|(?:[0-9]*|&)>\s*/dev/null")
_CONTINUATION = re.compile(r"(?<!\\)((?:\\\\)*)\\\n")
_UNREADABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_EXPANDED = re.compile(r"[*?\[\]{}]|^~|[$`]")

_parser_language = Language(tree_sitter_bash.language())


class Word(Struct, frozen=True):
    """One word of a command.

    Attributes:
        text: After quote removal; as written where it is not known.
        known: Whether the shell passes just this text, whatever variables, files and commands there are.
    """

    text: str
    known: bool = True


class SimpleCommand(Struct, frozen=True):
    """A command's name and arguments.

    Attributes:
        plain: Whether nothing but these words matters: no assignment, redirection, expansion or control flow.
    """

    words: tuple[Word, ...]
    plain: bool


class Script(Struct, frozen=True):
    """A command line.

    Attributes:
        commands: Every simple command, those in substitutions too.
        mentions: Every word, those of redirections and assignments too.
        readable: Whether it could be parsed.
    """

    commands: tuple[SimpleCommand, ...]
    mentions: tuple[Word, ...]
    readable: bool


UNREADABLE = Script((), (), False)


def parse_script(text: str) -> Script:
    """Parse a command line; never raises."""
    if len(text) > MAX_COMMAND_LENGTH or _UNREADABLE.search(text):
        return UNREADABLE
    return _parse_cached(text) if len(text) <= _CACHED_LENGTH else _parse(text)


def parse_plain_words(text: str) -> tuple[str, ...] | None:
    """Return the words of one plain simple command; None for anything else."""
    script = parse_script(text)
    if not script.readable or len(script.commands) != 1 or not script.commands[0].plain:
        return None
    return tuple(word.text for word in script.commands[0].words)


def _parse(text: str) -> Script:
    joined = _CONTINUATION.sub(r"\1", text)
    data = joined.encode()
    root = Parser(_parser_language).parse(data).root_node
    if root.has_error:
        return UNREADABLE
    nodes = list(_list_nodes(root))
    plain = _is_plain(nodes, data) and (joined == text or ("'" not in text and "<<" not in text))
    commands = [_read_command(node, data, plain) for node in nodes if node.type == "command"]
    commands += [
        SimpleCommand(tuple(Word(word) for word in _slice(node, data).split()), plain=False)
        for node in nodes
        if node.type in _OTHER_COMMANDS and not _is_part_of_command(node)
    ]
    mentions = [_read_word(node, data) for node in nodes if node.type in _WORD_NODES]
    return Script(tuple(commands) or (SimpleCommand((), plain=False),), tuple(mentions), True)


_parse_cached = lru_cache(maxsize=256)(_parse)


def _list_nodes(root: Node) -> Iterator[Node]:
    """Yield all nodes in the order of the text, without recursion."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(node.children))


def _is_part_of_command(node: Node) -> bool:
    return node.parent is not None and node.parent.type in ("command", "declaration_command")


def _is_plain(nodes: list[Node], data: bytes) -> bool:
    end = 0
    for node in nodes:
        if node.is_named:
            if node.type not in _PLAIN_NODES:
                return False
            if node.type == "file_redirect" and not _HARMLESS_REDIRECT.fullmatch(_slice(node, data)):
                return False
        elif node.type not in _PLAIN_TOKENS:
            return False
        if node.child_count == 0 or node.type in ("string", "concatenation"):
            # What stands between the tokens must be blank, or the parser saw less than the shell will.
            if node.start_byte >= end and data[end : node.start_byte].strip(b" \t\n"):
                return False
            end = max(end, node.end_byte)
    return not data[end:].strip(b" \t\n")


def _read_command(node: Node, data: bytes, plain: bool) -> SimpleCommand:
    words: list[Word] = []
    bare = True
    for child in node.children:
        if child.type == "command_name":
            words.append(_read_word(child.children[0], data) if child.children else Word("", known=False))
        elif child.type in _WORD_NODES:
            words.append(_read_word(child, data))
        else:
            bare = False
    known = all(word.known for word in words)
    if bare and known and not _agrees(_slice(node, data), words):
        known, words = False, [Word(word.text, known=False) for word in words]
    return SimpleCommand(tuple(words), plain and bare and known)


def _agrees(source: str, words: list[Word]) -> bool:
    """Ask a second, much simpler reader for the words: the parser takes some words for two."""
    try:
        return shlex.split(source) == [word.text for word in words]
    except ValueError:
        return False


def _read_word(node: Node, data: bytes) -> Word:
    source = _slice(node, data)
    match node.type:
        case "word" | "number":
            return Word(re.sub(r"\\(.)", r"\1", source, flags=re.DOTALL), known=not _is_expanded(source))
        case "raw_string":
            return Word(source[1:-1])
        case "string":
            body = source[1:-1]
            known = re.search(r"[$`]", re.sub(r"\\.", "", body, flags=re.DOTALL)) is None
            return Word(re.sub(r'\\([$`"\\])', r"\1", body), known=known)
        case "concatenation":
            parts = [_read_word(child, data) for child in node.children]
            whole = "".join(_slice(child, data) for child in node.children) == source
            braces = re.search(r"[{}\[\]]", source) is not None
            known = whole and not braces and all(part.known for part in parts)
            return Word("".join(part.text for part in parts), known=known)
        case _:
            return Word(source, known=False)


def _is_expanded(source: str) -> bool:
    return _EXPANDED.search(re.sub(r"\\.", "", source, flags=re.DOTALL)) is not None


def _slice(node: Node, data: bytes) -> str:
    return data[node.start_byte : node.end_byte].decode(errors="replace")
