"""What in a manifest is worth a warning and no refusal (B-07 to B-09); a builder says it, a Runtime does not ask."""

from collections.abc import Iterator
from functools import lru_cache

from yoi_bundle.boundary.generated_value_shape import find_opaque_run
from yoi_bundle.boundary.hidden_text import find_hidden_text
from yoi_bundle.boundary.host_places import find_host_paths_in_prose
from yoi_bundle.boundary.redaction import redact_pointer
from yoi_bundle.errors import Fault
from yoi_bundle.identifiers import decode_path

_PROSE_FIELDS = ("/title", "/description", "/argument_hint", "/license")


def find_boundary_warnings(texts: list[tuple[str, str]]) -> list[Fault]:
    """Return names that look generated, hidden characters that only warn, and personal places in titles and descriptions.

    The code of each is the one it would have as a refusal.

    Args:
        texts: Every key and string with its pointer, as `manifest_texts.list_texts` gives them.
    """
    return [warning for pointer, text in texts for warning in _find_in_text(pointer, text)]


@lru_cache(maxsize=16_384)
def _is_opaque(text: str) -> bool:
    """Names come again and again: as keys, in references, in paths."""
    return find_opaque_run(decode_path(text)) is not None


def _find_in_text(pointer: str, text: str) -> Iterator[Fault]:
    for hidden in find_hidden_text(text):
        if not hidden.refused:
            message = f"hidden character {hidden.code_point} in line {hidden.line}, column {hidden.column}"
            yield Fault(
                code="bundle.hidden_text",
                pointer=redact_pointer(pointer),
                message=message,
                remedy="take it out",
            )
    if pointer.endswith(_PROSE_FIELDS):
        for place in find_host_paths_in_prose(text.encode()):
            remedy = "say it without the place of one person's files"
            yield Fault(
                code="bundle.host_value", pointer=redact_pointer(pointer), message=place.kind, remedy=remedy
            )
    elif _is_opaque(text):
        remedy = "if it is a credential, revoke it and give the item another name"
        yield Fault(
            code="bundle.secret_value",
            pointer=redact_pointer(pointer),
            message="a name that looks like a generated value",
            remedy=remedy,
        )
