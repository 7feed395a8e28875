"""A bundle of a Backend as people name it: by digest, by the beginning of one, or by the number of its revision."""

import re

from yoi.backend.client import BackendClient
from yoi.bundles.source import NoSuchBundleError
from yoi_wire.backend.operations import LIST_REVISIONS
from yoi_wire.errors import RequestInvalidError

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_REFERENCE = re.compile(r"sha256:[0-9a-f]{4,64}|[0-9]{1,9}")


async def find_published_digest(client: BackendClient, workspace: str, reference: str) -> str:
    """Return the digest that is meant; a whole one is not looked up.

    Raises:
        NoSuchBundleError: The workspace has no such revision.
        RequestInvalidError: More than one begins so.
    """
    if _DIGEST.fullmatch(reference):
        return reference
    if not _REFERENCE.fullmatch(reference):
        raise NoSuchBundleError(
            f"no bundle is called {reference}",
            remedy="name it by its digest, by at least four digits after sha256:, or by the number of its revision",
        )
    found = {
        one.digest
        for one in await client.collect(LIST_REVISIONS, workspace=workspace)
        if one.digest.startswith(reference) or str(one.revision) == reference
    }
    if not found:
        raise NoSuchBundleError(f"workspace {workspace} has no revision {reference}")
    if len(found) > 1:
        raise RequestInvalidError(f"{len(found)} bundles begin with {reference}", field="digest")
    return found.pop()
