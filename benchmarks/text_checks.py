"""Growth of the text checks: time for 1x, 2x and 4x of what an adversary writes, as ratios; linear work gives 2 and 4.

python benchmarks/text_checks.py [--kilobytes 256]
"""

import argparse
import io
import json
import random
import string
import time
from collections.abc import Callable

from yoi_bundle.boundary.default_scanner import create_scanner
from yoi_bundle.boundary.free_json import find_free_json_faults
from yoi_bundle.boundary.hidden_text import find_hidden_text
from yoi_bundle.boundary.host_places import find_host_paths_in_prose
from yoi_bundle.boundary.text_blob import find_text_blob_faults
from yoi_bundle.limits import DEFAULT_LIMITS

_RANDOM = random.Random(7)
_SCANNER = create_scanner()


def _word(alphabet: str, length: int) -> str:
    return "".join(_RANDOM.choice(alphabet) for _ in range(length))


def _lines(make_line: Callable[[], str]) -> Callable[[int], bytes]:
    def make(size: int) -> bytes:
        lines: list[str] = []
        length = 0
        while length < size:
            lines.append(make_line())
            length += len(lines[-1].encode())
        return "".join(lines).encode()

    return make


_UPPER = string.ascii_uppercase + "234567"
_TEXTS: dict[str, Callable[[int], bytes]] = {
    "prose": _lines(lambda: "Be kind to the reader, and brief; say what holds.\n"),
    "joiners": _lines(lambda: "\u200d"),
    "variation selectors": _lines(lambda: "\ufe0f"),
    "PEM headers": _lines(lambda: f"-----BEGIN RSA PRIVATE {'KEY'}-----\n"),
    "PEM headers in headers": _lines(lambda: f"A: -----BEGIN RSA PRIVATE {'KEY'}-----\n"),
    "provider tokens": _lines(lambda: f"see AK{'IA'}{_word(_UPPER, 16)}\n"),
    "assigned values": _lines(lambda: f'api_{"key"} = "{_word(string.ascii_letters, 16)}"\n'),
    "passwords in URLs": _lines(lambda: f"http://a:{_word(string.ascii_letters, 12)}@h.example/\n"),
    "JWT beginnings": _lines(lambda: "eyJ"),
    "home folders": _lines(lambda: "/home/quentin/x "),
    "letters": _lines(lambda: "a"),
}


def _measure(check: Callable[[bytes], object], data: bytes) -> float:
    began = time.perf_counter()
    check(data)
    return time.perf_counter() - began


_CHECKS: dict[str, Callable[[bytes], object]] = {
    "scanner": lambda data: _SCANNER.scan([("a", data)]),
    "hidden text": lambda data: find_hidden_text(data.decode()),
    "host places": find_host_paths_in_prose,
    "blob": lambda data: find_text_blob_faults(
        io.BytesIO(data), place="", scanner=_SCANNER, declared_text=True
    ),
    "free JSON": lambda data: find_free_json_faults(
        json.dumps({"description": data.decode(), "x": data.decode()}).encode(),
        place="",
        limits=DEFAULT_LIMITS,
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kilobytes", type=int, default=256)
    size = parser.parse_args().kilobytes * 1024
    _SCANNER.scan([("warm", b"x")])
    print(f"{'text':24}{'check':14}{'1x, ms':>10}{'2x / 1x':>10}{'4x / 1x':>10}")
    for name, make in _TEXTS.items():
        texts = [make(size * factor) for factor in (1, 2, 4)]
        for title, check in _CHECKS.items():
            one, two, four = (min(_measure(check, text) for _ in range(2)) for text in texts)
            print(f"{name:24}{title:14}{one * 1000:10.1f}{two / one:10.1f}{four / one:10.1f}", flush=True)


if __name__ == "__main__":
    main()
