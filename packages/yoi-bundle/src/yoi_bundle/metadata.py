"""What is known about a bundle: revision, time, provenance; never part of the digest (B-03)."""

import re
from datetime import datetime
from typing import Annotated, Literal, TypeAlias
from urllib.parse import unquote

import msgspec
from msgspec import Meta, Struct

from yoi_bundle.boundary.secret_rules import find_provider_token
from yoi_bundle.canonical import MAX_SAFE_INTEGER
from yoi_bundle.digest import Digest
from yoi_bundle.errors import BundleInvalidError, Fault
from yoi_bundle.faults import find_type_faults
from yoi_bundle.identifiers import WorkspaceId

Instant: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?Z(?!\n)$",
        max_length=27,
    ),
]
"""RFC 3339, in UTC: `2026-01-31T12:00:00Z`."""

Revision: TypeAlias = Annotated[int, Meta(ge=1, le=MAX_SAFE_INTEGER)]
MAX_METADATA_BYTES = 4096


class Provenance(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Where the content came from, as its authenticated publisher claims it.

    Attributes:
        source: A repository address or directory label, without credentials and without a host's paths.
        commit: The commit that was built, in lower-case hexadecimal.
        dirty: Whether files differed from that commit.
        builder: Name of the program that built the bundle.
    """

    kind: Literal["git", "directory", "api"]
    builder: Annotated[str, Meta(max_length=64)]
    builder_version: Annotated[str, Meta(max_length=64)]
    source: Annotated[str, Meta(max_length=1024)] = ""
    commit: Annotated[str, Meta(pattern=r"^(?:[0-9a-f]{40}|[0-9a-f]{64})?(?!\n)$", max_length=64)] = ""
    dirty: bool = False


class DetachedSignature(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Room for a signature over (issuer, workspace, revision, digest); it never touches the manifest.

    Attributes:
        key: Key id.
        value: Base64url, without padding.
    """

    key: Annotated[str, Meta(max_length=128)]
    value: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]+(?!\n)$", max_length=1024)]


class BundleMetadata(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Travels beside the manifest's bytes.

    Attributes:
        revision: Grows by one per workspace with each new digest.
    """

    workspace: WorkspaceId
    digest: Digest
    revision: Revision
    created_at: Instant
    provenance: Provenance
    publisher: Annotated[str, Meta(max_length=256)] = ""
    signature: DetachedSignature | None = None


def decode_metadata(data: bytes) -> BundleMetadata:
    """Decode metadata: JSON of at most 4 KiB, strict.

    Raises:
        BundleInvalidError: With every fault; pointers are into the metadata.
    """
    if len(data) > MAX_METADATA_BYTES:
        raise BundleInvalidError([_fault("metadata of more than 4 KiB")])
    try:
        metadata = msgspec.json.decode(data, type=BundleMetadata)
    except msgspec.ValidationError:
        faults = find_type_faults(msgspec.json.decode(data), BundleMetadata)
        raise BundleInvalidError(faults or [_fault("not bundle metadata")]) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise BundleInvalidError([_fault("metadata that is not JSON")]) from None
    _verify_meaning(metadata)
    return metadata


def verify_metadata(metadata: BundleMetadata) -> None:
    """Check metadata that was made in this process; its type alone promises no range and no form.

    Raises:
        BundleInvalidError: With every fault; pointers are into the metadata.
    """
    try:
        data = msgspec.json.encode(metadata)
    except (TypeError, ValueError, UnicodeError):
        raise BundleInvalidError([_fault("values that JSON has no form for")]) from None
    decode_metadata(data)


def _verify_meaning(metadata: BundleMetadata) -> None:
    """Check what no pattern can: the instant is one, the source holds no credentials, nothing asks to be verified in vain."""
    faults: list[Fault] = []
    try:
        datetime.fromisoformat(metadata.created_at)
    except ValueError:
        faults.append(_fault("no day or time of the calendar", "/created_at"))
    if _USERINFO.match(metadata.provenance.source):
        faults.append(_fault("credentials in an address", "/provenance/source"))
    elif holds_path_credential(metadata.provenance.source):
        faults.append(_fault("a credential in the path of an address", "/provenance/source"))
    if metadata.signature is not None:
        # What is accepted is enforced or refused (B-06), and nothing verifies signatures yet.
        faults.append(_fault("a signature, which this version cannot verify", "/signature"))
    if faults:
        raise BundleInvalidError(faults)


_USERINFO = re.compile(r"^([a-z][a-z0-9+.-]*://)[^/]*@", re.IGNORECASE)


def holds_path_credential(source: str) -> bool:
    """Tell whether an address holds a credential of a known format elsewhere than in its userinfo, decoded or not."""
    return any(find_provider_token(text) is not None for text in (source, unquote(source)))


def remove_credentials(source: str) -> str:
    """Take userinfo, query and fragment out of a repository address; one with a credential in its path becomes empty."""
    if holds_path_credential(source):
        return ""
    without_user = _USERINFO.sub(r"\1", source)
    return re.split(r"[?#]", without_user, maxsplit=1)[0] if "://" in source else without_user


def _fault(message: str, pointer: str = "") -> Fault:
    return Fault(code="bundle.invalid", pointer=pointer, message=message)
