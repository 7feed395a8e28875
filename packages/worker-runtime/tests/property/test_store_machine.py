"""The store against a model: callers of two workspaces and two issuers, time, restarts, and a collector in between.

Nothing in use is taken, nothing crosses a workspace or an issuer, and all that should go goes (R-06, R-07).
"""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from support.bundles.small_bundles import SmallBundle, build_small_bundle
from support.runtime.runtime_under_test import (
    EmbeddedUnderTest,
    build_caller,
    create_worker,
    put_blobs,
    put_manifest,
)
from worker_runtime.contract.assignments import AssignmentRequest
from worker_runtime.contract.bundles import StagedOutcome, StoredOutcome
from worker_runtime.contract.caller import Caller
from worker_runtime.store.retention import Retention
from yoi_wire.clock import DAY, MINUTE
from yoi_wire.errors import (
    AssignmentConflictError,
    AssignmentStaleError,
    BundleInUseError,
    BundleMissingError,
    LeaseExpiredError,
)

RETENTION = Retention(newest=1, young_milliseconds=DAY, ended_pin_milliseconds=4 * DAY)
LEASE = RETENTION.lease_milliseconds
TENANTS = [("main", "library"), ("main", "museum"), ("other", "library")]
TEXTS = [f"text {number}\n".encode() for number in range(4)]

Tenant = tuple[str, str]
Key = tuple[Tenant, str]
"""A tenant, and the digest of one of its bundles."""

# The first tenant comes more often, so that its store fills up.
tenants = st.sampled_from([TENANTS[0], TENANTS[0], TENANTS[0], *TENANTS[1:]])
subjects = st.sampled_from(["a", "b"])
texts = st.sampled_from([{0}, {1}, {0, 1}, {2, 3}])


def _build(tenant: Tenant, numbers: set[int]) -> SmallBundle:
    return build_small_bundle(tenant[1], prompts={f"p{number}": TEXTS[number] for number in sorted(numbers)})


def _act(tenant: Tenant, subject: str = "a") -> Caller:
    return build_caller(tenant[1], issuer=tenant[0], subject=subject)


class StoreMachine(RuleBasedStateMachine):
    """Every rule does one thing to the store and to the model, and compares the answers."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp())
        self.runtime = EmbeddedUnderTest(self.directory / "data", retention=RETENTION)
        self.stored: dict[Key, int] = {}
        self.blobs: dict[Tenant, set[str]] = {tenant: set() for tenant in TENANTS}
        self.leases: dict[tuple[Tenant, str, str], tuple[str, int, SmallBundle]] = {}
        self.assigned: dict[Tenant, tuple[int, str | None]] = {}
        self.pins: dict[str, tuple[Tenant, str, int | None]] = {}
        self.made = 0

    def teardown(self) -> None:
        self.runtime.close()
        shutil.rmtree(self.directory)

    @property
    def now(self) -> int:
        return self.runtime.clock.now()

    def ask(self, operation: str, *arguments: Any) -> Any:
        return self.runtime.run(getattr(self.runtime.api, operation)(*arguments))

    @rule(tenant=tenants, subject=subjects, numbers=texts)
    def put(self, tenant: Tenant, subject: str, numbers: set[int]) -> None:
        bundle = _build(tenant, numbers)
        outcome = put_manifest(self.runtime, _act(tenant, subject), bundle)
        missing = bundle.blobs.keys() - self.blobs[tenant]
        self.leases[tenant, subject, bundle.digest] = (outcome.lease.id, self.now + LEASE, bundle)
        if missing:
            assert isinstance(outcome, StagedOutcome)
            assert set(outcome.missing) == missing
        else:
            assert isinstance(outcome, StoredOutcome)
            assert outcome.created == ((tenant, bundle.digest) not in self.stored)
            self.stored.setdefault((tenant, bundle.digest), self.now)

    @rule(tenant=tenants, subject=subjects, numbers=texts)
    def store(self, tenant: Tenant, subject: str, numbers: set[int]) -> None:
        """Put a bundle with everything that is missing, so that many are complete."""
        self.put(tenant, subject, numbers)
        self._send((tenant, subject, _build(tenant, numbers).digest), partly=False)

    @rule(tenant=tenants, subject=subjects, numbers=texts)
    def leave_off(self, tenant: Tenant, subject: str, numbers: set[int]) -> None:
        """Put a bundle with one blob, collect, and ask again what is missing."""
        self.put(tenant, subject, numbers)
        self._send((tenant, subject, _build(tenant, numbers).digest), partly=True)
        self.collect()
        self.put(tenant, subject, numbers)

    @precondition(lambda self: self.stored)
    @rule(data=st.data())
    def assign_what_is_stored(self, data: st.DataObject) -> None:
        tenant, digest = data.draw(st.sampled_from(sorted(self.stored)))
        generation = self.assigned.get(tenant, (0, None))[0] + 1
        request = AssignmentRequest(digest=digest, revision=1, generation=generation)
        self.ask("put_assignment", _act(tenant), tenant[1], request)
        self.assigned[tenant] = (generation, digest)

    @rule(tenant=tenants, subject=subjects, numbers=texts)
    def send_slowly(self, tenant: Tenant, subject: str, numbers: set[int]) -> None:
        """Take longer in all than a lease lasts, and never that long for one batch; collect meanwhile."""
        name = (tenant, subject, _build(tenant, numbers).digest)
        self.put(tenant, subject, numbers)
        for partly in (True, False):
            self.wait(10 * MINUTE, then_collect=True)
            if name in self.leases:
                self._send(name, partly=partly)

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), stranger=st.sampled_from([(tenant, who) for tenant in TENANTS for who in "ab"]))
    def send_under_anothers_lease(self, data: st.DataObject, stranger: tuple[Tenant, str]) -> None:
        tenant, subject, digest = data.draw(st.sampled_from(sorted(self.leases)))
        if stranger == (tenant, subject):
            return
        lease, _, bundle = self.leases[tenant, subject, digest]
        with pytest.raises(LeaseExpiredError):
            put_blobs(self.runtime, _act(*stranger), lease, bundle.blobs.items())

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), partly=st.booleans())
    def send(self, data: st.DataObject, partly: bool) -> None:
        self._send(data.draw(st.sampled_from(sorted(self.leases))), partly=partly)

    def _send(self, name: tuple[Tenant, str, str], *, partly: bool) -> None:
        tenant, subject, digest = name
        lease, ends_at, bundle = self.leases[name]
        if (tenant, digest) in self.stored:
            return
        missing = sorted(bundle.blobs.keys() - self.blobs[tenant])
        sent = missing[:1] if partly else missing
        blobs = [(one, bundle.blobs[one]) for one in sent]
        if ends_at <= self.now:
            with pytest.raises(LeaseExpiredError):
                put_blobs(self.runtime, _act(tenant, subject), lease, blobs)
            return
        outcome = put_blobs(self.runtime, _act(tenant, subject), lease, blobs)
        self.blobs[tenant] |= set(sent)
        self.leases[name] = (lease, self.now + LEASE, bundle)
        if set(sent) == set(missing):
            assert isinstance(outcome, StoredOutcome)
            self.stored[tenant, digest] = self.now
        else:
            assert isinstance(outcome, StagedOutcome)

    @rule(tenant=tenants, numbers=texts, step=st.sampled_from([1, 1, 1, 0, -1]))
    def assign(self, tenant: Tenant, numbers: set[int], step: int) -> None:
        digest = _build(tenant, numbers).digest
        generation, held = self.assigned.get(tenant, (1, None))
        wanted = max(1, generation + step)
        request = AssignmentRequest(digest=digest, revision=1, generation=wanted)
        known = tenant in self.assigned
        error: type[Exception] | None = None
        if known and wanted < generation:
            error = AssignmentStaleError
        elif known and wanted == generation and digest != held:
            error = AssignmentConflictError
        elif (tenant, digest) not in self.stored:
            error = BundleMissingError
        if error is not None:
            with pytest.raises(error):
                self.ask("put_assignment", _act(tenant), tenant[1], request)
            return
        self.ask("put_assignment", _act(tenant), tenant[1], request)
        self.assigned[tenant] = (wanted, digest)

    @rule(tenant=tenants)
    def withdraw(self, tenant: Tenant) -> None:
        generation = self.assigned.get(tenant, (0, None))[0] + 1
        self.ask("delete_assignment", _act(tenant), tenant[1], generation)
        self.assigned[tenant] = (generation, None)

    @rule(tenant=tenants, subject=subjects, numbers=texts)
    def create(self, tenant: Tenant, subject: str, numbers: set[int]) -> None:
        bundle = _build(tenant, numbers)
        self.made += 1
        key = f"key-{self.made}"
        if (tenant, bundle.digest) not in self.stored:
            with pytest.raises(BundleMissingError):
                create_worker(self.runtime, _act(tenant, subject), bundle, key=key)
            return
        worker = create_worker(self.runtime, _act(tenant, subject), bundle, key=key)
        self.pins[worker.id] = (tenant, bundle.digest, None)
        self.leases.pop((tenant, subject, bundle.digest), None)

    @rule(tenant=tenants, subject=subjects, numbers=texts)
    def employ(self, tenant: Tenant, subject: str, numbers: set[int]) -> None:
        """Store a bundle and pin it, so that a pin is often all that holds one."""
        self.store(tenant, subject, numbers)
        self.create(tenant, subject, numbers)

    @rule(tenant=tenants, numbers=texts)
    def grow_old(self, tenant: Tenant, numbers: set[int]) -> None:
        """Store something newer, let every lease end and everything be old, and collect."""
        self.store(tenant, "b", numbers)
        self.wait(2 * DAY, then_collect=True)

    @rule(data=st.data())
    @precondition(lambda self: self.pins)
    def end(self, data: st.DataObject) -> None:
        worker = data.draw(st.sampled_from(list(self.pins)))
        tenant, digest, ended_at = self.pins[worker]
        self.ask("stop_worker", _act(tenant), worker)
        self.pins[worker] = (tenant, digest, self.now if ended_at is None else ended_at)

    @rule(tenant=tenants, numbers=texts)
    def delete(self, tenant: Tenant, numbers: set[int]) -> None:
        digest = _build(tenant, numbers).digest
        pinned = self._list_pinning((tenant, digest))
        if (tenant, digest) in self.stored and (self._is_assigned((tenant, digest)) or pinned):
            with pytest.raises(BundleInUseError) as caught:
                self.ask("delete_bundle", _act(tenant), digest)
            assert caught.value.workers == tuple(sorted(pinned))
            return
        self.ask("delete_bundle", _act(tenant), digest)
        if self.stored.pop((tenant, digest), None) is not None:
            for name in [one for one in self.leases if (one[0], one[2]) == (tenant, digest)]:
                del self.leases[name]

    @rule(
        duration=st.sampled_from([MINUTE, 10 * MINUTE, 20 * MINUTE, DAY // 2, DAY, 3 * DAY]),
        then_collect=st.booleans(),
    )
    def wait(self, duration: int, then_collect: bool) -> None:
        self.runtime.clock.advance(milliseconds=duration)
        if then_collect:
            self.collect()

    @rule()
    def restart(self) -> None:
        self.runtime.restart()

    @rule()
    def collect(self) -> None:
        self.runtime.collect()
        self.leases = {name: lease for name, lease in self.leases.items() if lease[1] > self.now}
        for tenant in TENANTS:
            free = [
                (stored_at, digest)
                for (owner, digest), stored_at in self.stored.items()
                if owner == tenant and not self._is_held((tenant, digest))
            ]
            for stored_at, digest in sorted(free, reverse=True)[RETENTION.newest :]:
                if stored_at <= self.now - RETENTION.young_milliseconds:
                    del self.stored[tenant, digest]
            self.blobs[tenant] &= self._list_needed_blobs(tenant)

    @invariant()
    def every_tenant_sees_just_its_own(self) -> None:
        for tenant in TENANTS:
            page = self.ask("list_bundles", _act(tenant))
            expected = {digest for owner, digest in self.stored if owner == tenant}
            assert {entry.digest for entry in page.items} == expected

    def _is_assigned(self, key: Key) -> bool:
        return self.assigned.get(key[0], (0, None))[1] == key[1]

    def _list_pinning(self, key: Key) -> list[str]:
        since = self.now - RETENTION.ended_pin_milliseconds
        return [
            worker
            for worker, (tenant, digest, ended_at) in self.pins.items()
            if (tenant, digest) == key and (ended_at is None or ended_at > since)
        ]

    def _is_held(self, key: Key) -> bool:
        leased = any((tenant, digest) == key for tenant, _, digest in self.leases)
        return leased or self._is_assigned(key) or bool(self._list_pinning(key))

    def _list_needed_blobs(self, tenant: Tenant) -> set[str]:
        """Return the blobs of stored bundles, and of those that are under way."""
        needed: set[str] = set()
        for (owner, _, _), (_, _, bundle) in self.leases.items():
            if owner == tenant:
                needed |= bundle.blobs.keys()
        for count in range(16):
            numbers = {number for number in range(4) if count >> number & 1}
            if (tenant, _build(tenant, numbers).digest) in self.stored:
                needed |= _build(tenant, numbers).blobs.keys()
        return needed


StoreMachine.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.req("R-02", "R-05", "R-06", "R-07", "R-11")
class TestStoreAgainstItsModel(StoreMachine.TestCase):  # type: ignore[misc, valid-type]
    """Runs the machine."""
