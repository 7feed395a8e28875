"""Frontmatter fields by key, each coerced to what its key means; what nobody asks for is reported by name (B-14)."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from yoi_bundle.authoring.drafts.diagnostics import FileDiagnostics, show_name
from yoi_bundle.authoring.drafts.draft import NameReference
from yoi_bundle.authoring.formats.frontmatter import FrontmatterField
from yoi_bundle.authoring.formats.harmless_keys import is_harmless
from yoi_bundle.identifiers import ModelName

_LONG_CONTEXT = re.compile(r"([A-Za-z][\w.-]*)\[\d+[km]\]", re.IGNORECASE)


class FieldReader:
    """Hands out fields and remembers which were asked for."""

    def __init__(
        self,
        fields: Mapping[str, FrontmatterField],
        diagnostics: FileDiagnostics,
        *,
        harmless: frozenset[str] = frozenset(),
    ) -> None:
        """Take the fields of one file.

        Args:
            fields: By key.
            diagnostics: Of the file.
            harmless: Further keys that restrict nothing, as `plain_key` writes them.
        """
        self._fields = fields
        self._harmless = harmless
        self._diagnostics = diagnostics
        self._taken: set[str] = set()

    @property
    def values(self) -> dict[str, Any]:
        """All values by key, for a form that takes every key itself."""
        return {key: field.value for key, field in self._fields.items()}

    def take(self, key: str) -> FrontmatterField | None:
        self._taken.add(key)
        return self._fields.get(key)

    def get_line(self, key: str) -> int:
        return self._fields[key].line if key in self._fields else 1

    def get_text(self, key: str, *, confines: bool = False) -> str:
        """Return a text as its author spelled it: `3000`, `1.0` and `[x]` stay what they look like.

        What is no text is left out; under a key that confines that is an error, because a lost restriction would widen.
        """
        field = self.take(key)
        if field is None or field.value is None:
            return ""
        if isinstance(field.value, list | dict) and not field.text:
            report = self._diagnostics.error if confines else self._diagnostics.warn
            message = f"`{key}` is no text and is left out"
            report(
                "frontmatter.wrong_type",
                field.line,
                message,
                "write one word" if confines else "put it in quotes",
            )
            return ""
        return field.text.strip()

    def get_count(self, key: str) -> int | None:
        """Return a number of at least 1. Anything else is an error, because a lost limit would widen."""
        field = self.take(key)
        if field is None:
            return None
        text = field.text.strip()
        if text.isascii() and text.isdigit() and 0 < int(text[:16]) < 2**53:
            return int(text[:16])
        self._diagnostics.error(
            "frontmatter.wrong_type", field.line, f"`{key}` is no number of at least 1", "write a number"
        )
        return None

    def get_names(self, key: str) -> tuple[NameReference, ...]:
        """Return names from a list, or a text with commas between them."""
        field = self.take(key)
        if field is None or field.value is None:
            return ()
        items = field.value if isinstance(field.value, list) else field.text.split(",")
        if not items or not all(isinstance(item, str) for item in items):
            message = f"`{key}` is no list of names and is left out"
            self._diagnostics.warn("frontmatter.wrong_type", field.line, message, "write a list of names")
            return ()
        return tuple(NameReference(written=item.strip(), line=field.line) for item in items if item.strip())

    def get_models(self, key: str) -> tuple[NameReference, ...]:
        """Return models in order of preference: a text, a list, or texts with `|` between them; `inherit` is none."""
        field = self.take(key)
        if field is None or field.value is None:
            return ()
        items = field.value if isinstance(field.value, list) else field.text.split("|")
        models: list[NameReference] = []
        for item in items:
            name = item.strip().strip("'\"") if isinstance(item, str) else ""
            if name == "inherit":
                continue
            if (long := _LONG_CONTEXT.fullmatch(name)) is not None:
                message = f"`{show_name(name)}` is taken as `{long[1]}`: how much a model reads at once is the host's"
                self._diagnostics.note("model.context_left_out", field.line, message, "nothing to do")
                name = long[1]
            try:
                msgspec.convert(name, ModelName)
            except msgspec.ValidationError:
                message = f"`{key}` holds what is no model's name; it is left out"
                self._diagnostics.warn(
                    "model.malformed", field.line, message, "write a name such as `sonnet`"
                )
                continue
            models.append(NameReference(written=name, line=field.line))
        return tuple(models)

    def report_rest(self, harmless: frozenset[str], reasons: Mapping[str, str]) -> None:
        """Report each key that was not asked for; one that is not known to restrict nothing is an error.

        Args:
            harmless: Keys of the format that restrict nothing, as `harmless_keys` lists them.
            reasons: Key → why it is left out, for keys of the dialect that a bundle has no place for.
        """
        for key, field in self._fields.items():
            if key in self._taken:
                continue
            if key not in reasons and not is_harmless(key, field.value, harmless | self._harmless):
                message = f"`{show_name(key)}` may be a restriction, and is no key of this format"
                remedy = "correct its name, take it out, or list it in `harmless_keys` of `[source]` in workspace.toml"
                self._diagnostics.error("frontmatter.misspelt_key", field.line, message, remedy)
                continue
            reason = reasons.get(key, "no field of a bundle holds it")
            message = f"`{show_name(key)}` is left out: {reason}"
            self._diagnostics.note(
                "frontmatter.unmapped_key", field.line, message, "nothing to do, or say it in .yoi"
            )
