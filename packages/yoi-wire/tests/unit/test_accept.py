"""`Accept` is read with its weights (RFC 9110, section 12.5.1)."""

import pytest

from yoi_wire.server.accept import choose_media_type

_JSON, _STREAM = "application/json", "text/event-stream"


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", _JSON),
        ("*/*", _JSON),
        ("application/json", _JSON),
        ("text/event-stream", _STREAM),
        ("application/json, text/event-stream;q=0", _JSON),
        ("application/json;q=0.1, text/event-stream", _STREAM),
        ("*/*;q=0.5, text/event-stream;q=0.4", _JSON),
        ("text/*", _STREAM),
        ("text/*;q=0.2, */*;q=0.1", _STREAM),
        ("application/*;q=0, */*", _STREAM),
        ("Application/JSON", _JSON),
        ("image/png", None),
        ("*/*;q=0", None),
        ("application/json;q=0", None),
        ("text/html, application/xhtml+xml, */*;q=0.8", _JSON),
        ("text/event-stream;q=high, application/json", _JSON),
        ("nonsense", _JSON),
        ("application/json;q=2", _JSON),
    ],
)
def test_the_preferred_media_type_of_those_offered_is_chosen(accept: str, chosen: str | None) -> None:
    assert choose_media_type(accept, (_JSON, _STREAM)) == chosen


def test_where_nothing_is_offered_nothing_is_chosen() -> None:
    assert choose_media_type("*/*", ()) is None
    assert choose_media_type("", ()) is None
