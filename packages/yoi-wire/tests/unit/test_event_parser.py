"""Server-Sent Events, in pieces of any size."""

import pytest

from yoi_wire.client.event_parser import EventParser, ServerEvent
from yoi_wire.errors import RemoteFaultError

_STREAM = (
    b": open\n\n"
    b'id: 7\nevent: bundle.published\ndata: {"a":1}\n\n'
    b": still here\n\n"
    b"data: one\r\ndata: two\r\n\r\n"
    b"event: nothing\n\n"
    b"id: 9\ndata:  spaced \xc3\xa9\nunknown: x\n\n"
)
_EVENTS = [
    ServerEvent(id="7", kind="bundle.published", data='{"a":1}'),
    ServerEvent(id="7", kind="message", data="one\ntwo"),
    ServerEvent(id="9", kind="message", data=" spaced é"),
]


@pytest.mark.parametrize("size", [1, 2, 7, len(_STREAM)])
def test_events_are_the_same_however_the_stream_is_cut_into_pieces(size: int) -> None:
    parser = EventParser()
    pieces = [_STREAM[start : start + size] for start in range(0, len(_STREAM), size)]
    assert [event for piece in pieces for event in parser.feed(piece)] == _EVENTS


def test_an_event_without_an_id_keeps_the_place_that_the_reader_had() -> None:
    assert EventParser("41").feed(b"data: x\n\n")[0].id == "41"


def test_an_event_that_has_not_ended_is_not_given() -> None:
    assert EventParser().feed(b"id: 1\ndata: x\n") == []


def test_an_event_that_never_ends_is_refused_and_a_quiet_connection_is_not() -> None:
    parser = EventParser()
    for _ in range(8):
        assert parser.feed(b": still here\n\n" * 80_000) == []
    with pytest.raises(RemoteFaultError):
        for _ in range(8):
            parser.feed(b"data: " + b"x" * 1_000_000 + b"\n")
