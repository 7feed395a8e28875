"""docs/diagnostics.md names every rule that the code uses, and no other."""

import ast
import re
from pathlib import Path

import pytest

from yoi_bundle import errors
from yoi_bundle.errors import FaultyBundleError
from yoi_bundle.vocabulary import BUILTIN_TOOLS

pytestmark = pytest.mark.req("B-14")

REPOSITORY = Path(__file__).parents[4]
AUTHORING = REPOSITORY / "packages" / "yoi-bundle" / "src" / "yoi_bundle" / "authoring"
NOT_RULES = frozenset({*BUILTIN_TOOLS, "dev.yoi"})


def list_rules_in_code() -> set[str]:
    """Return every text of the form `word.word` in the code that is no tool and no file's name."""
    found: set[str] = set()
    for path in AUTHORING.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = node.value
                if re.fullmatch(r"[a-z]+\.[a-z0-9_]+", text) and not re.search(
                    r"\.(json|md|toml|ya?ml)$", text
                ):
                    found.add(text)
    return found - NOT_RULES


def list_codes_of_verifying() -> set[str]:
    classes = FaultyBundleError.__subclasses__()
    others = {errors.BundleNotCanonicalError, errors.SchemaUnsupportedError, errors.LimitExceededError}
    return {one.code for one in (*classes, *others)}


def test_the_table_and_the_code_name_the_same_rules() -> None:
    table = (REPOSITORY / "docs" / "diagnostics.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z]+\.[a-z0-9_]+)` \|", table, re.MULTILINE)
    assert rows == sorted(set(rows))
    assert set(rows) == list_rules_in_code() | list_codes_of_verifying()
