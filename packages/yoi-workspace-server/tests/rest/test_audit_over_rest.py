"""The audit over HTTP: pages, and the stream that goes on where it was cut (K-10)."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from support.backend.backend_rest import BackendRest
from yoi_wire.server.http_state import HttpLimits
from yoi_workspace_server.audit import AuditEntry

pytestmark = pytest.mark.req("K-10")

AUDIT = "/api/v1/audit"
EVENTS = "/api/v1/events"


async def _append(backend: BackendRest, workspace: str, subject: str) -> None:
    entry = AuditEntry(actor="test", action="worker.refused", workspace=workspace, subject=subject)
    await backend.services.store.audit.append([entry], now=backend.clock.now())


def test_the_audit_comes_in_pages_latest_first(backend: BackendRest) -> None:
    for number in range(3):
        backend.run(_append(backend, "library", f"w{number}"))
    page = backend.get(f"{AUDIT}?workspace=library&limit=2")
    assert [one["subject"] for one in page["items"]] == ["w2", "w1"]
    rest = backend.get(f"{AUDIT}?workspace=library&limit=2&cursor={page['next_cursor']}")
    assert [one["subject"] for one in rest["items"]] == ["w0"]


def test_a_confined_token_sees_what_concerns_its_workspaces_alone(backend: BackendRest) -> None:
    for workspace in ("library", "museum", ""):
        backend.run(_append(backend, workspace, f"in {workspace}"))
    confined = backend.add_token("operator", workspaces=["library"])
    assert [one["subject"] for one in backend.get(AUDIT, token=confined)["items"]] == ["in library"]
    answer = backend.ask("GET", f"{AUDIT}?workspace=museum", token=confined)
    assert (answer.status, answer.problem["code"]) == (404, "workspace.not_found")
    everything = [one["subject"] for one in backend.get(AUDIT)["items"]]
    assert {"in library", "in museum", "in "} <= set(everything)


@pytest.mark.parametrize("query", ["cursor=x", "limit=0", "limit=501", "page=1", "limit=1&limit=2"])
def test_a_query_that_would_be_ignored_is_refused(backend: BackendRest, query: str) -> None:
    assert backend.ask("GET", f"{AUDIT}?{query}").status == 400


def test_the_audit_is_narrowed_by_actor_action_and_time(backend: BackendRest) -> None:
    def list_subjects(query: str) -> list[str]:
        return [one["subject"] for one in backend.get(f"{AUDIT}?{query}")["items"]]

    for number, (actor, action) in enumerate(
        (
            ("ann", "worker.created"),
            ("ann", "worker_created"),
            ("bo", "worker.refused"),
            ("bo", "token.created"),
        )
    ):
        entry = AuditEntry(actor=actor, action=action, subject=f"s{number}")  # type: ignore[arg-type]
        at = 1_000 * (number + 1)
        backend.run(backend.services.store.audit.append([entry], now=at))
    old = "until=1970-01-01T00:01:00Z"
    assert list_subjects(f"{old}&actor=ann") == ["s1", "s0"]
    assert list_subjects(f"{old}&action=worker.*") == ["s2", "s0"]
    assert list_subjects(f"{old}&action=worker_*") == ["s1"]
    assert list_subjects(f"{old}&action=worker.created") == ["s0"]
    assert list_subjects(f"{old}&action=worker.&actor=bo") == []
    assert list_subjects("since=1970-01-01T00:00:02Z&until=1970-01-01T00:00:04.000Z") == ["s2", "s1"]
    assert list_subjects("since=1970-01-01T01:00:03%2B01:00&until=1970-01-01T00:01:00Z") == ["s3", "s2"]
    first = backend.get(f"{AUDIT}?{old}&limit=3")
    rest = backend.get(f"{AUDIT}?{old}&limit=3&cursor={first['next_cursor']}")
    assert [one["subject"] for one in (*first["items"], *rest["items"])] == ["s3", "s2", "s1", "s0"]


@pytest.mark.parametrize(
    "instant", ["yesterday", "2026-01-31", "2026-13-31T12:00:00Z", "2026-01-31T12:00:00"]
)
def test_a_time_that_is_none_is_refused(backend: BackendRest, instant: str) -> None:
    for name in ("since", "until"):
        assert backend.ask("GET", f"{AUDIT}?{name}={instant}").status == 400


def test_a_stream_says_what_is_recorded_from_now_on(backend: BackendRest) -> None:
    async def follow() -> None:
        await _append(backend, "library", "before")
        async with backend.open_stream(EVENTS) as stream:
            await stream.read_opening()
            await _append(backend, "library", "after")
            record = (await stream.read_records(1))[0]
        assert (record["subject"], record["event"]) == ("after", "worker.refused")
        assert record["id"] == str(record["sequence"])

    backend.run(follow())


def test_a_stream_goes_on_after_the_last_record_that_was_seen(backend: BackendRest) -> None:
    async def follow() -> None:
        for number in range(250):
            await _append(backend, "library", f"w{number}")
        seen: list[str] = []
        last = "0"
        for count in (60, 130, 60):  # cut twice, the first time within a page
            async with backend.open_stream(EVENTS, headers={"Last-Event-ID": last}) as stream:
                records = await stream.read_records(count)
                seen += [one["id"] for one in records]
                last = records[-1]["id"]
        assert seen == [str(number) for number in range(1, 251)]

    backend.run(follow())


def test_a_position_may_stand_in_the_query_and_the_header_goes_before_it(backend: BackendRest) -> None:
    async def follow() -> None:
        for number in range(4):
            await _append(backend, "library", f"w{number}")
        last = await backend.services.store.audit.find_last()
        async with backend.open_stream(f"{EVENTS}?after={last - 1}") as stream:
            assert (await stream.read_records(1))[0]["subject"] == "w3"
        headers = {"Last-Event-ID": str(last - 2)}
        async with backend.open_stream(f"{EVENTS}?after=0", headers=headers) as stream:
            assert (await stream.read_records(1))[0]["subject"] == "w2"

    backend.run(follow())


def test_a_confined_stream_leaves_out_what_its_token_may_not_see(backend: BackendRest) -> None:
    confined = backend.add_token("operator", workspaces=["library"])

    async def follow() -> None:
        async with backend.open_stream(f"{EVENTS}?after=0", token=confined) as stream:
            for workspace in ("museum", "", "library", "museum", "library"):
                await _append(backend, workspace, f"in {workspace}")
            records = await stream.read_records(2)
        assert {one["workspace"] for one in records} == {"library"}

    backend.run(follow())


@pytest.mark.req("K-09")
def test_a_stream_ends_with_its_token(backend: BackendRest) -> None:
    secret = backend.add_token("operator", workspaces=["library"])

    async def follow() -> None:
        async with backend.open_stream(EVENTS, token=secret) as stream:
            await stream.read_opening()
            await backend.services.store.tokens.revoke_token(
                backend.get_token_id(secret), actor="test", now=backend.clock.now()
            )
            await _append(backend, "library", "too late")
            assert b"too late" not in await stream.read_to_end()

    backend.run(follow())


@pytest.mark.parametrize("position", ["-1", "x", "1" * 17])
def test_a_position_that_is_none_is_refused_before_the_stream_begins(
    backend: BackendRest, position: str
) -> None:
    by_header = backend.ask("GET", EVENTS, headers={"Last-Event-ID": position})
    assert (by_header.status, by_header.problem["details"]["field"]) == (400, "Last-Event-ID")
    by_query = backend.ask("GET", f"{EVENTS}?after={position}")
    assert (by_query.status, by_query.problem["details"]["field"]) == (400, "after")


def test_so_many_streams_are_open_and_all_end_when_the_server_stops(tmp_path: Path) -> None:
    backend = BackendRest(tmp_path / "data", limits=HttpLimits(concurrent_streams=2))

    async def follow() -> None:
        async with AsyncExitStack() as opened:
            streams = [await opened.enter_async_context(backend.open_stream(EVENTS)) for _ in range(2)]
            assert [one.status for one in streams] == [200, 200]
            assert (await backend.send("GET", EVENTS)).status == 429
            backend.services.http.streams.end_all()
            await asyncio.gather(*(one.read_to_end() for one in streams))

    try:
        backend.run(follow())
    finally:
        backend.close()
