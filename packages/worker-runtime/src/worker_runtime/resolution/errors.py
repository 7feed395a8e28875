"""What a refused resolution says: every reason at once, each with a code of its own (S-09)."""

from typing import Annotated

from msgspec import Struct

from worker_runtime.resolution.rules import RULE_SENTENCES
from yoi_bundle.error_fields import Code, Item, Many, Own, Pointer, Word
from yoi_bundle.errors import YoiError


class Reason(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a Worker is refused; safe for any reader.

    Attributes:
        code: `policy.denied`, `secret.unavailable` and so on.
        kind: Kind of the item, as in `Decision`.
        id: The item.
        layer: The layer that withheld it.
        pointer: Place in that layer's own document.
        rule: Id of the rule that decided, from `resolution.rules`.
        message: The same in a sentence.
    """

    code: Code
    kind: Word
    id: Annotated[Item, Own("")]
    layer: Word = ""
    pointer: Pointer = ""
    rule: Word = ""
    message: Annotated[str, Own("", by="rule", table=RULE_SENTENCES)] = ""


class ResolutionRefusedError(YoiError, code="resolution.refused", req="S-09", status=422):
    """A required item, or a required capability of the intent, is not granted in full."""

    reasons: Many[Reason]

    def __post_init__(self) -> None:
        if not self.reasons:
            raise ValueError("a refusal has at least one reason")

    def __str__(self) -> str:
        more = f" (and {len(self.reasons) - 1} more)" if len(self.reasons) > 1 else ""
        first = self.reasons[0]
        return f"{first.code}: {first.kind} {first.id}: {first.message}{more}"


class InvalidSelectorError(YoiError, code="profile.invalid_selector", req="S-07", status=422, exit="usage"):
    """The text is no selector: neither `builtin:NAME`, `workspace:NAME` nor `default`."""

    sentence = "{selector!r} is no selector: write builtin:NAME, workspace:NAME or default"
    selector: Annotated[Item, Own("")]

    def __post_init__(self) -> None:
        self.selector = self.selector[:200]


class ProfileNotFoundError(YoiError, code="profile.not_found", req="B-10", status=404):
    """No profile has this selector; nothing else is taken in its place (S-07)."""

    sentence = "no profile {selector} in the {source}"
    selector: Item
    source: Word


class BundleRequiredError(YoiError, code="bundle.required", req="S-07", status=403):
    """The Worker needs a bundle, by host policy or because of what it asks for."""

    sentence = "{selector} needs a config bundle: {why}"
    selector: Item
    why: Annotated[str, Own("the host's policy asks for one")]
