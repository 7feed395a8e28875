"""Mark on private fields, which may never reach a browser (K-07).

A view type holds no such field, and a test that plants marked strings finds the fields by the mark alone.
"""

from typing import Annotated, TypeAlias

from msgspec import Meta

PRIVATE_MARK = "private"
"""Key in the `extra` of a field's `Meta`, and in the `info` of a column."""

PrivateText: TypeAlias = Annotated[str, Meta(extra={PRIVATE_MARK: True})]
"""An endpoint, a credential, a path of a host."""
