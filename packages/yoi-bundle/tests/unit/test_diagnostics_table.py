"""docs/diagnostics.md names every rule that the code has, and no other."""

import re
from pathlib import Path

import pytest

from yoi_bundle import errors
from yoi_bundle.authoring.drafts.diagnostics import DIAGNOSTIC_RULES
from yoi_bundle.errors import FaultyBundleError

pytestmark = pytest.mark.req("B-14")

REPOSITORY = Path(__file__).parents[4]
AUTHORING = REPOSITORY / "packages" / "yoi-bundle" / "src" / "yoi_bundle" / "authoring"


def list_codes_of_verifying() -> set[str]:
    classes = [
        one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, FaultyBundleError)
    ]
    others = {errors.BundleNotCanonicalError, errors.SchemaUnsupportedError, errors.LimitExceededError}
    return {one.code for one in (*classes, *others)}


def test_the_table_and_the_code_name_the_same_rules() -> None:
    table = (REPOSITORY / "docs" / "diagnostics.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z]+\.[a-z0-9_]+)` \|", table, re.MULTILINE)
    assert rows == sorted(set(rows))
    assert set(rows) == {*DIAGNOSTIC_RULES} | list_codes_of_verifying()


def test_every_rule_is_used() -> None:
    """That no other is used is what the type checker says."""
    sources = [path for path in AUTHORING.rglob("*.py") if path.name != "diagnostics.py"]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    assert [rule for rule in DIAGNOSTIC_RULES if f'"{rule}"' not in text] == []
