"""Secrets from a directory with a file for each: systemd credentials, Kubernetes secret volumes, a folder of one's own.

One newline at the end of a file is not part of the secret, because editors and `echo` write it; any other byte is.
A file must lie in the directory itself. A symbolic link is followed only in the layout of Kubernetes, where
`NAME -> ..data/NAME` and `..data -> ..TIMESTAMP` point below the directory.
"""

import asyncio
import os
import stat
from pathlib import Path

from worker_runtime.host.secrets.port import MAX_SECRET_BYTES, SecretUnreadableError, SecretValue

_KUBERNETES_LINK = "..data"


class DirectorySecrets:
    """Implements `SecretStore` on a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def exists(self, name: str) -> bool:
        return await asyncio.to_thread(self._exists, name)

    async def read(self, name: str) -> SecretValue:
        return SecretValue(await asyncio.to_thread(self._read, name))

    def _exists(self, name: str) -> bool:
        try:
            self._read(name)
        except SecretUnreadableError:
            return False
        return True

    def _read(self, name: str) -> bytes:
        if "/" in name or name.startswith(".") or not name:
            raise SecretUnreadableError("a secret's name is no path")
        try:
            data = self._read_file(self._find_file(name))
        except OSError:
            # The system's own message names the path.
            raise SecretUnreadableError(f"the secret {name} cannot be read") from None
        if len(data) > MAX_SECRET_BYTES:
            raise SecretUnreadableError(f"the secret {name} is longer than {MAX_SECRET_BYTES} bytes")
        secret = data.removesuffix(b"\n")
        if not secret:
            raise SecretUnreadableError(f"the secret {name} is empty")
        return secret

    def _find_file(self, name: str) -> Path:
        """Return the regular file of a secret; the links of Kubernetes are resolved, others are not followed."""
        path = self._directory / name
        if not path.is_symlink():
            return path
        data = self._directory / _KUBERNETES_LINK
        version = data.readlink()
        inside = len(version.parts) == 1 and version.name.startswith("..") and version.name != ".."
        if path.readlink() != Path(_KUBERNETES_LINK, name) or not inside:
            raise SecretUnreadableError(f"the secret {name} is a link out of its directory")
        if (self._directory / version).is_symlink():
            raise SecretUnreadableError(f"the secret {name} is a link out of its directory")
        return self._directory / version / name

    @staticmethod
    def _read_file(path: Path) -> bytes:
        # NOFOLLOW closes the gap between looking and opening; NONBLOCK keeps a FIFO from stopping the Runtime.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError("not a regular file")
            return file.read(MAX_SECRET_BYTES + 2)
