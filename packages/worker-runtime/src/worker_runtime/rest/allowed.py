"""Which methods a path takes, for the `Allow` of a 405 (RFC 9110, section 10.2.1)."""

import re

from litestar import Litestar
from litestar.routes import HTTPRoute

_PARAMETER = re.compile(r"\\\{[a-z]+\\\}")


def find_allowed_methods(app: Litestar, path: str) -> str:
    """Return the methods of every route that the path fits, in order, as a list for the header."""
    methods: set[str] = set()
    for route in app.routes:
        if isinstance(route, HTTPRoute) and _fits(route.path_format, path):
            methods.update(str(method) for method in route.methods)
    return ", ".join(sorted(methods))


def _fits(template: str, path: str) -> bool:
    return re.fullmatch(_PARAMETER.sub("[^/]+", re.escape(template)), path) is not None
