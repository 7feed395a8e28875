"""A network of its own within this machine, joined by one cable that can be pulled."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

INSIDE = "198.18.77.2"
"""Of the range for tests between networks (RFC 2544): an address inside, reached by nothing but the cable."""
_OUTSIDE = "198.18.77.1"
_IP = shutil.which("ip") or "/usr/sbin/ip"


class NetworkNamespace:
    """A namespace.

    Attributes:
        prefix: Starts a command in it.
    """

    def __init__(self, number: int) -> None:
        self._name = f"yoi-{number}"
        self._outer, self._inner = f"yoi{number}o", f"yoi{number}i"
        self.prefix = (_IP, "netns", "exec", self._name)

    def create(self) -> None:
        self._run("netns", "add", self._name)
        self._run("link", "add", self._outer, "type", "veth", "peer", self._inner, "netns", self._name)
        self._run("address", "add", f"{_OUTSIDE}/30", "dev", self._outer)
        self._run("link", "set", self._outer, "up")
        self._run("-n", self._name, "address", "add", f"{INSIDE}/30", "dev", self._inner)
        self._run("-n", self._name, "link", "set", "lo", "up")
        self.mend()

    def cut(self) -> None:
        """Pull the cable: what is sent is lost without a word."""
        self._run("-n", self._name, "link", "set", self._inner, "down")

    def mend(self) -> None:
        self._run("-n", self._name, "link", "set", self._inner, "up")

    def delete(self) -> None:
        """Delete it, and with it its end of the cable, and so the other."""
        self._run("netns", "delete", self._name)

    def _run(self, *arguments: str) -> None:
        done = subprocess.run([_IP, *arguments], capture_output=True, encoding="utf-8", check=False)
        if done.returncode != 0:
            raise OSError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


@contextmanager
def open_namespace() -> Iterator[NetworkNamespace]:
    """Give a namespace; skip the test, with the reason, where the machine allows none."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    namespace = NetworkNamespace(os.getpid())
    try:
        namespace.create()
    except OSError as error:
        pytest.skip(f"this machine gives no network namespace: {error}")
    try:
        yield namespace
    finally:
        namespace.delete()
