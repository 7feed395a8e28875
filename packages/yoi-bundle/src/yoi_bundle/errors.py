"""The typed errors of a bundle; every one has a stable code, and details that any reader may see."""

from collections.abc import Sequence
from typing import Any, ClassVar

from msgspec import Struct, to_builtins
from msgspec.structs import replace


class Fault(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is wrong in a document, with its place and what to do about it.

    Attributes:
        code: The error code the fault would raise alone, such as `bundle.invalid`.
        pointer: RFC 6901 JSON pointer into the document; empty for the whole of it.
        message: What is wrong. Never contains the offending value of a credential-capable field.
        remedy: What to write instead, or where to look.
        kind: For an unknown declaration, its kind.
        name: For an unknown declaration or feature, its name.
    """

    code: str
    pointer: str
    message: str
    remedy: str = ""
    kind: str = ""
    name: str = ""


_REMEDIES: dict[str, str] = {
    "bundle.invalid": "correct what the pointer names and build the bundle again; its shape is that of `yoi_bundle.manifest`",
    "bundle.not_canonical": "write it in the form of RFC 8785, with fields at their defaults left out",
    "bundle.secret_value": "give a secret ref in its place",
    "bundle.host_value": "write a path inside its own resource, a mount, or a host parameter",
    "bundle.hidden_text": "take the character out",
    "bundle.unresolved_reference": "add the item, or take the reference out",
    "declaration.unsupported": "leave the declaration out, or read it with a newer version",
    "feature.unsupported": "use a newer Runtime, or a profile that does without",
    "limit.exceeded": "make it smaller, or split it",
    "bundle.digest_mismatch": "take the bytes from their source again; they are not those that were named",
    "bundle.blobs_missing": "send the missing blobs, or export the bundle again",
    "schema.unsupported": "read it with a version that knows this schema, or build it anew with this one",
}
"""What to do about an error or fault that says nothing more apt itself."""


class YoiError(Exception):
    """Root of every typed error: `code` never changes, `details()` is safe for any reader."""

    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False

    @property
    def remedy(self) -> str:
        """What to do about it; empty where that depends on who asks."""
        return _REMEDIES.get(self.code, "")

    def details(self) -> dict[str, Any]:
        return {}


class FaultyBundleError(YoiError):
    """A manifest or its blobs break rules; carries every fault that was found, not only the first."""

    code: ClassVar[str] = "bundle.invalid"

    def __init__(self, faults: Sequence[Fault]) -> None:
        if not faults:
            raise ValueError("a faulty bundle has at least one fault")
        self.faults = tuple(
            fault if fault.remedy else replace(fault, remedy=_REMEDIES.get(fault.code, ""))
            for fault in faults
        )
        first = self.faults[0]
        more = f" (and {len(self.faults) - 1} more)" if len(self.faults) > 1 else ""
        super().__init__(f"{first.pointer or '/'}: {first.message}{more}")

    def details(self) -> dict[str, Any]:
        return {"faults": to_builtins(self.faults)}


class BundleInvalidError(FaultyBundleError):
    """The manifest is not of the shape that the schema asks for (B-06)."""


class SecretValueError(FaultyBundleError):
    """A value that is or may be a credential stands where only a secret ref may (B-07)."""

    code = "bundle.secret_value"


class HostValueError(FaultyBundleError):
    """A structured field names a place on a host (B-08)."""

    code = "bundle.host_value"


class HiddenTextError(FaultyBundleError):
    """A text holds characters that readers cannot see (B-09)."""

    code = "bundle.hidden_text"


class UnresolvedReferenceError(FaultyBundleError):
    """A reference inside the bundle leads nowhere (B-10)."""

    code = "bundle.unresolved_reference"


class DeclarationUnsupportedError(FaultyBundleError):
    """A declaration is of a kind this reader does not know (B-06)."""

    code = "declaration.unsupported"


class FeatureUnsupportedError(FaultyBundleError):
    """A profile needs features that this reader lacks (B-06)."""

    code = "feature.unsupported"


class BundleNotCanonicalError(YoiError):
    """The bytes are not the one accepted form of their content (B-01).

    Attributes:
        offset: The first byte, from 0, at which the bytes differ from the canonical form.
    """

    code = "bundle.not_canonical"

    def __init__(self, reason: str, offset: int = 0) -> None:
        self.reason = reason
        self.offset = offset
        super().__init__(f"not canonical at byte {offset}: {reason}")

    def details(self) -> dict[str, Any]:
        return {"reason": self.reason, "offset": self.offset}


class DigestMismatchError(YoiError):
    """The bytes do not hash to the digest they were sent under (B-02)."""

    code = "bundle.digest_mismatch"

    def __init__(self, claimed: str, computed: str) -> None:
        self.claimed = claimed
        self.computed = computed
        super().__init__(f"the bytes hash to {computed}, not to {claimed}")

    def details(self) -> dict[str, Any]:
        return {"claimed": self.claimed, "computed": self.computed}


class BundleBlobsMissingError(YoiError):
    """Blobs that a manifest names are not there: not sent yet under a lease, or not in an archive (R-04, B-13).

    Attributes:
        lease: Under which they may be sent; empty for an archive.
    """

    code = "bundle.blobs_missing"
    retryable: ClassVar[bool] = True

    def __init__(self, digest: str, lease: str, missing: Sequence[str]) -> None:
        self.digest = digest
        self.lease = lease
        self.missing = tuple(missing)
        super().__init__(f"bundle {digest} lacks {len(self.missing)} blobs")

    def details(self) -> dict[str, Any]:
        return {"digest": self.digest, "lease": self.lease, "missing": list(self.missing)}


class SchemaUnsupportedError(YoiError):
    """The manifest is of a schema version that this reader cannot read (B-06)."""

    code = "schema.unsupported"

    def __init__(self, found: object, supported: Sequence[int]) -> None:
        self.found = found if isinstance(found, int) else str(found)[:40]
        self.supported = tuple(supported)
        super().__init__(f"schema version {self.found} is not among {list(self.supported)}")

    def details(self) -> dict[str, Any]:
        return {"found": self.found, "supported": list(self.supported)}


class LimitExceededError(YoiError):
    """Something is larger than a limit allows (B-11).

    Attributes:
        limit: The limit's name, as in `Limits`.
        value: What was found; for a stream that was cut off, the least it can be.
        allowed: The limit's value, in the unit its name says.
        place: Pointer, path or `body`.
    """

    code = "limit.exceeded"

    def __init__(self, limit: str, *, value: int, allowed: int, place: str) -> None:
        self.limit = limit
        self.value = value
        self.allowed = allowed
        self.place = place
        super().__init__(f"{place}: {limit} is {value}, at most {allowed} allowed")

    def details(self) -> dict[str, Any]:
        return {"limit": self.limit, "value": self.value, "allowed": self.allowed, "place": self.place}


_FAULT_CLASSES: tuple[type[FaultyBundleError], ...] = (
    BundleInvalidError,
    DeclarationUnsupportedError,
    UnresolvedReferenceError,
    SecretValueError,
    HostValueError,
    HiddenTextError,
    FeatureUnsupportedError,
)


def raise_faults(faults: Sequence[Fault]) -> None:
    """Raise one error that carries every fault; do nothing when there are none.

    The class is that of the first code, in a fixed order, that occurs; each fault keeps a code of its own.
    """
    codes = {fault.code for fault in faults}
    for error_class in _FAULT_CLASSES:
        if error_class.code in codes:
            ordered = sorted(faults, key=lambda fault: (fault.code != error_class.code, fault.pointer))
            raise error_class(ordered)
    if faults:
        raise BundleInvalidError(faults)
