"""The Runtime in this process, for one command: opened, asked, closed."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, TypeVar

from worker_runtime.contract.bundles import BundleContent, BundleEntry, ManifestBody, StagedOutcome
from worker_runtime.contract.caller import LOCAL_ISSUER, Caller, build_local_caller, build_operator
from worker_runtime.embedded.operations.reproducing import Reproduction
from worker_runtime.embedded.runtime import EmbeddedRuntime
from worker_runtime.host.local_host import LocalHost
from worker_runtime.sync.transfer.pack import write_pack
from yoi.configuration import Configuration
from yoi_bundle.metadata import BundleMetadata
from yoi_wire.errors import (
    BundleCorruptError,
    BundleMissingError,
    RuntimeUnavailableError,
    WorkerNotFoundError,
)
from yoi_wire.paging import MAX_PAGE_SIZE, Page, collect_pages

Result = TypeVar("Result")
Item = TypeVar("Item")


class LocalRuntime:
    """What commands ask of the embedded Runtime, as this host's operator."""

    def __init__(self, embedded: EmbeddedRuntime, host: LocalHost) -> None:
        self.embedded = embedded
        self.host = host

    def ask(self, operation: Coroutine[Any, Any, Result]) -> Result:
        """Run one operation to its end."""
        return asyncio.run(operation)

    def build_caller(self, *workspaces: str) -> Caller:
        """Return the operator as caller: for these workspaces, or for all that the store knows."""
        return build_local_caller(*(workspaces or self.list_workspaces()))

    def list_issuers(self) -> tuple[str, ...]:
        """Return `local`, and every other issuer that has used this store."""
        others = [one for one in self.embedded.list_issuers() if one != LOCAL_ISSUER]
        return (LOCAL_ISSUER, *others)

    def reproduce(self, worker: str) -> Reproduction:
        """Resolve a Worker again from its pins, whoever's it is (W-04).

        Raises:
            WorkerNotFoundError: There is none.
        """
        for issuer in self.list_issuers():
            caller = build_operator(issuer, self.embedded.list_workspaces(issuer))
            with suppress(WorkerNotFoundError):
                return self.ask(self.embedded.maintenance.reproduce_worker(caller, worker))
        raise WorkerNotFoundError(worker)

    def list_workspaces(self) -> tuple[str, ...]:
        return self.embedded.list_workspaces("local")

    def list_bundles(self, *workspaces: str) -> tuple[BundleEntry, ...]:
        """Return all stored bundles, newest first."""
        caller = self.build_caller(*workspaces)
        return self.collect(
            lambda cursor: self.embedded.list_bundles(caller, cursor=cursor, limit=MAX_PAGE_SIZE)
        )

    def collect(self, get_page: Callable[[str | None], Coroutine[Any, Any, Page[Item]]]) -> tuple[Item, ...]:
        """Read a list to its end."""
        return tuple(self.ask(collect_pages(get_page)))

    def get_bundle(self, digest: str) -> BundleContent:
        return self.ask(self.embedded.get_bundle(self.build_caller(), digest))

    def find_manifest(self, digest: str) -> bytes | None:
        """Return the manifest's bytes, when the bundle is held here whole."""
        try:
            return self.get_bundle(digest).manifest
        except (BundleMissingError, BundleCorruptError):
            return None

    def build_blob_reader(self, digest: str) -> Callable[[str], bytes]:
        """Return what gives the blobs of a stored bundle by digest."""
        return partial(self.embedded.read_blob, self.build_caller(), digest)

    def put_bundle(
        self,
        metadata: BundleMetadata,
        manifest: bytes,
        read_blob: Callable[[str], bytes],
    ) -> None:
        """Store a bundle; only the blobs that its workspace lacks are read."""
        self.ask(self._put_bundle(metadata, manifest, read_blob))

    async def _put_bundle(
        self,
        metadata: BundleMetadata,
        manifest: bytes,
        read_blob: Callable[[str], bytes],
    ) -> None:
        caller = self.build_caller(metadata.workspace)
        outcome = await self.embedded.put_bundle(
            caller, metadata.digest, metadata, ManifestBody(content=manifest)
        )
        if isinstance(outcome, StagedOutcome):
            blobs = ((digest, read_blob(digest)) for digest in outcome.missing)
            await self.embedded.put_pack(caller, outcome.lease.id, write_pack(blobs))


def open_local_host(configuration: Configuration) -> LocalHost:
    """Return this host, under its policy file.

    Raises:
        HostPolicyInvalidError: The file is no host policy.
    """
    return LocalHost(
        configuration.host_policy_file,
        data_directory=configuration.data_directory,
        environment=configuration.environment,
        secrets_directory=configuration.secrets_directory,
    )


@contextmanager
def open_local_runtime(
    configuration: Configuration, *, labels: dict[str, str] | None = None
) -> Iterator[LocalRuntime]:
    """Open the store in the data directory, which is made when it is not there.

    Args:
        configuration: Where it lies, and the host's policy.
        labels: What the Runtime says of itself for placement.

    Raises:
        RuntimeUnavailableError: The directory cannot be made.
        HostPolicyInvalidError: This host's policy is faulty.
    """
    host = open_local_host(configuration)
    try:
        configuration.data_directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise RuntimeUnavailableError("storage_failed") from error
    embedded = EmbeddedRuntime(configuration.data_directory, host=host, labels=labels)
    try:
        yield LocalRuntime(embedded, host)
    finally:
        embedded.close()
