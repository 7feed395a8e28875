"""Version negotiation of two peers, before either changes anything (R-08)."""

from worker_runtime.contract.api import RuntimeApi
from worker_runtime.contract.caller import Caller
from worker_runtime.contract.runtime_info import API_VERSIONS, RuntimeInfo
from yoi_bundle.schema import READABLE_SCHEMA_VERSIONS
from yoi_wire.errors import RequestInvalidError, RuntimeIncompatibleError


def verify_compatible(info: RuntimeInfo) -> None:
    """Check that a Runtime shares an API major and a schema version with this program.

    Raises:
        RuntimeIncompatibleError: It does not; nothing that has an effect may be asked of it.
    """
    if not set(API_VERSIONS) & set(info.api_versions):
        raise RuntimeIncompatibleError(ours=API_VERSIONS, theirs=info.api_versions, what="api")
    if not set(READABLE_SCHEMA_VERSIONS) & set(info.schema_versions):
        raise RuntimeIncompatibleError(
            ours=READABLE_SCHEMA_VERSIONS, theirs=info.schema_versions, what="schema"
        )


async def verify_peer(runtime: RuntimeApi, caller: Caller) -> RuntimeInfo:
    """Ask a Runtime what it is, and return that; to be done before the first request that has an effect.

    Args:
        runtime: The Runtime.
        caller: With scope `runtime:read`.

    Raises:
        RuntimeIncompatibleError: See `verify_compatible`; also when it knows no such path, and so no such API major.
        YoiError: See `RuntimeApi.get_runtime`.
    """
    try:
        info = await runtime.get_runtime(caller)
    except RequestInvalidError as error:
        if error.field != "path":
            raise
        raise RuntimeIncompatibleError(ours=API_VERSIONS, theirs=(), what="api") from error
    verify_compatible(info)
    return info
