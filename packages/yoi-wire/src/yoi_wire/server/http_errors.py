"""Requests that HTTP itself has a word for: no such path, no such method, too slow, headers too large."""

from yoi_wire.errors import RequestInvalidError


class HttpRefusalError(RequestInvalidError):
    """A request that is refused before it reaches an operation.

    Attributes:
        status: The HTTP status that says it most exactly.
        headers: What the status asks for, such as `Allow`.
    """

    def __init__(
        self, status: int, message: str, *, field: str = "", headers: dict[str, str] | None = None
    ) -> None:
        self.status = status
        self.headers = dict(headers or {})
        super().__init__(message, field=field)


class BodyTooSlowError(HttpRefusalError):
    """A body came below the least rate, or went on for longer than any may (R-09)."""

    def __init__(self) -> None:
        super().__init__(408, "the body came too slowly", field="body")


class BodyCutError(HttpRefusalError):
    """The caller went away within a body; nobody will read the answer."""

    def __init__(self) -> None:
        super().__init__(400, "the body is cut", field="body")
