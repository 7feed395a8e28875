"""Exit codes, the same for every command; `docs/cli.md` says them to people. Each error declares which is its own."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from yoi_bundle.errors import Exit, YoiError

DONE = 0
REFUSED = 1
USAGE = 2
NOT_FOUND = 3
CONFLICT = 4
UNAVAILABLE = 5
INTERNAL = 70
INTERRUPTED = 130

EXIT_CODES: "Mapping[Exit, int]" = MappingProxyType(
    {
        "refused": REFUSED,
        "usage": USAGE,
        "not_found": NOT_FOUND,
        "conflict": CONFLICT,
        "unavailable": UNAVAILABLE,
        "internal": INTERNAL,
    }
)


def get_exit_code(error: "YoiError | type[YoiError]") -> int:
    """Return the exit code of an error."""
    return EXIT_CODES[error.exit]
