"""Which methods a path takes, for the `Allow` of a 405 (RFC 9110, section 10.2.1)."""

import re

from worker_runtime.rest.interface import Interface

_PARAMETER = re.compile(r"\\\{[a-z]+\\\}")


def find_allowed_methods(interface: Interface, path: str) -> str:
    """Return the methods of every operation that the path fits, in order, as a list for the header."""
    return ", ".join(sorted({method for method, template in interface.operations if _fits(template, path)}))


def _fits(template: str, path: str) -> bool:
    return re.fullmatch(_PARAMETER.sub("[^/]+", re.escape(template)), path) is not None
