import pytest

from yoi_bundle.boundary.allowances import (
    Allowance,
    apply_allowances,
    compute_line_hash,
    list_unused_allowances,
)
from yoi_bundle.boundary.scanner import SecretFinding

KEY = "an-allowance-key-of-a-test"
LINES = {("a.md", 3): b"the line\r\n", ("b.md", 3): b"the line\n"}


def _read(place: str, line: int) -> bytes:
    return LINES[(place, line)]


SURE = SecretFinding(place="a.md", line=3, rule="github")
DOUBTFUL = SecretFinding(place="b.md", line=3, rule="assigned-value", doubtful=True)
REVIEWED = Allowance(rule="github", file="a.md", line_hash=compute_line_hash(b"the line", key=KEY))


@pytest.mark.req("B-07")
def test_a_reviewed_false_alarm_warns_and_any_other_finding_refuses() -> None:
    judged = apply_allowances([SURE, DOUBTFUL], [REVIEWED], key=KEY, read_line=_read)
    assert [(one.refused, one.allowed) for one in judged] == [(False, True), (False, False)]
    (alone,) = apply_allowances([SURE], [], key="", read_line=_read)
    assert alone.refused


@pytest.mark.req("B-07")
@pytest.mark.parametrize(
    "allowance",
    [
        Allowance(rule="gitlab", file="a.md", line_hash=REVIEWED.line_hash),
        Allowance(rule="github", file="b.md", line_hash=REVIEWED.line_hash),
        Allowance(rule="github", file="a.md", line_hash=compute_line_hash(b"the lines", key=KEY)),
        Allowance(rule="github", file="a.md", line_hash=compute_line_hash(b"the line", key=KEY + "x")),
        Allowance(rule="github", file="a.md", line_hash=""),
    ],
)
def test_an_allowance_of_another_rule_file_line_or_key_covers_nothing(allowance: Allowance) -> None:
    judged = apply_allowances([SURE], [allowance], key=KEY, read_line=_read)
    assert judged[0].refused
    assert list_unused_allowances(judged, [allowance]) == [allowance]


@pytest.mark.req("B-07")
def test_a_short_key_is_refused_and_the_line_end_does_not_count() -> None:
    with pytest.raises(ValueError, match="at least 16"):
        compute_line_hash(b"x", key="short")
    assert compute_line_hash(b"  the line\r\n", key=KEY) == REVIEWED.line_hash
