"""Secret stores of this host: environment variables, a directory of files, and several stores as one (S-04).

The variable `YOI_SECRET_GITHUB_TOKEN` is the ref `GITHUB_TOKEN`. A directory has a file for each secret: systemd
credentials, Kubernetes secret volumes, a folder of one's own. One newline at the end of a file is not part of the
secret, because editors and `echo` write it; any other byte is.
"""

import asyncio
import logging
import os
import stat
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from worker_runtime.host.secrets.port import MAX_SECRET_BYTES, SecretStore, SecretUnreadableError, SecretValue

DEFAULT_PREFIX = "YOI_SECRET_"
_LOGGER = logging.getLogger("worker_runtime.host.secrets.stores")


class EnvironmentSecrets:
    """Implements `SecretStore` on a mapping that the configuration took from the environment.

    A ref with `.` or `-` is looked up with `_` in their place. An empty variable is no secret.
    """

    def __init__(self, environment: Mapping[str, str], *, prefix: str = DEFAULT_PREFIX) -> None:
        """Keep the variables that are secrets.

        Args:
            environment: Variables by name.
            prefix: What the name of a secret's variable begins with.

        Raises:
            ValueError: The prefix is empty.
        """
        if not prefix:
            raise ValueError("without a prefix every variable of the process would be a secret")
        self._values = {
            name.removeprefix(prefix): value
            for name, value in environment.items()
            if name.startswith(prefix) and value
        }

    async def exists(self, name: str) -> bool:
        value = self._values.get(_write_name(name))
        return value is not None and len(_encode(value)) <= MAX_SECRET_BYTES

    async def read(self, name: str) -> SecretValue:
        value = self._values.get(_write_name(name))
        if value is None:
            raise SecretUnreadableError(f"no variable holds the secret {name}")
        data = _encode(value)
        if len(data) > MAX_SECRET_BYTES:
            raise SecretUnreadableError(f"the secret {name} is longer than {MAX_SECRET_BYTES} bytes")
        return SecretValue(data)


def _write_name(name: str) -> str:
    return name.replace(".", "_").replace("-", "_")


def _encode(value: str) -> bytes:
    """Give back the variable's bytes, UTF-8 or not."""
    return value.encode("utf-8", "surrogateescape")


_KUBERNETES_LINK = "..data"


class DirectorySecrets:
    """Implements `SecretStore` on a directory.

    Args:
        directory: Has a file for each secret.
    """

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
            mode = os.fstat(descriptor).st_mode
            if not stat.S_ISREG(mode):
                raise OSError("not a regular file")
            if mode & 0o077:
                _warn_of_readers(path.name)
            return file.read(MAX_SECRET_BYTES + 2)


@cache
def _warn_of_readers(name: str) -> None:
    """Say once that a secret's file is open to others; some deployments have it no other way."""
    _LOGGER.warning(
        "secret_open_to_others", extra={"facts": {"secret": name, "remedy": "chmod 600 its file"}}
    )


class ChainedSecrets:
    """Implements `SecretStore` on others.

    Args:
        stores: The first that has a secret gives it.
    """

    def __init__(self, stores: Sequence[SecretStore]) -> None:
        self._stores = tuple(stores)

    async def exists(self, name: str) -> bool:
        for store in self._stores:
            if await store.exists(name):
                return True
        return False

    async def read(self, name: str) -> SecretValue:
        for store in self._stores:
            if await store.exists(name):
                return await store.read(name)
        raise SecretUnreadableError(f"no store holds the secret {name}")
