"""A Runtime elsewhere, for one command: asked as this host's Backend, with tokens that its identity signs."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from worker_runtime.contract.api import RuntimeApi
from worker_runtime.contract.caller import Caller
from worker_runtime.contract.compatibility import verify_peer
from worker_runtime.remote.connection import Connection
from worker_runtime.remote.credentials import SignedCredentials
from worker_runtime.remote.runtime import RemoteRuntime
from worker_runtime.trust.identity import IDENTITY_FILE, load_identity
from yoi.configuration import Configuration
from yoi.runtime.remote_options import RemoteAddress
from yoi_wire.client.endpoint import Endpoint
from yoi_wire.clock import SystemClock

Result = TypeVar("Result")


async def ask_remote_runtime(
    configuration: Configuration,
    address: RemoteAddress,
    workspaces: Iterable[str],
    operation: Callable[[RuntimeApi, Caller], Awaitable[Result]],
) -> Result:
    """Ask a remote Runtime, and close all connections to it.

    Args:
        configuration: Where the identity lies.
        address: The Runtime.
        workspaces: What the token names.
        operation: Gets the Runtime, and the caller that the token stands for.

    Raises:
        RequestInvalidError: There is no identity; `yoi identity init` makes one.
        RuntimeIncompatibleError: It speaks another version; nothing was asked of it (R-08).
        YoiError: What the Runtime refused; see `RuntimeApi`.
    """
    identity = load_identity(configuration.data_directory / IDENTITY_FILE)
    endpoint = Endpoint(url=address.url, authority=address.authority, fingerprint=address.fingerprint)
    credentials = SignedCredentials(identity, audience=address.runtime_id, clock=SystemClock())
    runtime = RemoteRuntime(Connection(endpoint, credentials))
    caller = Caller(kind="remote", issuer=identity.issuer, workspaces=frozenset(workspaces))
    try:
        await verify_peer(runtime, caller)
        return await operation(runtime, caller)
    finally:
        await runtime.close()
