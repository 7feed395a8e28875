"""Lines of rules: where in a file the words stand that became a rule."""

import re
from collections.abc import Iterator
from pathlib import Path

from yoi_bundle.authoring.dialects.claude.rules import Saying, say_rule
from yoi_bundle.manifest import Rule
from yoi_bundle.rule_text import RuleTextError, parse_rule

_MAX_BYTES = 1024 * 1024
_QUOTED = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'([^']*)'")


def find_rule_line(path: Path, rule: Rule) -> tuple[int, str] | None:
    """Return the line, from 1, and the words of a rule in a file; None when they cannot be found there."""
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_BYTES).decode("utf-8", errors="replace")
    except OSError:
        return None
    for number, line in enumerate(text.split("\n"), start=1):
        for words in _list_words(line):
            if _is_rule(words, rule):
                return number, words
    return None


def _list_words(line: str) -> Iterator[str]:
    for found in _QUOTED.finditer(line):
        yield re.sub(r"\\(.)", r"\1", found[1]) if found[1] is not None else found[2]
    yield line.strip().removeprefix("- ").strip()


def _is_rule(words: str, rule: Rule) -> bool:
    try:
        return parse_rule(words) == rule
    except RuleTextError:
        pass
    return any(
        (target.pattern, target.where, target.effect or effect) == (rule.tool, rule.where, rule.effect)
        for effect in ("deny", "ask", "allow")
        if rule.effect in (effect, "ask")
        for said in [say_rule(words, effect)]
        if isinstance(said, Saying)
        for target in said.targets
    )
