"""Every error code: the same class, details and word about retrying wherever it is met (R-01)."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from support.repository import ROOT, read_table
from support.runtime.contract_errors import ERROR_CASES, NO_QUESTION, REFUSED_FOR, build_refusal
from support.runtime.contract_runtimes import ContractRuntime
from worker_runtime.contract.api import RuntimeApi
from yoi_bundle.errors import YoiError

pytestmark = pytest.mark.req("R-01")

_TABLE = {
    row["code"]: row for row in read_table(ROOT / "docs" / "errors.md", "code") if row["from"] == "Runtime"
}


def _catch(
    runtime: ContractRuntime, api: RuntimeApi, question: Callable[[RuntimeApi], Awaitable[Any]]
) -> YoiError:
    with pytest.raises(YoiError) as caught:
        runtime.run(question(api))
    return caught.value


def test_every_code_of_a_runtime_has_a_question_or_a_reason_why_it_has_none() -> None:
    assert set(ERROR_CASES).isdisjoint(NO_QUESTION)
    assert set(ERROR_CASES) | set(NO_QUESTION) | set(REFUSED_FOR) == set(_TABLE)
    assert all(NO_QUESTION.values())


@pytest.mark.parametrize("code", ERROR_CASES)
def test_an_error_is_the_very_one_that_the_library_raises(runtime: ContractRuntime, code: str) -> None:
    question, details = ERROR_CASES[code](runtime)
    answered, raised = (_catch(runtime, api, question) for api in (runtime.api, runtime.embedded))
    assert answered.code == code
    assert type(answered) is type(raised)
    assert (answered.retryable, answered.details()) == (raised.retryable, raised.details())
    assert set(answered.details()) <= set(_TABLE[code]["details"].split(", "))
    assert details is None or answered.details() == details
    if "faults" in answered.details():
        assert code in {fault["code"] for fault in answered.details()["faults"]}


@pytest.mark.req("S-09")
@pytest.mark.parametrize("code", REFUSED_FOR)
def test_a_reason_for_a_refusal_travels_whole(runtime: ContractRuntime, code: str) -> None:
    question = build_refusal(runtime, code)
    answered, raised = (_catch(runtime, api, question) for api in (runtime.api, runtime.embedded))
    assert answered.code == raised.code == "resolution.refused"
    assert answered.details() == raised.details()
    assert code in {reason["code"] for reason in answered.details()["reasons"]}
