"""Why a Backend of this host's own does not run."""

from pathlib import Path

from yoi_wire.backend.errors import BackendUnavailableError


class DirectoryTakenError(BackendUnavailableError):
    """Another `yoi up` works in the data directory.

    Attributes:
        address: Where its Backend listens; empty while that starts.
    """

    def __init__(self, directory: Path, *, address: str, source: str) -> None:
        super().__init__("database_in_use")
        self.address = address
        self.remedy = "use that one, stop it, or take another --data-dir"
        where = f" at {address}" if address else ""
        what = f", for {source}" if source else ""
        self._message = f"`yoi up` already runs on {directory}{where}{what}"

    def __str__(self) -> str:
        return self._message


class BackendEndedError(BackendUnavailableError):
    """The Backend's process ended, or never came to listen.

    Attributes:
        said: The last it said of itself; empty when it said nothing.
    """

    def __init__(self, said: str, *, log: Path) -> None:
        super().__init__("closed")
        self.said = said
        self.log = log
        self.remedy = f"see its log: {log}"

    def __str__(self) -> str:
        return f"the Backend ended{f': {self.said}' if self.said else ''}"
