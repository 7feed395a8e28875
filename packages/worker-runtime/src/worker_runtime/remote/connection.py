"""Connections to Runtimes: the wire's client, with the errors that a Runtime raises."""

from worker_runtime.contract.caller import Caller
from worker_runtime.remote.refusals import rebuild_error
from yoi_wire.client import connection
from yoi_wire.client.connection import Credentials, PeerErrors
from yoi_wire.client.deadlines import Deadlines
from yoi_wire.client.endpoint import Endpoint
from yoi_wire.errors import RuntimeUnavailableError

_ERRORS = PeerErrors(rebuild=rebuild_error, build_failure=lambda _: RuntimeUnavailableError("unreachable"))


class Connection(connection.Connection[Caller]):
    """A pool of connections to one Runtime; made in the event loop that uses it.

    Args:
        endpoint: Where the Runtime is.
        credentials: Say who asks, request by request.
        deadlines: The longest waits.
    """

    def __init__(
        self, endpoint: Endpoint, credentials: Credentials[Caller], *, deadlines: Deadlines | None = None
    ) -> None:
        super().__init__(endpoint, credentials, _ERRORS, deadlines=deadlines)
