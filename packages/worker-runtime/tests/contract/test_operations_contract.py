"""Every operation: the same values, refusals and details wherever it is asked, whoever asks (R-01)."""

import inspect
from typing import Any

import pytest

from support.runtime.contract_operations import OPERATIONS, World, build_world
from support.runtime.contract_runtimes import ContractRuntime
from support.runtime.runtime_under_test import build_caller
from worker_runtime.contract.api import RuntimeApi
from worker_runtime.contract.caller import ALL_SCOPES, Caller
from yoi_bundle.errors import YoiError
from yoi_wire.errors import (
    BundleMissingError,
    ForbiddenError,
    LeaseExpiredError,
    RuntimeUnavailableError,
    WorkerNotFoundError,
)
from yoi_wire.paging import Page

pytestmark = pytest.mark.req("R-01")


@pytest.fixture
def world(runtime: ContractRuntime) -> World:
    return build_world(runtime)


def _find_outcome(runtime: ContractRuntime, operation: Any) -> Any:
    """Return the value, or everything that one can see of the error."""
    try:
        return runtime.run(operation)
    except YoiError as error:
        return type(error), error.code, error.retryable, error.details()


def test_every_operation_of_the_protocol_is_asked() -> None:
    promised = {name for name, _ in inspect.getmembers(RuntimeApi, inspect.iscoroutinefunction)}
    assert len(promised) > 20
    assert {one.name for one in OPERATIONS} == promised
    assert len(OPERATIONS) == len(promised)


def test_an_answer_is_the_very_value_that_the_library_gives(runtime: ContractRuntime, world: World) -> None:
    caller = runtime.build_caller()
    for one in OPERATIONS:
        answer = runtime.run(one.ask(runtime.api, caller, world))
        if one.repeatable:
            assert answer == runtime.run(one.ask(runtime.embedded, caller, world)), one.name
        else:
            events = runtime.run(runtime.embedded.list_worker_events(caller, world.worker)).events
            assert answer == events[-1], one.name


def test_an_operation_needs_its_scope_and_no_other(runtime: ContractRuntime, world: World) -> None:
    """Scopes are a token's: the host's own operator has them all."""
    for one in OPERATIONS:
        lacking = build_caller(kind="remote", scopes=ALL_SCOPES - {one.scope})
        with pytest.raises(ForbiddenError) as caught:
            runtime.run(one.ask(runtime.api, lacking, world))
        assert caught.value.details() == {"scope": one.scope}, one.name
        alone = build_caller(kind="remote", scopes=frozenset({one.scope}))
        outcome = _find_outcome(runtime, one.ask(runtime.api, alone, world))
        assert not isinstance(outcome, tuple) or outcome[0] is not ForbiddenError, one.name


@pytest.mark.req("R-07")
def test_a_stranger_learns_nothing_from_any_operation(runtime: ContractRuntime, world: World) -> None:
    outsiders = (
        runtime.build_caller("museum"),
        build_caller("museum", kind="remote"),
        build_caller("museum", kind="remote", issuer="other"),
    )
    for stranger in outsiders:
        for one in OPERATIONS:
            answer = _find_outcome(runtime, one.ask(runtime.api, stranger, world))
            expected: dict[str, Any] = {
                "everybody": runtime.run(runtime.embedded.get_runtime(runtime.build_caller())),
                "empty": Page(items=(), next_cursor=None),
                "nothing": None,
                "missing": _describe(BundleMissingError(world.bundle.digest)),
                "not_found": _describe(WorkerNotFoundError(world.worker)),
                "forbidden": _describe(ForbiddenError(workspace="library")),
                "lease": _describe(LeaseExpiredError(world.lease)),
            }
            if one.name == "cancel_worker":
                expected["not_found"] = _describe(WorkerNotFoundError(world.ended))
            assert answer == expected[one.stranger], (one.name, stranger)


def test_a_stopped_store_refuses_every_operation_alike(runtime: ContractRuntime, world: World) -> None:
    runtime.embedded.close()
    caller: Caller = runtime.build_caller()
    for one in OPERATIONS:
        answer = _find_outcome(runtime, one.ask(runtime.api, caller, world))
        assert answer == _describe(RuntimeUnavailableError("closed")), one.name


def _describe(error: YoiError) -> Any:
    return type(error), error.code, error.retryable, error.details()
