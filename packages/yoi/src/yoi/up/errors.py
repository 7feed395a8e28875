"""Why a Backend of this host's own does not run."""

from pathlib import Path
from typing import Any, ClassVar

from yoi.backend.errors import UNAVAILABLE
from yoi_bundle.errors import YoiError


class DirectoryTakenError(YoiError):
    """Another `yoi up` works in the data directory.

    Attributes:
        address: Where its Backend listens; empty while that starts.
    """

    code = UNAVAILABLE
    retryable: ClassVar[bool] = True

    def __init__(self, directory: Path, *, address: str, source: str) -> None:
        self.address = address
        where = f" at {address}" if address else ""
        what = f", for {source}" if source else ""
        super().__init__(f"`yoi up` already runs on {directory}{where}{what}")

    @property
    def remedy(self) -> str:
        return "use that one, stop it, or take another --data-dir"

    def details(self) -> dict[str, Any]:
        return {"reason": "database_in_use"}


class BackendEndedError(YoiError):
    """The Backend's process ended, or never came to listen.

    Attributes:
        said: The last it said of itself; empty when it said nothing.
    """

    code = UNAVAILABLE
    retryable: ClassVar[bool] = True

    def __init__(self, said: str, *, log: Path) -> None:
        self.said = said
        self.log = log
        super().__init__(f"the Backend ended{f': {said}' if said else ''}")

    @property
    def remedy(self) -> str:
        return f"see its log: {self.log}"

    def details(self) -> dict[str, Any]:
        return {"reason": "closed"}
