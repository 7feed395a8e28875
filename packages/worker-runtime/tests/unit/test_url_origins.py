"""The origin of a URL: the scheme's own port is left out, any other stays."""

import pytest

from worker_runtime.resolution.url_origins import get_origin


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://api.example.org/find?a=1#b", "https://api.example.org"),
        ("https://API.example.org:443/", "https://api.example.org"),
        ("http://api.example.org:80", "http://api.example.org"),
        ("http://api.example.org:443/", "http://api.example.org:443"),
        ("https://api.example.org:80/", "https://api.example.org:80"),
        ("https://api.example.org:8443/", "https://api.example.org:8443"),
    ],
)
def test_an_origin_is_scheme_host_and_a_port_that_is_not_the_schemes_own(url: str, origin: str) -> None:
    assert get_origin(url) == origin
