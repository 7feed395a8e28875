"""Where this user is logged in: one private file in the configuration directory."""

from pathlib import Path

import msgspec

from worker_runtime.trust.private_file import (
    read_private_file,
    replace_private_file,
    typed_file_failures,
)
from yoi.backend.address import BackendAddress
from yoi_wire.errors import RequestInvalidError

_LOGIN_FILE = "backend-login.json"
_MAX_BYTES = 256 * 1024


class _Login(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The file's form; its fields are those of the address."""

    url: str
    token: str
    authority: str | None = None
    fingerprint: str | None = None


def store_login(directory: Path, address: BackendAddress) -> None:
    """Keep an address with its token, for the file's owner alone; a former login is gone then.

    Raises:
        RuntimeUnavailableError: The file cannot be written.
    """
    login = _Login(
        url=address.url,
        token=address.token,
        authority=address.authority,
        fingerprint=address.fingerprint,
    )
    replace_private_file(directory / _LOGIN_FILE, msgspec.json.encode(login) + b"\n")


def find_login(directory: Path) -> BackendAddress | None:
    """Return what was kept; None when nobody is logged in.

    Raises:
        RequestInvalidError: Others may read the file, or it is none of ours.
        RuntimeUnavailableError: It cannot be read.
    """
    data = read_private_file(directory / _LOGIN_FILE, max_bytes=_MAX_BYTES, field="login", secret=True)
    if data is None:
        return None
    try:
        login = msgspec.json.decode(data, type=_Login)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise RequestInvalidError("the file of the login is none; log in again", field="login") from None
    return BackendAddress(
        url=login.url, token=login.token, authority=login.authority, fingerprint=login.fingerprint
    )


def forget_login(directory: Path) -> bool:
    """Delete what was kept, readable or not; tell whether there was anything.

    Raises:
        RuntimeUnavailableError: It cannot be deleted.
    """
    with typed_file_failures():
        try:
            (directory / _LOGIN_FILE).unlink()
        except FileNotFoundError:
            return False
    return True
