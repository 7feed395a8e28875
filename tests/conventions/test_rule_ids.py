"""Every rule that docs/requirements.md claims has a test, and every test names a rule that it claims."""

import ast
import re
from collections import defaultdict

from support.repository import ROOT, list_test_modules, parse

_HEADING = re.compile(r"^- \*\*([BJKLPRSTWX]-\d{2}) ", re.MULTILINE)
_RULE_ID = re.compile(r"[BJKLPRSTWX]-\d{2}")


def _read_claimed_rules() -> list[str]:
    return _HEADING.findall((ROOT / "docs" / "requirements.md").read_text(encoding="utf-8"))


def _collect_proofs() -> dict[str, list[str]]:
    """Map each rule id to the tests that carry it, from the sources and without importing them."""
    proofs: dict[str, list[str]] = defaultdict(list)
    for path in list_test_modules():
        module = parse(path)
        for node in ast.walk(module):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mark.req"):
                for argument in node.args:
                    assert isinstance(argument, ast.Constant), f"{path.name}: a rule id is written out"
                    proofs[str(argument.value)].append(path.name)
    return proofs


def test_a_rule_is_claimed_once() -> None:
    claimed = _read_claimed_rules()
    assert claimed, "docs/requirements.md claims nothing"
    assert len(claimed) == len(set(claimed))


def test_every_claimed_rule_has_a_test() -> None:
    missing = sorted(set(_read_claimed_rules()) - set(_collect_proofs()))
    assert not missing, f"claimed in docs/requirements.md, and no test carries them: {missing}"


def test_every_test_names_a_rule_that_is_claimed() -> None:
    claimed = set(_read_claimed_rules())
    unknown = {rule: files for rule, files in _collect_proofs().items() if rule not in claimed}
    assert not unknown, f"not in docs/requirements.md: {unknown}"


def test_every_rule_id_is_of_the_one_form() -> None:
    assert [rule for rule in _collect_proofs() if not _RULE_ID.fullmatch(rule)] == []
