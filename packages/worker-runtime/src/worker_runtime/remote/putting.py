"""What brings a bundle to a Runtime: its manifest, and the pack of what is missing (R-04)."""

from collections.abc import AsyncIterable, AsyncIterator

from worker_runtime.contract.bundles import LeaseView, ManifestBody, PutOutcome, StagedOutcome
from worker_runtime.contract.caller import Caller
from worker_runtime.contract.headers import LEASE_EXPIRES_HEADER, METADATA_HEADER, format_header_json
from worker_runtime.contract.operations import PUT_BUNDLE, PUT_PACK
from worker_runtime.remote.connection import Connection
from worker_runtime.remote.refusals import rebuild_error
from yoi_bundle.errors import BundleBlobsMissingError
from yoi_bundle.metadata import BundleMetadata
from yoi_wire.client.messages import Answer, build_request, decode_answer
from yoi_wire.errors import RuntimeUnavailableError


async def put_manifest(
    connection: Connection, caller: Caller, digest: str, metadata: BundleMetadata, body: ManifestBody
) -> PutOutcome:
    """Send a manifest; see `RuntimeApi.put_bundle`."""
    headers = {METADATA_HEADER: format_header_json(metadata)}
    if body.encoding != "identity":
        headers["Content-Encoding"] = body.encoding
    request = build_request(PUT_BUNDLE, {"digest": digest, "body": body.content}, headers=headers)
    answer = await connection.send(caller, request)
    return _read_outcome(answer)


async def send_pack(
    connection: Connection, caller: Caller, lease: str, pack: AsyncIterable[bytes]
) -> PutOutcome:
    """Send a pack, once; see `RuntimeApi.put_pack`.

    What goes wrong while the pack is being made is the caller's own error, and is raised as it is.
    """
    watched = _Watched(pack)
    request = build_request(PUT_PACK, {"lease": lease, "body": watched.pieces()})
    try:
        answer = await connection.send(caller, request)
    except RuntimeUnavailableError:
        if watched.failure is not None:
            raise watched.failure from None
        raise
    return _read_outcome(answer)


class _Watched:
    """A stream that remembers what it failed with."""

    def __init__(self, inner: AsyncIterable[bytes]) -> None:
        self.failure: Exception | None = None
        self._inner = inner

    async def pieces(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._inner:
                yield piece
        except Exception as error:
            self.failure = error
            raise


def _read_outcome(answer: Answer) -> PutOutcome:
    """A staged bundle comes as the problem `bundle.blobs_missing`, and is an outcome like any other here."""
    if answer.status < 300:
        return decode_answer(PUT_BUNDLE, answer)
    error = rebuild_error(answer.status, answer.body, answer.headers)
    if not isinstance(error, BundleBlobsMissingError):
        raise error
    lease = LeaseView(id=error.lease, expires_at=answer.headers.get(LEASE_EXPIRES_HEADER, ""))
    return StagedOutcome(digest=error.digest, lease=lease, missing=tuple(error.missing))
