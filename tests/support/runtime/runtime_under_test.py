"""A Runtime as the contract suite sees it: operations asked one after another, time and host in the test's hand."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

from support.bundles.small_bundles import SmallBundle
from support.runtime.fake_host import FakeHost
from support.runtime.manual_clock import ManualClock
from worker_runtime.contract.api import RuntimeApi
from worker_runtime.contract.bundles import ManifestBody, PutOutcome, StagedOutcome, StoredOutcome
from worker_runtime.contract.caller import ALL_SCOPES, Caller, Scope
from worker_runtime.contract.workers import CreateWorkerRequest, Worker
from worker_runtime.embedded.runtime import EmbeddedRuntime
from worker_runtime.store.retention import DEFAULT_RETENTION, Retention
from worker_runtime.sync.transfer.pack import write_pack
from yoi_bundle.boundary.default_scanner import create_scanner
from yoi_wire.worker_requests import WorkerRequest

SHARED_SCANNER = create_scanner()
"""The real one; its rules are compiled once in a run, by the first test that needs them."""


class RuntimeUnderTest(Protocol):
    """What the suite needs beside the operations themselves."""

    api: RuntimeApi
    clock: ManualClock
    host: FakeHost

    def run(self, operation: Any) -> Any:
        """Run one operation to its end."""

    def restart(self) -> None:
        """End the Runtime and start it again on the same store."""

    def collect(self) -> None:
        """Let the collector run once."""

    def close(self) -> None: ...


class EmbeddedUnderTest:
    """The embedded Runtime, in this process."""

    def __init__(self, directory: Path, *, retention: Retention = DEFAULT_RETENTION) -> None:
        self.directory = directory
        self.clock = ManualClock()
        self.host = FakeHost()
        self._retention = retention
        self._runner = asyncio.Runner()
        self.api = self._open()

    def run(self, operation: Any) -> Any:
        return self._runner.run(operation)

    def restart(self) -> None:
        self.api.close()
        self.api = self._open()
        self.run(self.api.start())

    def collect(self) -> None:
        self.run(self.api.maintenance.collect())

    def close(self) -> None:
        self.api.close()
        self._runner.close()

    def _open(self) -> EmbeddedRuntime:
        return EmbeddedRuntime(
            self.directory,
            host=self.host,
            clock=self.clock,
            retention=self._retention,
            scanner=SHARED_SCANNER,
        )


def build_caller(
    *workspaces: str,
    kind: Any = "local",
    issuer: str = "main",
    scopes: frozenset[Scope] = ALL_SCOPES,
    subject: str = "",
) -> Caller:
    """Return a caller for these workspaces; `library` when none is named."""
    return Caller(
        kind=kind,
        issuer=issuer,
        workspaces=frozenset(workspaces or ("library",)),
        scopes=scopes,
        subject=subject,
    )


def put_manifest(runtime: RuntimeUnderTest, caller: Caller, bundle: SmallBundle) -> PutOutcome:
    """Put a bundle's manifest, plain."""
    body = ManifestBody(content=bundle.manifest)
    outcome: PutOutcome = runtime.run(runtime.api.put_bundle(caller, bundle.digest, bundle.metadata, body))
    return outcome


def put_blobs(
    runtime: RuntimeUnderTest, caller: Caller, lease: str, blobs: Iterable[tuple[str, bytes]]
) -> PutOutcome:
    """Send blobs in one pack."""
    outcome: PutOutcome = runtime.run(runtime.api.put_pack(caller, lease, write_pack(list(blobs))))
    return outcome


def store_bundle(runtime: RuntimeUnderTest, caller: Caller, bundle: SmallBundle) -> StoredOutcome:
    """Put a bundle with all the blobs that are missing."""
    outcome = put_manifest(runtime, caller, bundle)
    if isinstance(outcome, StagedOutcome):
        wanted = [(digest, bundle.blobs[digest]) for digest in outcome.missing]
        outcome = put_blobs(runtime, caller, outcome.lease.id, wanted)
    assert isinstance(outcome, StoredOutcome)
    return outcome


def create_worker(
    runtime: RuntimeUnderTest,
    caller: Caller,
    bundle: SmallBundle,
    *,
    key: str = "first",
    request: WorkerRequest | None = None,
) -> Worker:
    """Create a Worker of a bundle's default profile."""
    wanted = request or WorkerRequest(selector="default", bundle_digest=bundle.digest)
    worker: Worker = runtime.run(
        runtime.api.create_worker(
            caller,
            CreateWorkerRequest(workspace=bundle.metadata.workspace, key=key, request=wanted),
        )
    )
    return worker


async def cut_after(pieces: AsyncIterator[bytes], size: int, error: Exception) -> AsyncIterator[bytes]:
    """Give the first `size` bytes of a stream, and then fail as a broken connection does."""
    left = size
    async for piece in pieces:
        yield piece[:left]
        left -= len(piece)
        if left <= 0:
            raise error


MakeRuntime = Callable[..., RuntimeUnderTest]
