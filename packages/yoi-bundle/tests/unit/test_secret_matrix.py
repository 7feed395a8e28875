"""The matrix of ADR 0003, bounded: what is promised per kind and place; `benchmarks/secret_matrix.py` prints it whole."""

import pytest

from support.bundles.secret_places import FIELD_PLACES, PLACES, TEXT_PLACES, judge_place
from support.bundles.secret_tokens import TOKEN_KINDS, make_token
from yoi_bundle.boundary.default_scanner import create_scanner
from yoi_bundle.boundary.rule_detector import RuleDetector
from yoi_bundle.boundary.scanner import DetectorScanner

SEEDS = range(3)
SCANNER = DetectorScanner([RuleDetector()])
NOT_FOUND_WHEN_SPLIT = {"twilio", "discord", "airtable"}
"""Their anchors are words of prose; the ADR says so."""


@pytest.mark.req("B-07")
@pytest.mark.parametrize("place", PLACES)
def test_every_structured_kind_is_refused_at_every_place(place: str) -> None:
    expected = {
        kind.name
        for kind in TOKEN_KINDS
        if kind.form == "structured"
        and not (place == "split over lines" and kind.name in NOT_FOUND_WHEN_SPLIT)
    }
    assert len(expected) >= 40
    refused = {
        kind.name
        for kind in TOKEN_KINDS
        if kind.form == "structured"
        and all(judge_place(place, make_token(kind, seed), SCANNER) == "refused" for seed in SEEDS)
    }
    assert refused == expected


@pytest.mark.req("B-07")
@pytest.mark.parametrize("place", ["prose", "skill file", "after a NUL", "allow comment", "base64"])
def test_most_kinds_that_only_the_scanner_knows_are_refused_in_prose(
    place: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    scanner = create_scanner(cache_directory=tmp_path_factory.getbasetemp() / "matrix-rules")
    kinds = [kind for kind in TOKEN_KINDS if kind.form == "unlisted"]
    refused = [kind for kind in kinds if judge_place(place, make_token(kind), scanner) == "refused"]
    assert len(refused) >= 0.8 * len(kinds)


@pytest.mark.req("B-07")
@pytest.mark.parametrize("place", [*FIELD_PLACES, "plugin config"])
def test_every_opaque_kind_is_refused_in_a_field(place: str) -> None:
    passed = {
        (kind.name, seed)
        for kind in TOKEN_KINDS
        for seed in SEEDS
        if judge_place(place, make_token(kind, seed), SCANNER) != "refused"
    }
    assert passed == set()


@pytest.mark.req("B-07")
@pytest.mark.parametrize("place", ["skill file", "map key", "file name"])
def test_an_opaque_value_beside_a_credentials_name_or_as_a_name_is_doubtful(place: str) -> None:
    for kind in TOKEN_KINDS:
        if kind.form == "opaque" and kind.name not in {"letters-16", "password"}:
            assert judge_place(place, make_token(kind), SCANNER) == "warned", kind.name


@pytest.mark.req("B-07")
def test_an_opaque_value_in_plain_prose_is_a_known_miss() -> None:
    """No form and no name gives it away, and commit ids and digests look the same: the miss is said, not hidden."""
    for kind in TOKEN_KINDS:
        if kind.form == "opaque":
            assert judge_place("prose", make_token(kind), SCANNER) == "missed", kind.name


def test_the_matrix_has_all_places_once() -> None:
    assert len(PLACES) == len(set(PLACES)) == 15
    assert set(TEXT_PLACES) < set(PLACES)
