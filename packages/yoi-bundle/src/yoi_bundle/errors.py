"""Error base class, and the typed errors of a bundle; each error is declared once, by its class.

A class declares its code, what the code means on the wire (status) and out of a process (exit), what to do about it, and its
fields. Constructor, details and message follow from that; `yoi_wire` derives what peers and documents need.
"""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY
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


class Declared(TypedDict, total=False):
    """What the head of an error class may say; what it leaves out is that of the class above it.

    Attributes:
        code: Stable and dotted. A class without one of its own specialises the class above it.
        requirement: The rule of docs/requirements.md that asks for it.
        status: Of HTTP.
        remedy: What to do about it; empty where that depends on who asks.
        message: A sentence with fields in braces.
    """

    code: str
    requirement: str
    status: int
    exit: Exit
    retryable: bool
    remedy: str
    message: str


_CLASSES: dict[str, type["YoiError"]] = {}

ERROR_CLASSES: Mapping[str, type["YoiError"]] = MappingProxyType(_CLASSES)
"""The class that declares each code, of the modules that are imported."""


@dataclass_transform(eq_default=False)
class YoiError(Exception):
    """Root of every typed error: `code` never changes, `details()` is safe for any reader.

    Annotated fields of a subclass are the arguments of its constructor, as in a dataclass. A subclass whose status or
    remedy depends on its fields sets them in `__post_init__`.
    """

    code: str = "internal"
    requirement: str = ""
    status: int = 500
    exit: Exit = "internal"
    retryable: bool = False
    remedy: str = ""
    message_template: ClassVar[str] = ""
    fields: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    _signature: ClassVar[inspect.Signature | None] = None

    def __init_subclass__(cls, **declared: Unpack[Declared]) -> None:
        super().__init_subclass__()
        if "message" in declared:
            cls.message_template = declared.pop("message")
        for name, value in declared.items():
            setattr(cls, name, value)
        if "code" in declared and _CLASSES.setdefault(cls.code, cls) is not cls:
            raise TypeError(f"{cls.code} is declared twice")
        hints = inspect.get_annotations(cls)
        if hints:
            cls._declare_fields(hints)

    @classmethod
    def _declare_fields(cls, hints: Mapping[str, Any]) -> None:
        parameters = dict(cls._signature.parameters) if cls._signature else {}
        keyword_only = False
        for name, hint in hints.items():
            if hint is KW_ONLY:
                keyword_only = True
            else:
                kind = (
                    inspect.Parameter.KEYWORD_ONLY
                    if keyword_only
                    else inspect.Parameter.POSITIONAL_OR_KEYWORD
                )
                default = vars(cls).get(name, inspect.Parameter.empty)
                parameters[name] = inspect.Parameter(name, kind, default=default, annotation=hint)
        cls._signature = inspect.Signature(sorted(parameters.values(), key=lambda one: one.kind))
        cls.fields = MappingProxyType({name: one.annotation for name, one in parameters.items()})

    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__(*values)
        if self._signature is None:
            return
        bound = self._signature.bind(*values, **named)
        bound.apply_defaults()
        for name, value in bound.arguments.items():
            setattr(self, name, tuple(value) if is_sequence(self.fields[name]) else value)
        self.__post_init__()

    def __post_init__(self) -> None:
        """Check and complete the fields."""

    def __str__(self) -> str:
        return self.message_template.format_map(vars(self)) if self.message_template else super().__str__()

    def details(self) -> dict[str, Any]:
        """Return the fields by name, in JSON's types."""
        found: dict[str, Any] = {}
        for name, hint in self.fields.items():
            value = getattr(self, name)
            marks = getattr(hint, "__metadata__", ())
            if LOCAL not in marks and (value or WHEN_GIVEN not in marks):
                found[name] = to_builtins(list(value)) if isinstance(value, tuple) else value
        return found


def is_sequence(hint: Any) -> bool:
    """Tell whether a field's type is `Many`."""
    return get_origin(getattr(hint, "__origin__", hint)) is Sequence or get_origin(hint) is Sequence


_WORDS: dict[str, str] = {}


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


class FaultyBundleError(YoiError, status=422, exit="refused"):
    """A manifest or its blobs break rules; carries every fault that was found, not only the first.

    When several kinds of faults are found, the error is of the class that is declared first below.
    """

    faults: Many[Fault]

    def __init_subclass__(cls, words: str, **declared: Unpack[Declared]) -> None:
        """Declare a kind of fault.

        Args:
            words: What is said of such a fault that a peer reports, in place of its own words.
            declared: See `Declared`.
        """
        super().__init_subclass__(**declared)
        _WORDS[cls.code] = words

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


class BundleInvalidError(
    FaultyBundleError,
    code="bundle.invalid",
    requirement="B-06",
    remedy="correct what the pointer names and build the bundle again; its shape is that of `yoi_bundle.manifest`",
    words="not of the form that is asked for there",
):
    """The manifest is not of the shape that the schema asks for."""


class DeclarationUnsupportedError(
    FaultyBundleError,
    code="declaration.unsupported",
    requirement="B-06",
    remedy="leave the declaration out, or read it with a newer version",
    words="of a kind that the Runtime does not know",
):
    """A declaration is of a kind this reader does not know."""


class UnresolvedReferenceError(
    FaultyBundleError,
    code="bundle.unresolved_reference",
    requirement="B-10",
    remedy="add the item, or take the reference out",
    words="leads nowhere",
):
    """A reference inside the bundle leads nowhere."""


class SecretValueError(
    FaultyBundleError,
    code="bundle.secret_value",
    requirement="B-07",
    remedy="give a secret ref in its place",
    words="may be a credential",
):
    """A value that is or may be a credential stands where only a secret ref may."""


class HostValueError(
    FaultyBundleError,
    code="bundle.host_value",
    requirement="B-08",
    remedy="write a path inside its own resource, a mount, or a host parameter",
    words="names a place on a host",
):
    """A structured field names a place on a host."""


class HiddenTextError(
    FaultyBundleError,
    code="bundle.hidden_text",
    requirement="B-09",
    remedy="take the character out",
    words="holds characters that readers cannot see",
):
    """A text holds characters that readers cannot see."""


class FeatureUnsupportedError(
    FaultyBundleError,
    code="feature.unsupported",
    requirement="B-06",
    remedy="use a newer Runtime, or a profile that does without",
    words="needs a feature that the Runtime lacks",
):
    """A profile needs features that this reader lacks."""


class BundleNotCanonicalError(
    YoiError,
    code="bundle.not_canonical",
    requirement="B-01",
    status=422,
    exit="refused",
    remedy="write it in the form of RFC 8785, with fields at their defaults left out",
    message="not canonical at byte {offset}: {reason}",
):
    """The bytes are not the one accepted form of their content.

    Attributes:
        offset: The first byte, from 0, at which the bytes differ from the canonical form.
    """

    reason: Annotated[str, Own("another form than RFC 8785 gives")]
    offset: int = 0


class DigestMismatchError(
    YoiError,
    code="bundle.digest_mismatch",
    requirement="B-02",
    status=422,
    exit="refused",
    remedy="take the bytes from their source again; they are not those that were named",
    message="the bytes hash to {computed}, not to {claimed}",
):
    """The bytes do not hash to the digest they were sent under."""

    claimed: Digest
    computed: Digest


class BundleBlobsMissingError(
    YoiError,
    code="bundle.blobs_missing",
    requirement="R-04",
    status=409,
    exit="refused",
    retryable=True,
    remedy="send the missing blobs, or export the bundle again",
):
    """Blobs that a manifest names are not there: not sent yet under a lease, or not in an archive (B-13).

    Attributes:
        lease: Under which they may be sent; empty for an archive.
    """

    digest: Digest
    lease: Private
    missing: Many[Digest]

    def __str__(self) -> str:
        return f"bundle {self.digest} lacks {len(self.missing)} blobs"


class SchemaUnsupportedError(
    YoiError,
    code="schema.unsupported",
    requirement="B-06",
    status=422,
    exit="refused",
    remedy="read it with a version that knows this schema, or build it anew with this one",
    message="schema version {found} is not among {supported}",
):
    """The manifest is of a schema version that this reader cannot read."""

    found: int | Label
    supported: Many[int]


class LimitExceededError(
    YoiError,
    code="limit.exceeded",
    requirement="B-11",
    status=413,
    exit="refused",
    remedy="make it smaller, or split it",
    message="{place}: {limit} is {value}, at most {allowed} allowed",
):
    """Something is larger than a limit allows.

    Attributes:
        limit: The limit's name, as in `Limits`.
        value: What was found; for a stream that was cut off, the least it can be.
        allowed: The limit's value, in the unit its name says.
        place: Pointer, path or `body`.
    """

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
