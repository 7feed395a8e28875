"""One workspace of a Backend, looked at whenever something happens there, and told by what has changed since."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from operator import attrgetter

import msgspec

from yoi.backend.client import BackendClient
from yoi.up.availability_changes import find_news
from yoi.up.events import Activated, Built, Changed, Delivered, Happening, Problem
from yoi_bundle.diagnostics import Diagnostic
from yoi_bundle.diff import BundleDiff, Change
from yoi_wire.backend.builds import BuildView
from yoi_wire.backend.operations import (
    CREATE_BUILD,
    FOLLOW_AUDIT,
    GET_BUNDLE,
    GET_DIFF,
    GET_WORKSPACE,
    LIST_ACTIVATIONS,
    LIST_AVAILABILITY,
    LIST_BUILDS,
)
from yoi_wire.backend.revisions import ActivationView

_LOOK_SECONDS = 2.0
"""How soon something is seen of which no event came: an event is a hint, the look is the guarantee."""

_NEWEST = 50
_get_id = attrgetter("id")


class Follower:
    """Tells what becomes of a workspace.

    Args:
        client: Asks the Backend.
        workspace: The id.
        tell: Takes each happening, in the order in which they are to be read.
    """

    def __init__(self, client: BackendClient, workspace: str, *, tell: Callable[[Happening], None]) -> None:
        self._client = client
        self._workspace = workspace
        self._tell = tell
        self._hint = asyncio.Event()
        self._last_build = 0
        self._told: tuple[object, ...] = ()
        self._revision: int | None = None
        self._generation = 0
        self._standing: dict[str, Delivered] = {}

    async def start(self, *, since: str) -> None:
        """Build, and tell of it; what was built before this program started is what it is compared with.

        Args:
            since: When that was, RFC 3339 in UTC with milliseconds.
        """
        asked = await self._client.call(CREATE_BUILD, workspace=self._workspace)
        builds = sorted(await self._list_builds(), key=_get_id)
        before = [one.revision for one in builds if one.built_at < since and one.revision]
        self._revision = before[-1] if before else None
        # The Backend builds by itself, too: whichever build was first says that there is something new.
        same = [one for one in builds if one.built_at >= since and one.digest == asked.digest]
        await self._tell_build(min(same, key=_get_id, default=asked))
        self._last_build = asked.id
        newest = await self._list_activations()
        self._generation = max((one.generation for one in newest), default=0)
        await self._tell_standing()

    async def run(self) -> None:
        """Follow until cancelled.

        Raises:
            YoiError: The Backend does not answer any more.
        """
        listening = asyncio.create_task(self._listen())
        try:
            while True:
                self._hint.clear()
                await self._look()
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_SECONDS):
                        await self._hint.wait()
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def _listen(self) -> None:
        async for _ in self._client.follow(FOLLOW_AUDIT):
            self._hint.set()

    async def _look(self) -> None:
        for build in sorted(await self._list_builds(), key=_get_id):
            if build.id > self._last_build:
                self._last_build = build.id
                await self._tell_build(build)
        await self._tell_activations()
        await self._tell_standing()

    async def _tell_build(self, build: BuildView) -> None:
        """Tell of a build, unless it came to what the one before did: nobody changed anything then."""
        outcome = "built" if build.outcome != "failed" else "failed"
        seen = (outcome, build.digest, build.diagnostics, build.problem)
        if seen == self._told:
            return
        self._told = seen
        workspace = await self._client.call(GET_WORKSPACE, workspace=self._workspace)
        active = workspace.active
        self._tell(
            Built(
                built_at=build.built_at,
                outcome=build.outcome,
                digest=build.digest,
                revision=build.revision,
                counts=await self._count_items(build.digest),
                diagnostics=msgspec.convert(build.diagnostics, tuple[Diagnostic, ...], from_attributes=True),
                diagnostic_count=build.diagnostic_count,
                problem=_read_problem(build),
                active_revision=active.revision if active else None,
                held=workspace.held,
            )
        )
        if build.revision is not None:
            await self._tell_difference(build.revision)
            self._revision = build.revision

    async def _count_items(self, digest: str | None) -> dict[str, int]:
        if digest is None:
            return {}
        return (await self._client.call(GET_BUNDLE, workspace=self._workspace, digest=digest)).counts

    async def _tell_difference(self, revision: int) -> None:
        before = self._revision
        if before is None or before == revision:
            return
        found = await self._client.call(
            GET_DIFF, workspace=self._workspace, from_revision=before, to_revision=revision
        )
        changes = msgspec.convert(found.changes, tuple[Change, ...], from_attributes=True)
        diff = BundleDiff(old=found.from_digest, new=found.to_digest, changes=changes)
        self._tell(Changed(from_revision=before, to_revision=revision, diff=diff))

    async def _tell_activations(self) -> None:
        for one in reversed(await self._list_activations()):
            if one.generation <= self._generation:
                continue
            self._generation = one.generation
            if one.kind != "automatic":
                self._tell(_read_activation(one))

    async def _tell_standing(self) -> None:
        items = await self._client.collect(LIST_AVAILABILITY, workspace=self._workspace)
        self._standing, news = find_news(items, self._standing)
        for one in news:
            self._tell(one)

    async def _list_builds(self) -> tuple[BuildView, ...]:
        return (await self._client.call(LIST_BUILDS, workspace=self._workspace, limit=_NEWEST)).items

    async def _list_activations(self) -> tuple[ActivationView, ...]:
        return (await self._client.call(LIST_ACTIVATIONS, workspace=self._workspace, limit=_NEWEST)).items


def _read_problem(build: BuildView) -> Problem | None:
    problem = build.problem
    return None if problem is None else Problem(code=problem.code, details=problem.details)


def _read_activation(one: ActivationView) -> Activated:
    return Activated(
        kind=one.kind,
        revision=one.revision,
        digest=one.digest,
        actor=one.actor,
        reason=one.reason,
    )
