"""What `yoi runtime serve` is told by its file and its flags."""

from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from yoi_wire.errors import RequestInvalidError, RuntimeUnavailableError
from yoi_wire.server.server import ListenAddress


@dataclass(frozen=True, kw_only=True)
class ServeSettings:
    """Where to listen, and where traces go, and what the Runtime says of itself; names are those of the flags."""

    socket: Path | None = None
    address: str = "127.0.0.1"
    port: int = 7319
    certificate: Path | None = None
    private_key: Path | None = None
    behind_proxy: bool = False
    host_names: tuple[str, ...] = ()
    traces: str | None = None
    labels: dict[str, str] = field(default_factory=dict)

    def build_listening(self) -> ListenAddress:
        return ListenAddress(
            socket=self.socket,
            address=self.address,
            port=self.port,
            certificate=self.certificate,
            private_key=self.private_key,
            behind_proxy=self.behind_proxy,
            host_names=self.host_names,
        )


class _SettingsFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    socket: str | None = None
    address: str = "127.0.0.1"
    port: int = 7319
    certificate: str | None = None
    private_key: str | None = None
    behind_proxy: bool = False
    host_names: tuple[str, ...] = ()
    traces: str | None = None
    labels: dict[str, str] = {}


def load_serve_settings(path: Path) -> ServeSettings:
    """Read a settings file; paths in it are from its own directory.

    Raises:
        RequestInvalidError: It is no settings file.
        RuntimeUnavailableError: It cannot be read.
    """
    try:
        found = msgspec.toml.decode(path.read_bytes(), type=_SettingsFile)
    except OSError as error:
        raise RuntimeUnavailableError("storage_failed") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestInvalidError(f"not a settings file: {error}", field=path.name) from None
    beside = path.absolute().parent
    return ServeSettings(
        socket=_resolve(beside, found.socket),
        address=found.address,
        port=found.port,
        certificate=_resolve(beside, found.certificate),
        private_key=_resolve(beside, found.private_key),
        behind_proxy=found.behind_proxy,
        host_names=found.host_names,
        traces=found.traces,
        labels=found.labels,
    )


def _resolve(beside: Path, text: str | None) -> Path | None:
    return None if text is None else beside / text
