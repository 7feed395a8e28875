"""The active revision over HTTP: activate, go back, release, revoke (K-01)."""

from typing import Any

import pytest

from support.backend.backend_rest import BackendRest

pytestmark = pytest.mark.req("K-01")

LIBRARY = "/api/v1/workspaces/library"


def _get_active(backend: BackendRest) -> tuple[int | None, bool]:
    workspace = backend.get(LIBRARY)
    active = workspace["active"]
    return (None if active is None else active["revision"], workspace["held"])


@pytest.fixture
def digests(backend: BackendRest) -> list[str]:
    """The digests of three revisions, of which the third is active."""
    backend.add_workspace()
    return [backend.publish(f"Text {number}").digest for number in range(3)]


def test_an_activation_is_kept_with_who_when_and_why(backend: BackendRest, digests: list[str]) -> None:
    operator = backend.add_token("operator", workspaces=["library"], name="olga")
    made = backend.post(f"{LIBRARY}/activations", {"revision": 1, "reason": "the old tone"}, token=operator)
    assert (made["kind"], made["actor"], made["reason"]) == ("manual", "olga", "the old tone")
    assert (made["revision"], made["digest"]) == (1, digests[0])
    assert _get_active(backend) == (1, False)
    page = backend.get(f"{LIBRARY}/activations?limit=2")
    assert page["items"][0] == made
    rest = backend.get(f"{LIBRARY}/activations?limit=2&cursor={page['next_cursor']}")
    generations = [one["generation"] for one in (*page["items"], *rest["items"])]
    assert len(generations) == 4
    assert generations == sorted(set(generations), reverse=True)


def test_a_rollback_holds_automatic_activation_until_it_is_released(
    backend: BackendRest, digests: list[str]
) -> None:
    back = backend.post(f"{LIBRARY}/rollback", {"reason": "too terse"})
    assert (back["kind"], back["revision"], back["digest"]) == ("rollback", 2, digests[1])
    backend.publish("Text 4")
    assert _get_active(backend) == (2, True)
    released = backend.post(f"{LIBRARY}/release", status=200)
    assert released["held"] is False
    backend.publish("Text 5")
    assert _get_active(backend) == (5, False)


def test_a_rollback_goes_where_it_is_told(backend: BackendRest, digests: list[str]) -> None:
    assert backend.post(f"{LIBRARY}/rollback", {"revision": 1})["revision"] == 1
    assert _get_active(backend) == (1, True)


def test_before_the_first_revision_there_is_nothing_to_go_back_to(backend: BackendRest) -> None:
    backend.add_workspace()
    for _ in range(2):
        answer = backend.ask("POST", f"{LIBRARY}/rollback", document={})
        assert (answer.status, answer.problem["details"]["field"]) == (400, "revision")
        backend.publish("Text 0")


@pytest.mark.parametrize("operation", ["activations", "rollback"])
@pytest.mark.parametrize(
    "document",
    [
        {"revision": 4},
        {"revision": 0},
        {"revision": "1"},
        {"revision": 1, "force": True},
        {"revision": 1, "reason": "x" * 1001},
    ],
    ids=["unknown", "zero", "text", "unknown field", "long reason"],
)
def test_what_is_not_a_revision_moves_nothing(
    backend: BackendRest, digests: list[str], operation: str, document: dict[str, Any]
) -> None:
    answer = backend.ask("POST", f"{LIBRARY}/{operation}", document=document)
    assert (answer.status, answer.problem["code"]) == (400, "request.invalid")
    assert _get_active(backend) == (3, False)


def test_a_revoked_digest_is_active_no_more_and_cannot_become_so(
    backend: BackendRest, digests: list[str]
) -> None:
    revoked = backend.post(f"{LIBRARY}/revocations", {"digest": digests[2], "reason": "a leak"})
    assert (revoked["digest"], revoked["reason"]) == (digests[2], "a leak")
    assert _get_active(backend) == (None, False)
    for operation in ("activations", "rollback"):
        answer = backend.ask("POST", f"{LIBRARY}/{operation}", document={"revision": 3})
        assert (answer.status, answer.problem["code"]) == (403, "bundle.revoked")
    again = backend.post(f"{LIBRARY}/revocations", {"digest": digests[2], "reason": "said twice"})
    assert again == revoked
    assert backend.get(f"{LIBRARY}/revocations")["items"] == [revoked]


def test_a_digest_that_the_workspace_never_had_cannot_be_revoked(backend: BackendRest) -> None:
    backend.add_workspace()
    backend.add_workspace("museum")
    elsewhere = backend.publish("Be kind.", "museum").digest
    answer = backend.ask("POST", f"{LIBRARY}/revocations", document={"digest": elsewhere})
    assert (answer.status, answer.problem["code"]) == (404, "bundle.missing")
