"""Ports in URLs, origins and host patterns: 1 to 65535, in every type that names one."""

from typing import Any

import msgspec
import pytest

from worker_runtime.host.policy.host_policy import Origin
from yoi_bundle.identifiers import HostPattern, SafeUrl

PLACES = [
    (SafeUrl, "https://h.example:{}/mcp"),
    (HostPattern, "*.h.example:{}"),
    (Origin, "https://h.example:{}"),
]


def _takes(grammar: Any, text: str) -> bool:
    try:
        msgspec.convert(text, grammar)
    except msgspec.ValidationError:
        return False
    return True


@pytest.mark.req("B-01")
@pytest.mark.parametrize(("grammar", "form"), PLACES)
def test_every_port_from_1_to_65535_is_taken_and_no_other(grammar: Any, form: str) -> None:
    taken = {port for port in range(100_100) if _takes(grammar, form.format(port))}
    assert taken == set(range(1, 65_536))
    for port in ("", "00", "080", "-1", "+80", "8_0", "123456", "\u0661"):
        assert not _takes(grammar, form.format(port))
