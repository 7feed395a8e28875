"""Who asks: the bearer token of a request (RFC 6750), in its header and nowhere else."""

import msgspec

from worker_runtime.contract.caller import Caller
from worker_runtime.rest.services import HttpRequest, get_services
from yoi_bundle.identifiers import WorkspaceId
from yoi_wire.errors import RequestInvalidError

WORKSPACES_HEADER = "Yoi-Workspaces"
"""With the local token only: the workspaces that the host's operator means, separated by commas."""

_SCHEME = "bearer "


async def authenticate(request: HttpRequest) -> Caller:
    """Return who asks.

    Raises:
        UnauthenticatedError, ForbiddenError: See `Authenticator`.
    """
    value = request.headers.get("authorization", "")
    credentials = value[len(_SCHEME) :].strip() if value[: len(_SCHEME)].lower() == _SCHEME else ""
    return await get_services(request).authenticator.authenticate(credentials, _read_workspaces(request))


def _read_workspaces(request: HttpRequest) -> frozenset[str] | None:
    text = request.headers.get(WORKSPACES_HEADER.lower())
    if text is None:
        return None
    names = [name.strip(" \t") for name in text.split(",")] if text else []
    try:
        return frozenset(msgspec.convert(names, list[WorkspaceId]))
    except msgspec.ValidationError:
        raise RequestInvalidError("workspace ids, separated by commas", field=WORKSPACES_HEADER) from None
