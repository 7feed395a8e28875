"""No answer, log or figure of the Backend shows what is private: marked texts stand in every private place (K-07)."""

import asyncio
import io
import logging
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from support.backend.canary_backend import (
    CONNECTION,
    SECRET_NAMES,
    CanaryBackend,
    make_canaries,
    open_canary_backend,
)
from support.backend.canary_calls import CALLS, Call, list_paths, make_archive
from support.backend.private_fields import list_private_columns, list_private_fields, list_view_types
from yoi_wire.backend.operations import BACKEND_OPERATIONS
from yoi_wire.event_log import JsonLines

pytestmark = pytest.mark.req("K-07")

_COLUMNS_OF = {
    "workspace.source": {"DirectorySource.path", "GitSource.url"},
    "runtime.connection": set(CONNECTION),
    "api_token.secret_hash": {"api_token.secret_hash"},
}
"""What is planted in each private column."""

_SCOPED = {"scoped", "scoped admin"}
_KNOW_SECRET_NAMES = {"scoped admin", "operator", "admin", "scoped"}
_CONNECTION_PATH = "/api/v1/runtimes/{runtime}/connection"
_STREAM = {"Accept": "text/event-stream"}
_DEADLINE_SECONDS = 20.0


class Seen(NamedTuple):
    """What one caller was answered."""

    operation: tuple[str, str]
    caller: str
    status: int
    text: str


class Sightings(NamedTuple):
    """Everything that came out of the Backend."""

    planted: dict[str, str]
    answers: list[Seen]
    log: str


@pytest.fixture(scope="module")
def sightings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sightings]:
    """Ask every operation as everybody, once for all tests."""
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("worker_runtime")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        planted, answers = asyncio.run(_ask_everything(tmp_path_factory.mktemp("canaries")))
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
    yield Sightings(planted, answers, log.getvalue())


async def _ask_everything(directory: Path) -> tuple[dict[str, str], list[Seen]]:
    answers: list[Seen] = []
    async with open_canary_backend(directory) as stage:
        for operation in sorted(CALLS, key=lambda one: (CALLS[one].last, one[0] != "GET", one)):
            for caller in stage.tokens:
                answers += await _ask(stage, operation, CALLS[operation], caller)
        answers += await _ask(stage, ("GET", "/metrics"), CALLS["GET", "/metrics"], "nobody")
        return dict(stage.planted), answers


async def _ask(stage: CanaryBackend, operation: tuple[str, str], call: Call, caller: str) -> list[Seen]:
    method, path = operation
    await stage.prepare()
    body, headers = make_archive() if call.archive else (None, {})
    found: list[Seen] = []
    for asked in list_paths(stage, path, call):
        for make in call.documents:
            if not call.streamed or path != "/api/v1/events":
                answer = await stage.backend.ask(
                    method, asked, make(stage), token=stage.tokens[caller], body=body, headers=headers
                )
                found.append(Seen(operation, caller, answer.status, f"{answer.headers}\n{answer.body}"))
        if call.streamed:
            found.append(await _peek(stage, operation, asked, caller))
    return found


async def _peek(stage: CanaryBackend, operation: tuple[str, str], path: str, caller: str) -> Seen:
    """Read a stream until it has given what there is."""
    headers = {**_STREAM, "Authorization": f"Bearer {stage.tokens[caller]}"}
    async with stage.backend.client.get(path, headers=headers) as answer:
        text = str(answer.headers)
        async with asyncio.timeout(_DEADLINE_SECONDS):
            if answer.headers.get("Content-Type", "").startswith("text/event-stream"):
                while "data: " not in text:
                    text += (await answer.content.readany()).decode()
            else:
                text += (await answer.read()).decode()
        return Seen(operation, caller, answer.status, text)


def _may_see(place: str, seen: Seen) -> bool:
    if place in SECRET_NAMES:
        return seen.caller in _KNOW_SECRET_NAMES
    return place in CONNECTION and seen.caller in _SCOPED and seen.operation[1] == _CONNECTION_PATH


def test_no_answer_shows_what_its_caller_may_not_see(sightings: Sightings) -> None:
    shown = {
        (place, seen.operation, seen.caller)
        for seen in sightings.answers
        for place, mark in sightings.planted.items()
        if mark in seen.text and not _may_see(place, seen)
    }
    assert shown == set()


def test_no_log_shows_a_private_text(sightings: Sightings) -> None:
    assert '"event":"request"' in sightings.log, "nothing was logged"
    shown = {
        place
        for place, mark in sightings.planted.items()
        if mark in sightings.log and place not in SECRET_NAMES
    }
    assert shown == set()


def test_what_is_planted_can_be_seen_by_who_may(sightings: Sightings) -> None:
    everything = "\n".join(seen.text for seen in sightings.answers)
    assert [place for place in SECRET_NAMES if sightings.planted[place] not in everything] == []
    connections = "\n".join(
        seen.text
        for seen in sightings.answers
        if seen.caller in _SCOPED and seen.operation[1] == _CONNECTION_PATH
    )
    assert [place for place in CONNECTION if sightings.planted[place] not in connections] == []


def test_every_operation_was_asked_by_everybody_and_answered_well_by_somebody(sightings: Sightings) -> None:
    assert set(CALLS) == set(BACKEND_OPERATIONS)
    statuses: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    callers: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for seen in sightings.answers:
        statuses[seen.operation].add(seen.status)
        callers[seen.operation].add(seen.caller)
    unanswered = {one for one in CALLS if not statuses[one] & {200, 201, 204}}
    assert unanswered == {("POST", "/api/v1/workers/{worker}/approvals/{approval}")}
    assert {frozenset(one) for one in callers.values()} == {frozenset(callers["GET", "/healthz"])}


def test_every_private_field_and_column_has_a_canary() -> None:
    planted = set(make_canaries())
    assert list_private_fields(views=False) <= planted
    assert list_private_columns() == set(_COLUMNS_OF)
    assert set().union(*_COLUMNS_OF.values()) - planted == {"api_token.secret_hash"}


def test_no_view_but_the_one_of_connections_has_a_private_field() -> None:
    assert len(list_view_types()) > 40
    assert {name.partition(".")[0] for name in list_private_fields(views=True)} == {"ConnectionView"}


def test_every_canary_is_a_text_of_its_own(sightings: Sightings) -> None:
    marks: list[Any] = [mark for place, mark in sightings.planted.items() if place != "api_token.secret_hash"]
    assert len(set(marks)) == len(marks)
    assert all(len(mark) >= 16 for mark in marks)
