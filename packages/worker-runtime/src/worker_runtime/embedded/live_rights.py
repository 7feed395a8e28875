"""Live rights: a change of what the host grants reaches Workers while they live, both ways (X-13).

Level-triggered: what each Worker's rights were last computed from is kept, and compared with what the host says now. A change
that came and went unseen changes nothing; one that was missed, or lost to a restart, is found by the next look.
"""

import asyncio
from collections.abc import Iterable
from typing import TypeAlias

import msgspec
from msgspec import Struct

from worker_runtime.contract.caller import ALL_SCOPES, Caller
from worker_runtime.embedded.operations.context import Context
from worker_runtime.embedded.operations.current_rights import Seen
from worker_runtime.embedded.operations.resolving import gather_needed
from worker_runtime.embedded.operations.restoring import Outcome, hold_faulty, list_live, recheck_worker
from worker_runtime.event_log import LOG
from worker_runtime.host.facts import HostFacts, HostNeeds
from worker_runtime.host.policy import HostPolicy
from yoi_bundle.errors import YoiError
from yoi_wire.errors import StoreCorruptError
from yoi_wire.event_log import EventLog

LOOK_SECONDS = 0.25
_LOOKS_A_FACTS_CHECK = 4
_LOOKS_A_PACKAGE_CHECK = 20
"""Packages are read and hashed, so they are looked at more seldom than policy, secrets, mounts and programs."""

_AT_ONCE = 8
_Group: TypeAlias = tuple[str, str, str, HostNeeds]


class ChangedWorker(Struct, frozen=True):
    """A Worker whose rights were computed anew."""

    id: str
    outcome: Outcome


class LiveRights:
    """Looks at the host for the live Workers of one Runtime."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._seen: dict[str, Seen | None] = {}
        self._faulty: set[str] = set()

    async def check(self, *, facts: bool = True, packages: bool = True) -> tuple[ChangedWorker, ...]:
        """Compute the rights of every live Worker for which the host says other than before.

        Args:
            facts: Whether secrets, mounts and programs are looked at, too; otherwise host policy alone.
            packages: Whether plugin packages in the host's directory are, and bundles that could not be read.
        """
        live = await asyncio.to_thread(list_live, self._context)
        self._seen = {worker_id: self._seen[worker_id] for worker_id, _ in live if worker_id in self._seen}
        self._faulty &= self._seen.keys()
        due = self._find_policy_changes()
        if packages:
            due |= self._faulty
        if facts:
            due |= await self._find_fact_changes(packages=packages)
        wanted = [one for one in live if one[0] not in self._seen or one[0] in due]
        limit = asyncio.Semaphore(_AT_ONCE)

        async def recheck(worker_id: str, workspace_id: int) -> ChangedWorker | None:
            async with limit:
                return await self._recheck(worker_id, workspace_id)

        found = await asyncio.gather(*(recheck(*one) for one in wanted))
        return tuple(one for one in found if one is not None)

    async def _recheck(self, worker_id: str, workspace_id: int) -> ChangedWorker | None:
        try:
            rechecked = await recheck_worker(self._context, worker_id, workspace_id, restart=False)
        except StoreCorruptError:
            # It ended and was deleted meanwhile, or it is damaged, which readiness and the scrub say.
            self._seen[worker_id] = None
            self._faulty.discard(worker_id)
            return None
        except Exception as error:  # noqa: BLE001  one Worker's fault is that Worker's alone
            return await self._hold(worker_id, workspace_id, error)
        self._seen[worker_id] = rechecked.seen
        self._faulty.discard(worker_id)
        return ChangedWorker(worker_id, rechecked.outcome)

    async def _hold(self, worker_id: str, workspace_id: int, error: Exception) -> ChangedWorker | None:
        """Hold a Worker whose rights could not be computed; slow looks try it again, and the first alone is reported."""
        if worker_id in self._faulty:
            return None
        await asyncio.to_thread(hold_faulty, self._context, worker_id, workspace_id)
        LOG.fault({}, error)
        self._seen[worker_id] = None
        self._faulty.add(worker_id)
        return ChangedWorker(worker_id, "held")

    def _find_policy_changes(self) -> set[str]:
        policies: dict[tuple[str, str], HostPolicy | None] = {}
        due: set[str] = set()
        for worker_id, seen in self._seen.items():
            if seen is None:
                continue
            key = (seen.issuer, seen.workspace)
            if key not in policies:
                policies[key] = self._find_policy(*key)
            if policies[key] is not seen.policy and policies[key] != seen.policy:
                due.add(worker_id)
            elif policies[key] is not seen.policy:
                # Spares a comparison by value at every look from now on.
                self._seen[worker_id] = msgspec.structs.replace(seen, policy=policies[key])
        return due

    def _find_policy(self, issuer: str, workspace: str) -> HostPolicy | None:
        try:
            return self._context.host.get_policy(issuer, workspace)
        except Exception:  # noqa: BLE001  whatever went wrong, the recheck of the Worker meets it, and holds
            return None

    async def _find_fact_changes(self, *, packages: bool) -> set[str]:
        groups: dict[_Group, list[tuple[str, HostFacts]]] = {}
        due: set[str] = set()
        for worker_id, seen in self._seen.items():
            if seen is None or seen.policy is None:
                continue
            if seen.facts is None:
                due |= {worker_id} if packages else set()
                continue
            group = (seen.issuer, seen.workspace, seen.digest, _select(seen.needs, packages=packages))
            groups.setdefault(group, []).append((worker_id, seen.facts))
        for group, workers in groups.items():
            now = await self._gather(group)
            due |= {worker_id for worker_id, facts in workers if now != _cut(facts, group[3])}
        return due

    async def _gather(self, group: _Group) -> HostFacts | None:
        issuer, workspace, digest, needs = group
        caller = Caller(kind="local", issuer=issuer, workspaces=frozenset({workspace}), scopes=ALL_SCOPES)
        try:
            found = await gather_needed(self._context, caller, workspace, needs, digest=digest)
        except Exception:  # noqa: BLE001  whatever went wrong, the recheck of the Worker meets it, and holds
            return None
        return _cut(found, needs)


def _select(needs: HostNeeds, *, packages: bool) -> HostNeeds:
    """Leave out packages that need no look: one that travels is a blob of the bundle, which the scrub reads."""
    wanted = tuple(need for need in needs.packages if packages and not need.travels)
    return msgspec.structs.replace(needs, packages=wanted)


def _cut(facts: HostFacts, needs: HostNeeds) -> HostFacts:
    """Return facts without packages that were not looked at."""
    digests = {need.digest for need in needs.packages}
    silent = tuple(port for port in facts.silent if digests or port != "packages")
    kept = {digest: fact for digest, fact in facts.packages.items() if digest in digests}
    return msgspec.structs.replace(facts, packages=kept, silent=silent)


async def watch_live_rights(rights: LiveRights, log: EventLog) -> None:
    """Go on until cancelled; a failure is logged once, and the next look tries again."""
    looks = 0
    failing = ""
    while True:
        try:
            changed = await rights.check(
                facts=looks % _LOOKS_A_FACTS_CHECK == 0, packages=looks % _LOOKS_A_PACKAGE_CHECK == 0
            )
        except YoiError as error:
            if failing != error.code:
                log.event("rights not checked", code=error.code)
            failing = error.code
        except Exception as error:  # noqa: BLE001 - a supervising loop outlives what it supervises
            if failing != type(error).__name__:
                log.fault({}, error)
            failing = type(error).__name__
        else:
            failing = ""
            _report(changed, log)
        looks += 1
        await asyncio.sleep(LOOK_SECONDS)


def _report(changed: Iterable[ChangedWorker], log: EventLog) -> None:
    for one in changed:
        if one.outcome != "restored":
            log.event("rights narrowed", worker=one.id, outcome=one.outcome)
