"""Which methods a path takes, for the `Allow` of a 405 (RFC 9110, section 10.2.1)."""

import re

from worker_runtime.rest.openapi_documents import OPERATIONS

_PARAMETER = re.compile(r"\\\{[a-z]+\\\}")


def find_allowed_methods(path: str) -> str:
    """Return the methods of every operation that the path fits, in order, as a list for the header."""
    return ", ".join(sorted({method for method, template in OPERATIONS if _fits(template, path)}))


def _fits(template: str, path: str) -> bool:
    return re.fullmatch(_PARAMETER.sub("[^/]+", re.escape(template)), path) is not None
