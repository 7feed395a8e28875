"""A request says what its operation declares; an answer is read as what its operation declares."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from msgspec import Struct

from yoi_wire.client.messages import Answer, Request, build_request, decode_answer
from yoi_wire.errors import RemoteFaultError, RequestInvalidError
from yoi_wire.operation import Operation
from yoi_wire.parameters import PAGE, flag, number


class Note(Struct, frozen=True):
    text: str


PUT_NOTE = Operation(
    method="PUT",
    path="/v1/{shelf}/notes/{note}",
    summary="Write",
    answer=Note,
    body=Note,
    query=(number("from", required=True, argument="start"), flag("force"), *PAGE),
)
SEND_NOTES = Operation(
    method="POST", path="/v1/notes", summary="Send", answer=Note, raw_body="application/x-notes"
)
GET_BYTES = Operation[bytes](
    method="GET", path="/v1/notes/{note}", summary="Bytes", answer_media_type="application/x-note"
)
GET_STATE = Operation(method="GET", path="/v1/state", summary="Anything", answer=dict[str, Any])
DELETE_NOTE = Operation[None](method="DELETE", path="/v1/notes/{note}", summary="Delete", statuses=(204,))


def _stop(*, repeatable: bool) -> Operation[Note]:
    return Operation(method="POST", path="/v1/stop", summary="Stop", answer=Note, repeatable=repeatable)


async def _give_pieces() -> AsyncIterator[bytes]:
    yield b"x"


@pytest.mark.req("K-07")
def test_a_request_says_all_that_its_operation_declares() -> None:
    built = build_request(
        PUT_NOTE,
        {"shelf": "a/b", "note": "sha256:ab", "start": 3, "force": True, "cursor": None, "body": Note("é")},
        headers={"If-Match": "1"},
    )
    assert built == Request(
        method="PUT",
        path="/v1/a%2Fb/notes/sha256:ab",
        query={"from": "3", "force": "true"},
        headers={"Content-Type": "application/json", "If-Match": "1"},
        body='{"text":"é"}'.encode(),
    )


@pytest.mark.parametrize(
    "wrong",
    [
        lambda given: given.pop("note"),
        lambda given: given.pop("start"),
        lambda given: given.pop("body"),
        lambda given: given.update(limits=3),
    ],
    ids=["path", "query", "body", "unknown"],
)
def test_an_argument_that_is_missing_or_unknown_is_a_fault_of_the_program(
    wrong: Callable[[dict[str, object]], object],
) -> None:
    given: dict[str, object] = {"shelf": "a", "note": "b", "start": 1, "body": Note("")}
    build_request(PUT_NOTE, given)
    wrong(given)
    with pytest.raises(TypeError):
        build_request(PUT_NOTE, given)


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_what_is_no_single_segment_is_refused(name: str) -> None:
    with pytest.raises(RequestInvalidError) as caught:
        build_request(DELETE_NOTE, {"note": name})
    assert caught.value.field == (name or "note")


def test_only_what_can_do_no_harm_is_sent_twice() -> None:
    stream = build_request(SEND_NOTES, {"body": _give_pieces()})
    assert (stream.is_streamed, stream.headers["Content-Type"]) == (True, "application/x-notes")
    built: list[Request] = [
        build_request(PUT_NOTE, {"shelf": "a", "note": "b", "start": 1, "body": Note("")}),
        build_request(DELETE_NOTE, {"note": "a"}),
        build_request(_stop(repeatable=True), {}),
        build_request(_stop(repeatable=False), {}),
        build_request(SEND_NOTES, {"body": b"x"}),
        Request(method="PUT", path="/v1/x", body=_give_pieces()),
        stream,
    ]
    assert [one.can_be_repeated for one in built] == [True, True, True, False, False, False, False]


@pytest.mark.req("R-08")
def test_an_answer_is_read_as_its_operation_says_and_members_of_later_versions_are_passed_over() -> None:
    body = b'{"text":"a","of_a_later_version":[1]}'
    assert decode_answer(PUT_NOTE, Answer(status=200, body=body)) == Note("a")
    assert decode_answer(GET_BYTES, Answer(status=200, body=body)) == body
    decode_answer(DELETE_NOTE, Answer(status=204, body=b""))


@pytest.mark.parametrize(
    ("operation", "status", "body"),
    [
        (PUT_NOTE, 200, b""),
        (PUT_NOTE, 200, b"<p>"),
        (PUT_NOTE, 200, b"{}"),
        (PUT_NOTE, 200, b'{"text":"\xff"}'),
        (GET_STATE, 200, b'{"a":' + b"[" * 100_000),
        (DELETE_NOTE, 200, b"<p>log in to this network</p>"),
    ],
)
def test_an_answer_of_another_form_names_the_request_it_answered(
    operation: Operation[Any], status: int, body: bytes
) -> None:
    answer = Answer(status=status, body=body, headers={"Yoi-Request-Id": "ab12"})
    with pytest.raises(RemoteFaultError) as caught:
        decode_answer(operation, answer)
    assert caught.value.request == "ab12"
