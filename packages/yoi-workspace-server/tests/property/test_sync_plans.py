"""A plan, carried out, reaches what is desired, and then there is nothing more to ask for."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yoi_workspace_server.sync_plan import (
    Assign,
    Desired,
    Hold,
    Nothing,
    Observed,
    Send,
    Withdraw,
    compute_skew,
    compute_state,
    plan_sync,
)

_AT = "2026-01-31T12:00:00Z"
_DIGESTS = st.sampled_from([f"sha256:{letter * 64}" for letter in "abc"])


@dataclass
class _Runtime:
    """A Runtime as the rules of R-11 make it."""

    generation: int = 0
    digest: str | None = None
    revision: int | None = None
    stored: set[str] = field(default_factory=set)

    def carry_out(self, step: Send | Assign | Withdraw) -> Observed:
        match step:
            case Withdraw(generation=generation):
                assert generation >= self.generation, "fenced"
                self.generation, self.digest, self.revision = generation, None, None
            case Send(desired=desired) | Assign(desired=desired):
                assert desired.generation >= self.generation, "fenced"
                self.stored.add(desired.digest)
                self.generation, self.digest = desired.generation, desired.digest
                self.revision = desired.revision
        return self.observe()

    def observe(self) -> Observed:
        return Observed(
            observed_at=_AT, generation=self.generation, digest=self.digest, revision=self.revision
        )


_CHANGES = st.lists(
    st.tuples(st.sampled_from(["activate", "withdraw", "place", "revoke"]), _DIGESTS), min_size=1, max_size=8
)


@pytest.mark.req("K-04", "R-11")
@given(changes=_CHANGES)
def test_a_plan_reaches_what_is_desired_and_then_is_empty(changes: list[tuple[str, str]]) -> None:
    runtime, observed = _Runtime(), None
    withdrawn_at = 0
    placed, active = True, None
    for generation, (change, digest) in enumerate(changes, start=1):
        match change:
            case "activate":
                active = digest
            case "revoke":
                active, withdrawn_at = None, generation
            case "withdraw":
                placed, withdrawn_at = False, generation
            case _:
                placed = True
        desired = Desired(digest=active, revision=generation, generation=generation) if active else None
        arguments = {"placed": placed, "desired": desired, "withdrawal_generation": withdrawn_at}
        step = plan_sync(observed=observed, held=frozenset(runtime.stored), **arguments)
        if isinstance(step, Nothing):
            assert runtime.digest is None
        else:
            observed = runtime.carry_out(step)
        wanted = desired.digest if placed and desired else None
        assert runtime.digest == wanted
        state = compute_state(observed=observed, **arguments)
        assert state == ("in_sync" if wanted else state)
        assert state in {"in_sync", "nothing_active", "not_placed", "withdrawn"}
        again = plan_sync(observed=observed, held=frozenset(runtime.stored), **arguments)
        assert isinstance(again, Assign if wanted else Nothing)


@pytest.mark.req("K-04")
def test_what_was_rejected_is_not_sent_again() -> None:
    desired = Desired(digest="sha256:" + "a" * 64, revision=2, generation=2)
    step = plan_sync(
        placed=True, desired=desired, observed=None, withdrawal_generation=0, rejected=desired.digest
    )
    assert step == Hold(digest=desired.digest)
    other = plan_sync(
        placed=True, desired=desired, observed=None, withdrawal_generation=0, rejected="sha256:" + "b" * 64
    )
    assert other == Send(desired=desired, base=None)


@pytest.mark.req("K-05")
@pytest.mark.parametrize(
    ("reachable", "failing", "state"),
    [(False, False, "unreachable"), (True, True, "failing"), (True, False, "pending")],
)
def test_a_runtime_counts_as_in_sync_only_by_its_own_word(reachable: bool, failing: bool, state: str) -> None:
    desired = Desired(digest="sha256:" + "a" * 64, revision=3, generation=9)
    before = Observed(observed_at=_AT, generation=8, digest=desired.digest, revision=2)
    found = compute_state(
        placed=True,
        desired=desired,
        observed=before,
        withdrawal_generation=0,
        reachable=reachable,
        failing=failing,
    )
    assert found == state
    assert compute_skew(desired, before) == 1


@pytest.mark.req("K-03", "K-05")
def test_a_withdrawal_is_shown_as_done_only_when_the_runtime_said_so() -> None:
    assigned = Observed(observed_at=_AT, generation=4, digest="sha256:" + "a" * 64, revision=1)
    arguments = {"placed": False, "desired": None, "withdrawal_generation": 5}
    assert compute_state(observed=assigned, **arguments) == "withdrawing"
    assert compute_state(observed=assigned, reachable=False, **arguments) == "unreachable"
    gone = Observed(observed_at=_AT, generation=5)
    assert compute_state(observed=gone, **arguments) == "withdrawn"


@pytest.mark.req("K-03", "K-05")
def test_a_withdrawal_that_a_runtime_refuses_to_hear_of_comes_to_an_end() -> None:
    arguments = {"desired": None, "withdrawal_generation": 5, "forbidden": True}
    assert compute_state(observed=None, placed=False, **arguments) == "not_placed"
    empty = Observed(observed_at=_AT, generation=3)
    assert compute_state(observed=empty, placed=False, **arguments) == "not_placed"
    assert compute_state(observed=None, placed=True, **arguments) == "nothing_active"
    assigned = Observed(observed_at=_AT, generation=4, digest="sha256:" + "a" * 64, revision=1)
    assert compute_state(observed=assigned, placed=False, **arguments) == "withdrawal_refused"
    away = compute_state(observed=assigned, placed=False, reachable=False, **arguments)
    assert away == "unreachable"
