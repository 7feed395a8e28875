"""Error base class, and the typed errors of a bundle; each error is declared once, by its class.

A class declares its code, what the code means on the wire (status) and out of a process (exit), a sentence, what to do about
it, and its fields. Constructor, details and message follow from that; `yoi_wire` derives what peers and documents need.
"""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY
from inspect import Parameter, Signature, get_annotations
from types import MappingProxyType
from typing import (
    Annotated,
    Any,
    ClassVar,
    Literal,
    TypeAlias,
    TypedDict,
    Unpack,
    dataclass_transform,
    get_origin,
)

from msgspec import Struct, to_builtins
from msgspec.structs import replace

from yoi_bundle.error_fields import (
    LOCAL,
    WHEN_GIVEN,
    Code,
    Digest,
    Item,
    Label,
    Many,
    Own,
    Pointer,
    Private,
    Word,
)

Exit: TypeAlias = Literal["refused", "usage", "not_found", "conflict", "unavailable", "internal"]
"""How a program that met the error ends; the command line has a number for each."""

_EXITS: Mapping[int, Exit] = MappingProxyType(
    {
        400: "usage",
        404: "not_found",
        409: "conflict",
        410: "conflict",
        500: "internal",
        503: "unavailable",
    }
)
"""Of errors that say none, by status; `refused` for every other one."""


class Declared(TypedDict, total=False):
    """What the head of an error class may say; what it leaves out is that of the class above it.

    Attributes:
        code: Stable and dotted. A class without one of its own specialises the class above it.
        req: The rule of docs/requirements.md that asks for it.
        status: Of HTTP.
        exit: Needed where it does not follow from the status.
    """

    code: str
    req: str
    status: int
    exit: Exit
    retryable: bool


_CLASSES: dict[str, type["YoiError"]] = {}

ERROR_CLASSES: Mapping[str, type["YoiError"]] = MappingProxyType(_CLASSES)
"""The class that declares each code, of the modules that are imported."""


@dataclass_transform(eq_default=False)
class YoiError(Exception):
    """Root of every typed error: `code` never changes, `details()` is safe for any reader.

    Annotated fields of a subclass are the arguments of its constructor, as in a dataclass. A subclass whose status or
    remedy depends on its fields sets them in `__post_init__`.

    Attributes:
        remedy: What to do about it; empty where that depends on who asks.
        sentence: What has happened, with fields in braces.
    """

    code: str = "internal"
    req: str = ""
    status: int = 500
    exit: Exit = "internal"
    retryable: bool = False
    remedy: str = ""
    sentence: str = ""
    fields: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    _signature: ClassVar[Signature | None] = None

    def __init_subclass__(cls, **declared: Unpack[Declared]) -> None:
        super().__init_subclass__()
        if "status" in declared:
            declared.setdefault("exit", _EXITS.get(declared["status"], "refused"))
        for name, value in declared.items():
            setattr(cls, name, value)
        if "code" in declared and _CLASSES.setdefault(cls.code, cls) is not cls:
            raise TypeError(f"{cls.code} is declared twice")
        hints = get_annotations(cls)
        if hints:
            cls._declare_fields(hints)

    @classmethod
    def _declare_fields(cls, hints: Mapping[str, Any]) -> None:
        parameters = dict(cls._signature.parameters) if cls._signature else {}
        names = list(hints)
        by_keyword = names[names.index("_") + 1 :] if "_" in names else []
        for name, hint in hints.items():
            if hint is not KW_ONLY:
                kind = Parameter.KEYWORD_ONLY if name in by_keyword else Parameter.POSITIONAL_OR_KEYWORD
                default = vars(cls).get(name, Parameter.empty)
                parameters[name] = Parameter(name, kind, default=default, annotation=hint)
        cls._signature = Signature(sorted(parameters.values(), key=lambda one: one.kind))
        cls.fields = MappingProxyType({name: one.annotation for name, one in parameters.items()})

    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__(*values)
        if self._signature is None:
            return
        bound = self._signature.bind(*values, **named)
        bound.apply_defaults()
        for name, value in bound.arguments.items():
            setattr(self, name, tuple(value) if get_origin(self.fields[name]) is Sequence else value)
        self.__post_init__()

    def __post_init__(self) -> None:
        """Check and complete the fields."""

    def __str__(self) -> str:
        return self.sentence.format_map(vars(self)) if self.sentence else super().__str__()

    def details(self) -> dict[str, Any]:
        """Return the fields by name, in JSON's types."""
        found: dict[str, Any] = {}
        for name, hint in self.fields.items():
            value = getattr(self, name)
            marks = getattr(hint, "__metadata__", ())
            if LOCAL not in marks and (value or WHEN_GIVEN not in marks):
                found[name] = to_builtins(list(value)) if isinstance(value, tuple) else value
        return found


_WORDS: dict[str, str] = {}
"""What is said of a peer's faults, by code; see `FaultyBundleError`."""


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

    code: Code
    pointer: Pointer
    message: Annotated[str, Own("refused", by="code", table=_WORDS)]
    remedy: str = ""
    kind: Word = ""
    name: Item = ""


class FaultyBundleError(YoiError, status=422):
    """A manifest or its blobs break rules; carries every fault that was found, not only the first.

    When several kinds of faults are found, the error is of the class that is declared first below.

    Attributes:
        words: What is said of a fault that a peer reports, in place of its own words.
    """

    words = "refused"
    faults: Many[Fault]

    def __init_subclass__(cls, **declared: Unpack[Declared]) -> None:
        super().__init_subclass__(**declared)
        _WORDS[cls.code] = cls.words

    def __post_init__(self) -> None:
        if not self.faults:
            raise ValueError("a faulty bundle has at least one fault")
        self.faults = tuple(
            fault if fault.remedy else replace(fault, remedy=_find_remedy(fault.code))
            for fault in self.faults
        )

    def __str__(self) -> str:
        first = self.faults[0]
        more = f" (and {len(self.faults) - 1} more)" if len(self.faults) > 1 else ""
        return f"{first.pointer or '/'}: {first.message}{more}"


class BundleInvalidError(FaultyBundleError, code="bundle.invalid", req="B-06"):
    """The manifest is not of the shape that the schema asks for."""

    words = "not of the form that is asked for there"
    remedy = "correct what the pointer names and build the bundle again; its shape is that of `yoi_bundle.manifest`"


class DeclarationUnsupportedError(FaultyBundleError, code="declaration.unsupported", req="B-06"):
    """A declaration is of a kind this reader does not know."""

    words = "of a kind that the Runtime does not know"
    remedy = "leave the declaration out, or read it with a newer version"


class UnresolvedReferenceError(FaultyBundleError, code="bundle.unresolved_reference", req="B-10"):
    """A reference inside the bundle leads nowhere."""

    words = "leads nowhere"
    remedy = "add the item, or take the reference out"


class SecretValueError(FaultyBundleError, code="bundle.secret_value", req="B-07"):
    """A value that is or may be a credential stands where only a secret ref may."""

    words = "may be a credential"
    remedy = "give a secret ref in its place"


class HostValueError(FaultyBundleError, code="bundle.host_value", req="B-08"):
    """A structured field names a place on a host."""

    words = "names a place on a host"
    remedy = "write a path inside its own resource, a mount, or a host parameter"


class HiddenTextError(FaultyBundleError, code="bundle.hidden_text", req="B-09"):
    """A text holds characters that readers cannot see."""

    words = "holds characters that readers cannot see"
    remedy = "take the character out"


class FeatureUnsupportedError(FaultyBundleError, code="feature.unsupported", req="B-06"):
    """A profile needs features that this reader lacks."""

    words = "needs a feature that the Runtime lacks"
    remedy = "use a newer Runtime, or a profile that does without"


class BundleNotCanonicalError(YoiError, code="bundle.not_canonical", req="B-01", status=422):
    """The bytes are not the one accepted form of their content.

    Attributes:
        offset: The first byte, from 0, at which the bytes differ from the canonical form.
    """

    remedy = "write it in the form of RFC 8785, with fields at their defaults left out"
    sentence = "not canonical at byte {offset}: {reason}"
    reason: Annotated[str, Own("another form than RFC 8785 gives")]
    offset: int = 0


class DigestMismatchError(YoiError, code="bundle.digest_mismatch", req="B-02", status=422):
    """The bytes do not hash to the digest they were sent under."""

    remedy = "take the bytes from their source again; they are not those that were named"
    sentence = "the bytes hash to {computed}, not to {claimed}"
    claimed: Digest
    computed: Digest


class BundleBlobsMissingError(
    YoiError, code="bundle.blobs_missing", req="R-04", status=409, exit="refused", retryable=True
):
    """Blobs that a manifest names are not there: not sent yet under a lease, or not in an archive (B-13).

    Attributes:
        lease: Under which they may be sent; empty for an archive.
    """

    remedy = "send the missing blobs, or export the bundle again"
    digest: Digest
    lease: Private
    missing: Many[Digest]

    def __str__(self) -> str:
        return f"bundle {self.digest} lacks {len(self.missing)} blobs"


class SchemaUnsupportedError(YoiError, code="schema.unsupported", req="B-06", status=422):
    """The manifest is of a schema version that this reader cannot read."""

    remedy = "read it with a version that knows this schema, or build it anew with this one"
    sentence = "schema version {found} is not among {supported}"
    found: int | Label
    supported: Many[int]


class LimitExceededError(YoiError, code="limit.exceeded", req="B-11", status=413):
    """Something is larger than a limit allows.

    Attributes:
        limit: The limit's name, as in `Limits`.
        value: What was found; for a stream that was cut off, the least it can be.
        allowed: The limit's value, in the unit its name says.
        place: Pointer, path or `body`.
    """

    remedy = "make it smaller, or split it"
    sentence = "{place}: {limit} is {value}, at most {allowed} allowed"
    limit: Word
    _: KW_ONLY
    value: int
    allowed: int
    place: Pointer


def raise_faults(faults: Sequence[Fault]) -> None:
    """Raise one error that carries every fault; do nothing when there are none.

    The class is the first declared one whose code occurs; each fault keeps a code of its own.
    """
    codes = {fault.code for fault in faults}
    for error_class in FaultyBundleError.__subclasses__():
        if error_class.code in codes:
            ordered = sorted(faults, key=lambda fault: (fault.code != error_class.code, fault.pointer))
            raise error_class(ordered)
    if faults:
        raise BundleInvalidError(faults)


def _find_remedy(code: str) -> str:
    error_class = ERROR_CLASSES.get(code)
    return error_class.remedy if error_class else ""
