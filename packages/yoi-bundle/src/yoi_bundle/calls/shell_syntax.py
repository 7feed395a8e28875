"""Shell reader: a command line's simple commands, by a real parser (S-11).

The text is parsed as it stands, never edited before: a shell joins lines in some places and not in others, so an edited
text is another program. What is understood is a positive list (`_UNDERSTOOD_NODES`, `_fits_between`, `_hides_code`);
a text with anything else is not readable, and no rule allows it.
"""

import re
import shlex
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

import tree_sitter_bash
from msgspec import Struct
from tree_sitter import Language, Node, Parser

from yoi_bundle.calls.shell_evaluation import may_run_text

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
_QUOTED_NODES = frozenset(["string", "raw_string", "ansi_c_string"])
_UNDERSTOOD_NODES = (
    _PLAIN_NODES
    | _WORD_NODES
    | frozenset(
        [
            "array",
            "binary_expression",
            "brace_expression",
            "c_style_for_statement",
            "case_item",
            "case_statement",
            "declaration_command",
            "do_group",
            "elif_clause",
            "else_clause",
            "extglob_pattern",
            "for_statement",
            "function_definition",
            "heredoc_body",
            "heredoc_content",
            "heredoc_end",
            "heredoc_redirect",
            "heredoc_start",
            "herestring_redirect",
            "if_statement",
            "parenthesized_expression",
            "postfix_expression",
            "regex",
            "special_variable_name",
            "subscript",
            "ternary_expression",
            "test_command",
            "test_operator",
            "unary_expression",
            "unset_command",
            "variable_assignment",
            "variable_assignments",
            "variable_name",
            "while_statement",
        ]
    )
)
# A comment ends at its line's end; anywhere else the parser took a comment for part of something that goes on.
_COMMENT_PARENTS = frozenset(
    [
        "program",
        "compound_statement",
        "subshell",
        "do_group",
        "if_statement",
        "else_clause",
        "elif_clause",
        "case_statement",
        "case_item",
        "list",
        "command_substitution",
        "process_substitution",
        "pipeline",
    ]
)
# A shell takes these for syntax where a command may begin.
_RESERVED = frozenset(
    [
        "!",
        "{",
        "}",
        "[[",
        "]]",
        "if",
        "then",
        "elif",
        "else",
        "fi",
        "do",
        "done",
        "while",
        "until",
        "for",
        "case",
    ]
) | frozenset(["esac", "select", "function", "in", ";;", "(", ")"])
_OTHER_COMMANDS = frozenset(["declaration_command", "unset_command", "test_command", "variable_assignment"])
_WORD_LISTS = frozenset(
    ["command", "redirected_statement", "for_statement", "array", "case_statement"]
) | frozenset(
    ["declaration_command", "unset_command", "file_redirect", "herestring_redirect", "heredoc_redirect"]
)
_HARMLESS_REDIRECT = re.compile(r"[0-9]*>&[0-9]|(?:[0-9]*|&)>\s*/dev/null")
_CONTINUATION = "\\\n"
# Between two tokens: blanks, and a continuation after a blank, or after an operator when a blank follows.
_BETWEEN = re.compile(rb"(?:[ \t\n]|(?<=[ \t\n])\\\n|(?<=[&|])\\\n(?=[ \t]))*")
_OPERATOR = re.compile(r"[&|;<>()\n]")
_ENDS_COMMAND = re.compile(rb"[ \t]*(?:$|[\n;&|)}]|[0-9]*[<>])")
# The parser has no node for the dash of `cat - <<E`.
_DASH_BEFORE_HEREDOC = re.compile(rb"[ \t]+-[ \t]+")
_SUBSTITUTION = re.compile(r"`|\$\(|\$\{|\$\[|[<>]\(")
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
        redirects: Operator and target of each redirection of the command or of what it stands in.
    """

    words: tuple[Word, ...]
    plain: bool
    redirects: tuple[tuple[str, Word], ...] = ()


class Script(Struct, frozen=True):
    """A command line.

    Attributes:
        commands: Every simple command, those in substitutions too.
        mentions: Every word, those of redirections and assignments too.
        loose: The words that are in no simple command: of assignments, loops, redirections.
        readable: Whether it could be parsed and holds nothing but what is understood.
        dark: Whether a shell may run something in it that is no command of it: a text in a place that is evaluated.
    """

    commands: tuple[SimpleCommand, ...]
    mentions: tuple[Word, ...]
    readable: bool
    loose: tuple[Word, ...] = ()
    dark: bool = False


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
    data = text.encode()
    root = Parser(_parser_language).parse(data).root_node
    if root.has_error:
        return UNREADABLE
    nodes = list(_list_nodes(root))
    if not _is_understood(nodes, data):
        return UNREADABLE
    plain = _is_plain(nodes, data)
    commands = [_read_command(node, data, plain) for node in nodes if node.type == "command"]
    commands += [
        SimpleCommand(tuple(_read_other_command(node, data)), plain=False)
        for node in nodes
        if node.type in _OTHER_COMMANDS and not _is_part_of_command(node)
    ]
    words = [node for node in nodes if node.type in _WORD_NODES]
    mentions = {node.id: _read_word(node, data) for node in words}
    loose = [mentions[node.id] for node in words if not _is_of_command(node)]
    return Script(
        tuple(commands) or (SimpleCommand((), plain=False),),
        tuple(mentions.values()),
        True,
        tuple(loose),
        may_run_text(nodes, data),
    )


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


def _is_of_command(node: Node) -> bool:
    """Tell whether a word is one of a simple command, or part of such a word."""
    parent = node.parent
    while parent is not None and parent.type in ("concatenation", "string", "command_name"):
        parent = parent.parent
    return parent is not None and parent.type == "command"


def _is_understood(nodes: list[Node], data: bytes) -> bool:
    """Tell whether the parser's tree is one that shells agree with: known nodes, and no text that no node covers."""
    end = 0
    texts = {start for node in nodes if node.type == "heredoc_redirect" for start in _list_text_ends(node)}
    for node in nodes:
        if node.is_named and node.type not in _UNDERSTOOD_NODES:
            return False
        if node.type == "comment" and (
            node.parent is None
            or node.parent.type not in _COMMENT_PARENTS
            or _slice(node, data).endswith("\\")
        ):
            return False
        if (
            node.type == "concatenation"
            and _is_part_of_line(node)
            and _slice(node, data) != "".join(_slice(child, data) for child in node.children)
        ):
            return False  # two words, taken for one
        if (
            node.type == "word"
            and _is_part_of_line(node)
            and re.search(r"[ \t\n]", re.sub(r"\\.", "", _slice(node, data), flags=re.DOTALL))
        ):
            return False
        if node.type == "command_name" and _slice(node, data) in _RESERVED:
            return False
        if _means_another_program(node, data) or _is_unescaped_first(node, data) or _splits_word(node):
            return False
        if node.child_count == 0:
            start = node.start_byte
            if start in texts and end < start:
                if _has_substitution(data[end:start].decode(errors="replace")):
                    return False
            elif not _fits_between(data, end, start):
                return False
            if _hides_code(node, data):
                return False
            end = max(end, node.end_byte)
    # A line that goes on after a dollar may begin an expansion, also within quotes.
    return (
        _fits_between(data, end, len(data))
        and b"$\\\n" not in data
        and not (b"\\\n" in data and b"<<" in data)
    )


def _means_another_program(node: Node, data: bytes) -> bool:
    """Tell whether a shell without bash's extensions reads a construct as other commands (POSIX.1-2024, chapter 2).

    `((…))` is a subshell in a subshell there; `&>f w` runs what precedes it in the background, and then `w`; an operator
    within `[[ … ]]` ends a command.
    """
    if node.type == "((":
        return node.parent is None or node.parent.type != "c_style_for_statement"
    if node.type in ("(", "$(", "<(", ">(") and data.startswith(b"(", node.end_byte):
        # After `!`, `time` and `coproc` the parser takes arithmetic for subshells; with a blank between it is none.
        return node.parent is None or node.parent.type != "parenthesized_expression"
    if node.type == "test_command" and _slice(node, data).startswith("[["):
        return _OPERATOR.search(_slice(node, data)) is not None
    if node.type in ("&>", "&>>"):
        redirect = node.parent
        targets = [] if redirect is None else redirect.children[redirect.children.index(node) + 1 :]
        return len(targets) != 1 or _ENDS_COMMAND.match(data, targets[0].end_byte) is None
    return False


def _is_unescaped_first(node: Node, data: bytes) -> bool:
    """Tell whether a shell removes backslashes from a substitution's text before it reads it: in backquotes only."""
    text = _slice(node, data)
    return node.type == "command_substitution" and text.startswith("`") and "\\" in text


def _splits_word(node: Node) -> bool:
    """Tell whether two parts of a line stand side by side that the parser took for two words, and a shell takes for one."""
    return node.type in _WORD_LISTS and any(
        second.type in _WORD_NODES and first.end_byte == second.start_byte and first.is_named
        for first, second in pairwise(node.children)
    )


def _is_part_of_line(word: Node) -> bool:
    """Tell whether blanks would end a word here, unlike in an expansion."""
    parent = word.parent
    while parent is not None and parent.type == "concatenation":
        parent = parent.parent
    return parent is not None and parent.type in (
        "command",
        "command_name",
        "file_redirect",
        "for_statement",
    )


def _list_text_ends(redirect: Node) -> Iterator[int]:
    """Yield where text of a here-document ends that the parser gives no node: at an expansion in it, and its end."""
    for child in redirect.children:
        if child.type == "heredoc_body" and child.children:
            yield from (part.start_byte for part in child.children)
        elif child.type == "heredoc_end":
            yield child.start_byte


def _fits_between(data: bytes, start: int, end: int) -> bool:
    if start >= end:
        return True
    if _BETWEEN.fullmatch(data, start, end):
        # A line that goes on and then ends: the parser does not see the end.
        joined = data[start:end].replace(b"\\\n", b"")
        return len(joined) == end - start or b"\n" not in joined
    return data.startswith(b"<<", end) and _DASH_BEFORE_HEREDOC.fullmatch(data, start, end) is not None


def _hides_code(node: Node, data: bytes) -> bool:
    """Tell whether a token holds a substitution that the parser took for text."""
    if not node.is_named or node.type in (
        "raw_string",
        "ansi_c_string",
        "comment",
        "heredoc_start",
        "heredoc_end",
    ):
        return False
    if node.type in ("heredoc_body", "heredoc_content") and _is_quoted_heredoc(node, data):
        return False
    return _has_substitution(_slice(node, data))


def _has_substitution(text: str) -> bool:
    return _SUBSTITUTION.search(re.sub(r"\\.", "", text, flags=re.DOTALL)) is not None


def _is_quoted_heredoc(node: Node, data: bytes) -> bool:
    redirect = node.parent if node.type == "heredoc_body" else node.parent.parent if node.parent else None
    start = (
        next((one for one in redirect.children if one.type == "heredoc_start"), None) if redirect else None
    )
    return start is not None and re.search(r"['\"\\]", _slice(start, data)) is not None


def _is_plain(nodes: list[Node], data: bytes) -> bool:
    for node in nodes:
        if node.is_named:
            if node.type not in _PLAIN_NODES:
                return False
            if node.type == "file_redirect" and not _HARMLESS_REDIRECT.fullmatch(_slice(node, data)):
                return False
        elif node.type not in _PLAIN_TOKENS:
            return False
    return True


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
    return SimpleCommand(tuple(words), plain and bare and known, tuple(_list_redirects(node, data)))


def _read_other_command(node: Node, data: bytes) -> Iterator[Word]:
    """Yield the words of a command for which the parser has a kind of its own: a declaration, a test, an assignment."""
    if node.type in _WORD_NODES:
        yield _read_word(node, data)
    elif node.type == "variable_assignment" or not node.children:
        # What an assignment's value runs is a command of its own; the assignment itself names a variable that is known.
        yield Word(_slice(node, data))
    else:
        for child in node.children:
            yield from _read_other_command(child, data)


def _list_redirects(node: Node, data: bytes) -> Iterator[tuple[str, Word]]:
    place: Node | None = node
    while place is not None and place.type not in ("command_substitution", "process_substitution"):
        children = list(place.children) if place.type in ("command", "redirected_statement") else []
        children += [part for one in children if one.type == "heredoc_redirect" for part in one.children]
        for child in children:
            if child.type == "file_redirect":
                target = child.children[-1]
                source = _slice(child, data)[: target.start_byte - child.start_byte]
                yield source.strip(), _read_word(target, data)
        place = place.parent


def _agrees(source: str, words: list[Word]) -> bool:
    """Ask a second, much simpler reader for the words: the parser takes some words for two."""
    if _CONTINUATION in source:
        return [part for part in re.split(r"[ \t\n]|\\\n", source) if part] == [word.text for word in words]
    try:
        return shlex.split(source) == [word.text for word in words]
    except ValueError:
        return False


def _read_word(node: Node, data: bytes) -> Word:
    source = _slice(node, data)
    match node.type:
        case "word" | "number":
            known = not _is_expanded(source) and _CONTINUATION not in source
            return Word(re.sub(r"\\(.)", r"\1", source, flags=re.DOTALL), known=known)
        case "raw_string":
            return Word(source[1:-1])
        case "string":
            body = source[1:-1]
            bare = re.sub(r"\\.", "", body, flags=re.DOTALL)
            known = re.search(r"[$`]", bare) is None and _CONTINUATION not in body
            return Word(re.sub(r'\\([$`"\\])', r"\1", body), known=known)
        case "concatenation":
            parts = [_read_word(child, data) for child in node.children]
            whole = "".join(_slice(child, data) for child in node.children) == source
            bare = "".join(_slice(child, data) for child in node.children if child.type not in _QUOTED_NODES)
            braces = re.search(r"[{}\[\]]", bare) is not None
            known = whole and not braces and all(part.known for part in parts)
            return Word("".join(part.text for part in parts), known=known)
        case _:
            return Word(source, known=False)


def _is_expanded(source: str) -> bool:
    return _EXPANDED.search(re.sub(r"\\.", "", source, flags=re.DOTALL)) is not None


def _slice(node: Node, data: bytes) -> str:
    return data[node.start_byte : node.end_byte].decode(errors="replace")
