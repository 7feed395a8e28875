"""Error classes: each says how it goes over the wire, and their codes are one closed list."""

from support.documents.error_table import list_codes, list_error_classes
from worker_runtime.resolution.rules import RULES
from yoi_bundle.errors import ERROR_CLASSES
from yoi_wire.errors import REASON_CODES


def test_the_error_classes_are_found() -> None:
    assert len(list_error_classes()) > 50


def test_a_class_with_the_code_of_another_one_stands_below_it() -> None:
    strays = [
        one.__name__
        for one in list_error_classes()
        if one.code in ERROR_CLASSES and not issubclass(one, ERROR_CLASSES[one.code])
    ]
    assert sorted(strays) == ["BackendError", "FaultyBundleError", "UnknownBackendError"]


def test_every_error_says_how_it_goes_over_the_wire_and_out_of_the_process() -> None:
    for code in list_codes():
        declared = ERROR_CLASSES[code]
        assert 400 <= declared.status < 600, code
        assert (declared.exit == "internal") is (code == "internal"), code
        assert declared.req or code == "internal"


def test_a_reason_for_a_refusal_has_a_declared_code() -> None:
    known = {*REASON_CODES, *ERROR_CLASSES}
    assert {rule: text.code for rule, text in RULES.items() if text.code and text.code not in known} == {}
    assert set(REASON_CODES).isdisjoint(ERROR_CLASSES)
