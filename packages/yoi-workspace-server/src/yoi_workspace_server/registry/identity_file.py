"""Identity file of the Backend, read again when a rotation has changed it."""

from pathlib import Path

from worker_runtime.trust.identity import Identity, load_identity


class IdentityFile:
    """Gives the identity as it is now."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._version: tuple[int, int] | None = None
        self._identity: Identity | None = None

    def get(self) -> Identity:
        """Return the identity.

        Raises:
            RequestInvalidError, StoreCorruptError, RuntimeUnavailableError: See `load_identity`.
        """
        version = self._find_version()
        if self._identity is None or version is None or version != self._version:
            self._identity = load_identity(self._path)
            self._version = version
        return self._identity

    def _find_version(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns
