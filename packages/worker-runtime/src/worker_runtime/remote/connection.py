"""Connections to Runtimes: the wire's client, with the errors that a Runtime raises."""

from worker_runtime.contract.caller import Caller
from worker_runtime.remote.refusals import rebuild_error
from yoi_wire.client.connection import Connection, Credentials, PeerErrors
from yoi_wire.client.deadlines import Deadlines
from yoi_wire.client.endpoint import Endpoint
from yoi_wire.errors import RuntimeUnavailableError

_ERRORS = PeerErrors(rebuild=rebuild_error, build_failure=lambda _: RuntimeUnavailableError("unreachable"))


def connect_runtime(
    endpoint: Endpoint, credentials: Credentials[Caller], *, deadlines: Deadlines | None = None
) -> Connection[Caller]:
    """Return a pool of connections to a Runtime; nothing is connected before it is asked."""
    return Connection(endpoint, credentials, _ERRORS, deadlines=deadlines)
