"""Who may do what over the Backend's REST, operation by operation, as exact statuses (K-09).

A row says what each role gets: with a token of the workspace in the path, with the same token on somebody else's
workspace, and with a token of all workspaces. Operations without a workspace in their path have no `other`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

Statuses = tuple[int, int, int]
"""For a viewer, an operator and an admin."""

ALL: Statuses = (200, 200, 200)
MISSING: Statuses = (404, 404, 404)


class Target(Struct, frozen=True, kw_only=True):
    """What a request is about.

    Attributes:
        values: For the names in the path's template, and for bodies.
        archive: A bundle of the workspace.
    """

    values: Mapping[str, str]
    archive: bytes


class AccessRow(Struct, frozen=True, kw_only=True):
    """What becomes of one operation.

    Attributes:
        own: By a token of the workspace `library`; in the path it is the workspace.
        other: By the same tokens, with another's workspace in the path.
        whole: By a token of all workspaces.
        public: Whether nobody has to say who asks.
        query: What stands after the path.
        headers: Beside those of the token.
        document: Makes the JSON body.
        body: Makes another body.
        renamed: Names in the path → names of the values that stand there instead.
        endless: Whether an answer of success does not end; only its head is read.
    """

    own: Statuses
    whole: Statuses
    other: Statuses | None = None
    public: bool = False
    query: str = ""
    headers: Mapping[str, str] = {}
    document: Callable[[Target], Any] | None = None
    body: Callable[[Target], bytes] | None = None
    renamed: Mapping[str, str] = {}
    endless: bool = False


def grant_from(role: str, status: int = 200) -> Statuses:
    """Return what roles get where one of them is the least that may."""
    least = ("viewer", "operator", "admin").index(role)
    first, second, third = (403 if place < least else status for place in range(3))
    return first, second, third
