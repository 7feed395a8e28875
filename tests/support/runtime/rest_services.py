"""Services of a Runtime's REST surface, as a server would put them together."""

from collections.abc import Awaitable, Callable

from worker_runtime.contract.api import RuntimeApi
from worker_runtime.event_log import LOG
from worker_runtime.rest.services import Authenticator, Services
from yoi_wire.readiness import Readiness
from yoi_wire.server.body_limits import BodyRate
from yoi_wire.server.http_state import HttpLimits, HttpState
from yoi_wire.server.metrics import Metrics


def build_services(
    runtime: RuntimeApi,
    authenticator: Authenticator,
    check_readiness: Callable[[], Awaitable[Readiness]],
    *,
    limits: HttpLimits | None = None,
    rate: BodyRate | None = None,
) -> Services:
    http = HttpState(check_readiness, metrics=Metrics("runtime"), log=LOG, limits=limits, rate=rate)
    return Services(http=http, runtime=runtime, authenticator=authenticator)
