"""Where a Runtime is told to listen."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class ListenAddress:
    """Where to listen: on a Unix socket, or on an address and a port.

    Attributes:
        socket: Path of a Unix socket; goes before the address.
        port: TCP port; 0 for a free one, which the server chooses.
        certificate: PEM file of the certificate chain, for TLS.
        private_key: PEM file of its key.
        behind_proxy: The operator says that something in front of this server speaks TLS.
    """

    socket: Path | None = None
    address: str = "127.0.0.1"
    port: int = 7319
    certificate: Path | None = None
    private_key: Path | None = None
    behind_proxy: bool = False

    @property
    def is_local(self) -> bool:
        """Whether only this host can reach it."""
        return self.socket is not None or _is_loopback(self.address)

    @property
    def has_tls(self) -> bool:
        return self.certificate is not None and self.private_key is not None

    def describe(self) -> str:
        if self.socket is not None:
            return f"unix:{self.socket}"
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{'https' if self.has_tls else 'http'}://{host}:{self.port}"


def _is_loopback(address: str) -> bool:
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
