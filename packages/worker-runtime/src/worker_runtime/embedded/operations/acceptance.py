"""Acceptance checks on the content of blobs, beyond hashing to their digest (B-10)."""

import io
import time
from collections.abc import Iterable
from itertools import chain
from typing import BinaryIO

from msgspec import Struct

from worker_runtime.embedded.operations.context import Context
from worker_runtime.embedded.operations.loading import read_blob
from worker_runtime.store.blobs import (
    find_missing_blobs,
    find_unchecked_json,
    find_unchecked_texts,
    mark_json,
    mark_texts,
)
from worker_runtime.store.connection import Connection
from yoi_bundle.boundary.free_json import find_free_json_faults
from yoi_bundle.boundary.text_blob import find_text_blob_faults
from yoi_bundle.deadline import Deadline
from yoi_bundle.descriptors import list_descriptors, list_free_json
from yoi_bundle.errors import raise_faults
from yoi_bundle.media_types import FREE_JSON_MEDIA_TYPE, PLUGIN_PACKAGE_MEDIA_TYPE, TEXT_MEDIA_TYPES
from yoi_bundle.verified import VerifiedBundle

_CHECK_SECONDS = 60
"""For one blob: the largest one of prose takes a third of that; what takes longer was written to."""


class ContentChecks(Struct, frozen=True, kw_only=True):
    """Which blobs of a bundle are checked before it is accepted, each with the pointer of a descriptor.

    Attributes:
        json: Free JSON, whatever host policy says.
        texts: All but packages, where host policy says so; empty otherwise.
        declared_texts: Those of `texts` whose media type is one of text.
    """

    json: dict[str, str]
    texts: dict[str, str]
    declared_texts: frozenset[str]

    def __contains__(self, digest: str) -> bool:
        return digest in self.json or digest in self.texts


def list_checks(context: Context, issuer: str, bundle: VerifiedBundle) -> ContentChecks:
    """Return what is to be checked under the host policy of this moment.

    One blob may stand under two media types; being text elsewhere excuses no free JSON. The blobs of items that this
    reader cannot read have no pointer and are checked too.
    """
    policy = context.host.get_policy(issuer, bundle.manifest.workspace)
    unplaced = [("", descriptor) for descriptor in bundle.blobs.values()]
    schemas = chain(unplaced, list_free_json(bundle.manifest))
    texts = [*unplaced, *list_descriptors(bundle.manifest)] if policy.recheck_text else []
    return ContentChecks(
        json={one.digest: pointer for pointer, one in schemas if one.media_type == FREE_JSON_MEDIA_TYPE},
        texts={one.digest: pointer for pointer, one in texts if one.media_type != PLUGIN_PACKAGE_MEDIA_TYPE},
        declared_texts=frozenset(one.digest for _, one in texts if one.media_type in TEXT_MEDIA_TYPES),
    )


def verify_content(context: Context, checks: ContentChecks, digest: str, content: bytes | BinaryIO) -> None:
    """Check a blob again, whatever its builder did (B-10); do nothing when it is not to be checked.

    The content may be a file, which is read from its beginning.

    Raises:
        LimitExceededError: Free JSON that nests too deeply, or a check that takes too long.
        BundleInvalidError, SecretValueError, HostValueError, HiddenTextError: With every fault.
    """
    deadline = Deadline(_CHECK_SECONDS, read_seconds=time.monotonic)
    if digest in checks.json:
        faults = find_free_json_faults(
            _read(content), place=checks.json[digest], limits=context.limits, deadline=deadline
        )
        raise_faults(faults)
    if digest in checks.texts:
        faults = find_text_blob_faults(
            io.BytesIO(content) if isinstance(content, bytes) else content,
            place=checks.texts[digest],
            scanner=context.scanner,
            declared_text=digest in checks.declared_texts,
            deadline=deadline,
        )
        raise_faults(faults)


def verify_held_content(
    context: Context, checks: ContentChecks, workspace_id: int, bundle_digest: str
) -> None:
    """Check blobs that are held already and came when nobody asked for it.

    Raises:
        BundleCorruptError: One of them is damaged.
        FaultyBundleError, LimitExceededError: See `verify_content`.
    """
    with context.database.read() as connection:
        unchecked = find_unchecked(connection, workspace_id, checks)
    for digest in unchecked:
        verify_content(context, checks, digest, read_blob(context, workspace_id, bundle_digest, digest))
    if unchecked:
        with context.database.write() as connection:
            mark_json(connection, workspace_id, checks.json.keys() & unchecked)
            mark_texts(connection, workspace_id, checks.texts.keys() & unchecked)


def find_unchecked(connection: Connection, workspace_id: int, checks: ContentChecks) -> list[str]:
    """Return the digests of held blobs that are still to be checked, sorted."""
    unchecked = set(find_unchecked_json(connection, workspace_id, checks.json))
    if checks.texts:
        unchecked.update(find_unchecked_texts(connection, workspace_id, checks.texts))
    return sorted(unchecked)


def find_unready(
    connection: Connection, workspace_id: int, bundle: VerifiedBundle, checks: ContentChecks
) -> list[str]:
    """Return what keeps a bundle from being committed; blobs held before may be gone or damaged since."""
    missing = find_missing_blobs(connection, workspace_id, bundle.blobs)
    return missing or find_unchecked(connection, workspace_id, checks)


def mark_checked_texts(
    connection: Connection, workspace_id: int, checks: ContentChecks, digests: Iterable[str]
) -> None:
    """Record, beside blobs just stored, that they were checked as text; `put_blobs` records free JSON itself."""
    checked = [digest for digest in digests if digest in checks.texts]
    if checked:
        mark_texts(connection, workspace_id, checked)


def _read(content: bytes | BinaryIO) -> bytes:
    if isinstance(content, bytes):
        return content
    content.seek(0)
    return content.read()
