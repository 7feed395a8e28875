"""Directories of `yoi up`: the lock on its data directory, and the id of the workspace in a directory."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from worker_runtime.trust.private_file import typed_file_failures
from yoi.runtime.where_to_change import WORKSPACE_FILE
from yoi.up.errors import DirectoryTakenError
from yoi_bundle.authoring.formats.toml_document import MAX_TOML_BYTES, read_toml
from yoi_bundle.diagnostics import Diagnostic
from yoi_wire.errors import RequestInvalidError

UP_RUNTIME = "runtime"
"""The store of its embedded Runtime, below its own directory."""
TOKEN_FILE = "admin-token"  # noqa: S105
_FILE = "up.json"
_MODE = 0o600


class Tenant(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who has the directory.

    Attributes:
        source: The directory of the workspace that it follows.
        address: Where its Backend listens; empty before it does.
    """

    source: str = ""
    address: str = ""


class RunningUp(msgspec.Struct, frozen=True, kw_only=True):
    """A `yoi up` that runs: where its Backend listens, and the file with a token for it."""

    address: str
    token_file: Path


def get_up_directory(data_directory: Path) -> Path:
    """Return where `yoi up` works in a data directory."""
    return data_directory / "backend"


def find_up(data_directory: Path) -> RunningUp | None:
    """Return the `yoi up` that runs on a data directory; None when there is none, or its Backend does not listen yet."""
    directory = get_up_directory(data_directory)
    try:
        descriptor = os.open(directory / _FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        address = _read_tenant(descriptor).address
        # One that ended in order left no address: the lock, which would be in the way of a start, is tried after a kill alone.
        return (
            RunningUp(address=address, token_file=directory / TOKEN_FILE)
            if address and _is_held(descriptor)
            else None
        )
    finally:
        os.close(descriptor)


@contextmanager
def hold_directory(directory: Path) -> Iterator[Callable[[Tenant], None]]:
    """Have a directory, made when it is not there, until the context or the process ends; give a way to say who has it.

    Raises:
        DirectoryTakenError: Another process has it.
        RuntimeUnavailableError: It cannot be written.
    """
    with typed_file_failures():
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(directory / _FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
    try:
        _lock(descriptor, directory)

        def say(tenant: Tenant) -> None:
            data = msgspec.json.encode(tenant)
            os.pwrite(descriptor, data, 0)
            os.truncate(descriptor, len(data))

        say(Tenant())
        yield say
        say(Tenant())
    finally:
        os.close(descriptor)


def _is_held(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    return False


def _lock(descriptor: int, directory: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        tenant = _read_tenant(descriptor)
        raise DirectoryTakenError(directory, address=tenant.address, source=tenant.source) from None


def _read_tenant(descriptor: int) -> Tenant:
    try:
        return msgspec.json.decode(os.pread(descriptor, 65536, 0), type=Tenant)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Tenant()  # it is just being written


DEFAULT_WORKSPACE = "local"


def find_workspace_id(directory: Path, asked: str | None) -> str:
    """Return the id that the directory says, else the one that was asked for, else `local`.

    Raises:
        RequestInvalidError: `workspace.toml` cannot be read, or says another one than was asked for.
    """
    said = _read_id(directory / WORKSPACE_FILE)
    if said is not None and asked is not None and said != asked:
        raise RequestInvalidError(f"{WORKSPACE_FILE} says that it is {said}", field="--workspace")
    return said or asked or DEFAULT_WORKSPACE


def _read_id(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_TOML_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RequestInvalidError(error.strerror or "cannot be read", field=WORKSPACE_FILE) from error
    found = read_toml(data, WORKSPACE_FILE)
    if isinstance(found, Diagnostic):
        raise RequestInvalidError(f"{found.message} (line {found.line})", field=WORKSPACE_FILE)
    name = found.values.get("id")
    return name if isinstance(name, str) else None
