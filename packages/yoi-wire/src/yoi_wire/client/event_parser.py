"""Server-Sent Events from bytes (HTML standard, section 9.2.6); no connection is known here."""

from msgspec import Struct

from yoi_wire.errors import RemoteFaultError

_MAX_EVENT_BYTES = 4 * 1024 * 1024


class ServerEvent(Struct, frozen=True, kw_only=True):
    """One event.

    Attributes:
        id: Where a reader goes on after a cut, given as `Last-Event-ID`; empty when the server has said none yet.
        kind: Its type; `message` when the server has said none.
        data: Its lines, joined.
    """

    id: str
    kind: str
    data: str


class EventParser:
    """Takes pieces of a stream as they come, and gives the events that they complete."""

    def __init__(self, last_id: str = "") -> None:
        self._last_id = last_id
        self._rest = b""
        self._kind = ""
        self._data: list[str] = []
        self._size = 0

    def feed(self, piece: bytes) -> list[ServerEvent]:
        """Return the events that end in this piece.

        Raises:
            RemoteFaultError: An event is longer than any server of ours sends.
        """
        *lines, self._rest = (self._rest + piece).split(b"\n")
        self._size += len(piece)
        found = [event for line in lines if (event := self._take(line.removesuffix(b"\r"))) is not None]
        if found:
            self._size = len(self._rest)
        if self._size > _MAX_EVENT_BYTES:
            raise RemoteFaultError("an event that does not end")
        return found

    def _take(self, line: bytes) -> ServerEvent | None:
        if not line:
            return self._dispatch()
        name, _, value = line.decode("utf-8", errors="replace").partition(":")
        value = value.removeprefix(" ")
        match name:
            case "data":
                self._data.append(value)
            case "event":
                self._kind = value
            case "id" if "\0" not in value:
                self._last_id = value
            case _:  # a comment, which keeps the connection alive, or a field of later times
                self._size = 0 if not self._data else self._size
        return None

    def _dispatch(self) -> ServerEvent | None:
        data, kind = self._data, self._kind or "message"
        self._data, self._kind = [], ""
        return ServerEvent(id=self._last_id, kind=kind, data="\n".join(data)) if data else None
