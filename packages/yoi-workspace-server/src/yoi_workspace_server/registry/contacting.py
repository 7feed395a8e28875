"""Contact with a Runtime: ask it how it is, and describe what came of it (K-02, R-08)."""

import asyncio

import msgspec

from worker_runtime.contract.compatibility import verify_compatible
from worker_runtime.contract.runtime_info import RuntimeInfo
from yoi_bundle.errors import YoiError
from yoi_wire.clock import Clock, format_instant
from yoi_wire.errors import (
    ForbiddenError,
    RemoteFaultError,
    RuntimeIncompatibleError,
    RuntimeUnavailableError,
    UnauthenticatedError,
)
from yoi_workspace_server.registry.dialer import Dialer, Dialled
from yoi_workspace_server.runtimes import (
    Reachability,
    RegisteredRuntime,
    RuntimeContact,
    describe_problem,
)

_ANSWER_SECONDS = 10.0

_MAX_WORD = 256
"""Characters of a version, or of a policy's generation."""

_MAX_BYTES = 64 * 1024
"""Of a whole announcement, which is kept."""


async def contact_runtime(dialer: Dialer, runtime: RegisteredRuntime, clock: Clock) -> RuntimeContact:
    """Ask a Runtime for its announcement; never raises what the Runtime or the network is at fault for.

    On a connection that was cut without a word the network itself says nothing for minutes, so the answer has to come
    within ten seconds.
    """
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            info = await ask_info(dialer.dial(runtime))
    except TimeoutError:
        return describe_failure(runtime.name, RuntimeUnavailableError("unreachable"), clock)
    except YoiError as error:
        return describe_failure(runtime.name, error, clock)
    try:
        verify_compatible(info)
    except RuntimeIncompatibleError as error:
        problem = describe_problem(error, occurred_at=format_instant(clock.now()))
        return RuntimeContact(name=runtime.name, reachability="incompatible", info=info, problem=problem)
    return RuntimeContact(name=runtime.name, reachability="reachable", info=info)


async def ask_info(dialled: Dialled) -> RuntimeInfo:
    """Return a Runtime's announcement.

    Raises:
        YoiError: See `RuntimeApi.get_runtime`.
    """
    info = await dialled.api.get_runtime(dialled.build_caller())
    kept = (info.version, info.policy_generation)
    well_formed = all(text.isprintable() and len(text) <= _MAX_WORD for text in kept)
    if not well_formed or len(msgspec.json.encode(info)) > _MAX_BYTES:
        raise RemoteFaultError("an announcement of another form than this version knows")
    return info


def describe_failure(name: str, error: YoiError, clock: Clock) -> RuntimeContact:
    """Say how reachable a Runtime is that answered with an error, or not at all."""
    reachability: Reachability = "unreachable"
    if isinstance(error, UnauthenticatedError | ForbiddenError):
        reachability = "unauthenticated"
    elif isinstance(error, RuntimeIncompatibleError):
        reachability = "incompatible"
    problem = describe_problem(error, occurred_at=format_instant(clock.now()))
    return RuntimeContact(name=name, reachability=reachability, problem=problem)
