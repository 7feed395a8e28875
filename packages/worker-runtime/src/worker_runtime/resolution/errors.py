"""What a refused resolution says: every reason at once, each with a code of its own (S-09)."""

from collections.abc import Sequence
from typing import Any, ClassVar

from msgspec import Struct, to_builtins

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

    code: str
    kind: str
    id: str
    layer: str = ""
    pointer: str = ""
    rule: str = ""
    message: str = ""


class ResolutionRefusedError(YoiError):
    """A required item, or a required capability of the intent, is not granted in full."""

    code: ClassVar[str] = "resolution.refused"

    def __init__(self, reasons: Sequence[Reason]) -> None:
        if not reasons:
            raise ValueError("a refusal has at least one reason")
        self.reasons = tuple(reasons)
        more = f" (and {len(self.reasons) - 1} more)" if len(self.reasons) > 1 else ""
        first = self.reasons[0]
        super().__init__(f"{first.code}: {first.kind} {first.id}: {first.message}{more}")

    def details(self) -> dict[str, Any]:
        return {"reasons": to_builtins(self.reasons)}


class InvalidSelectorError(YoiError):
    """The text is no selector: neither `builtin:NAME`, `workspace:NAME` nor `default`."""

    code = "profile.invalid_selector"

    def __init__(self, selector: str) -> None:
        self.selector = selector[:200]
        super().__init__(f"{self.selector!r} is no selector: write builtin:NAME, workspace:NAME or default")

    def details(self) -> dict[str, Any]:
        return {"selector": self.selector}


class ProfileNotFoundError(YoiError):
    """No profile has this selector; nothing else is taken in its place (S-07)."""

    code = "profile.not_found"

    def __init__(self, selector: str, source: str) -> None:
        self.selector = selector
        self.source = source
        super().__init__(f"no profile {selector} in the {source}")

    def details(self) -> dict[str, Any]:
        return {"selector": self.selector, "source": self.source}


class BundleRequiredError(YoiError):
    """The Worker needs a bundle, by host policy or because of what it asks for (S-07)."""

    code = "bundle.required"

    def __init__(self, selector: str, why: str) -> None:
        self.selector = selector
        self.why = why
        super().__init__(f"{selector} needs a config bundle: {why}")

    def details(self) -> dict[str, Any]:
        return {"selector": self.selector, "why": self.why}
