"""Types for the fields of errors: what each may say, and what stands for it when a peer's error is passed on (K-07).

A peer may be hostile. Of its error only what has the grammar of a field is passed on: numbers, truth values and texts of
a declared form. Words that it chose itself are replaced by words of this program.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, Final, TypeAlias, TypeVar

from msgspec import Struct

T = TypeVar("T")


class Form(Struct, frozen=True):
    """The grammar of a text, as a regular expression of the whole of it; a text without a form is never passed on."""

    pattern: str


class Own(Struct, frozen=True):
    """What this program says in place of what a peer said, where that does not fit the field.

    Attributes:
        words: The value to say.
        by: Name of the field beside it that chooses the words from `table`; empty for `words` always.
    """

    words: Any = ""
    by: str = ""
    table: Mapping[str, str] = MappingProxyType({})


class Marker(Struct, frozen=True):
    """Something that is true of a field."""

    name: str


LOCAL: Final = Marker("local")
WHEN_GIVEN: Final = Marker("when given")

Local: TypeAlias = Annotated[T, LOCAL]
"""An attribute of the error alone; the details do not have it."""

Given: TypeAlias = Annotated[T, WHEN_GIVEN]
"""Among the details only when it is not empty."""

Many: TypeAlias = Sequence[T]
"""Kept as a tuple, a list in the details; of a peer's, the first hundred are passed on."""

Private: TypeAlias = Annotated[str, Own("")]
"""For the caller alone: never passed on."""

Digest: TypeAlias = Annotated[str, Form(r"sha256:[0-9a-f]{64}")]
Code: TypeAlias = Annotated[str, Form(r"[a-z]+(?:[._][a-z]+)*")]
Name: TypeAlias = Annotated[str, Form(r"\*|[a-z0-9][a-z0-9._-]{0,127}")]
RuleName: TypeAlias = Annotated[str, Form(r"[a-z0-9._-]{0,128}")]
WORD: Final = Form(r"[a-z][a-z0-9_:.-]{0,63}")
Word: TypeAlias = Annotated[str, WORD]
Id: TypeAlias = Annotated[str, Form(r"[A-Za-z0-9_-]{1,128}")]
Key: TypeAlias = Annotated[str, Form(r"[!-~]{1,256}")]
Label: TypeAlias = Annotated[str, Form(r"[0-9A-Za-z.]{1,40}")]
Item: TypeAlias = Annotated[str, Form(r"[!-~]{1,1400}")]
Pointer: TypeAlias = Annotated[str, Form(r"[!-~]{0,2000}")]
"""Names of a manifest are ASCII without blanks, and so are the pointers to them."""
RequestId: TypeAlias = Annotated[str, Form(r"[0-9a-f]{1,64}")]
