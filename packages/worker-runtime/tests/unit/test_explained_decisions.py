"""Golden explanations: each layer's word on every item, with its place and rule, and what the item gets (S-03, S-09)."""

from pathlib import Path

import pytest

from support.runtime.explained_cases import CASES, explain_case

GOLDEN = Path(__file__).parents[1] / "golden" / "explanations"


@pytest.mark.req("S-03", "S-09")
@pytest.mark.parametrize("case", CASES)
def test_an_explanation_says_what_its_golden_file_says(case: str) -> None:
    assert explain_case(case) == (GOLDEN / f"{case.replace(' ', '-')}.txt").read_text()


def test_there_is_a_golden_file_for_each_case_and_no_other() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == {case.replace(" ", "-") for case in CASES}
