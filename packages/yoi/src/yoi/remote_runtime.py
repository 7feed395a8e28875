"""A Runtime elsewhere, for one command: asked as this host's Backend, with tokens that its identity signs."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from msgspec import Struct

from worker_runtime.bundle_sync import BundleSource, SyncReport, sync_bundle
from worker_runtime.caller import Caller
from worker_runtime.clock import SystemClock
from worker_runtime.errors import RequestInvalidError
from worker_runtime.remote.connection import Connection
from worker_runtime.remote.credentials import SignedCredentials
from worker_runtime.remote.endpoint import Endpoint
from worker_runtime.remote.runtime import RemoteRuntime
from worker_runtime.trust.identity import IDENTITY_FILE, load_identity
from worker_runtime.workers import CreateWorkerRequest, Worker
from yoi.bundle_source import OpenBundle
from yoi.configuration import Configuration

Result = TypeVar("Result")


class RemoteAddress(Struct, frozen=True, kw_only=True):
    """Where a Runtime is, and what it is.

    Attributes:
        url: `https://HOST:PORT`, or `http://` towards loopback.
        runtime_id: What tokens are made out to; `yoi runtime info` says it there.
        authority: PEM file of a private CA.
        fingerprint: SHA-256 of the server's certificate.
    """

    url: str
    runtime_id: str
    authority: Path | None = None
    fingerprint: str | None = None


def make_address(url: str, runtime_id: str | None, **trust: Any) -> RemoteAddress:
    """Make the address from options; a token needs the id."""
    if runtime_id is None:
        raise click.UsageError("a remote Runtime needs --runtime-id; `yoi runtime info` says it there")
    if not url.startswith(("https://", "http://")):
        raise RequestInvalidError("https://HOST:PORT", field="url")
    return RemoteAddress(url=url, runtime_id=runtime_id, **trust)


async def push_bundle(configuration: Configuration, address: RemoteAddress, opened: OpenBundle) -> SyncReport:
    """Make a remote Runtime hold a bundle, and assign it to its workspace (R-04).

    Raises:
        RequestInvalidError: The bundle is an archive without metadata.
        YoiError: What the Runtime refused; see `RuntimeApi`.
    """
    metadata = opened.metadata
    if metadata is None:
        raise RequestInvalidError("an archive without metadata; import it first", field="bundle")

    async def read_blob(digest: str) -> bytes:
        return await asyncio.to_thread(opened.read_blob, digest)

    source = BundleSource(metadata=metadata, manifest=opened.data, read_blob=read_blob)

    async def push(runtime: RemoteRuntime, caller: Caller) -> SyncReport:
        current = await runtime.get_assignment(caller, metadata.workspace)
        held = current.digest == metadata.digest
        generation = current.generation + (0 if held else 1)
        return await sync_bundle(runtime, caller, source, generation=generation, likely_held=held)

    return await _ask(configuration, address, metadata.workspace, push)


async def create_remote_worker(
    configuration: Configuration, address: RemoteAddress, request: CreateWorkerRequest
) -> Worker:
    """Create a Worker on a remote Runtime; errors as in `RuntimeApi.create_worker`."""

    async def create(runtime: RemoteRuntime, caller: Caller) -> Worker:
        return await runtime.create_worker(caller, request)

    return await _ask(configuration, address, request.workspace, create)


async def _ask(
    configuration: Configuration,
    address: RemoteAddress,
    workspace: str,
    operation: Callable[[RemoteRuntime, Caller], Awaitable[Result]],
) -> Result:
    identity = load_identity(configuration.data_directory / IDENTITY_FILE)
    endpoint = Endpoint(url=address.url, authority=address.authority, fingerprint=address.fingerprint)
    credentials = SignedCredentials(identity, audience=address.runtime_id, clock=SystemClock())
    runtime = RemoteRuntime(Connection(endpoint, credentials))
    caller = Caller(kind="remote", issuer=identity.issuer, workspaces=frozenset({workspace}))
    try:
        return await operation(runtime, caller)
    finally:
        await runtime.close()
