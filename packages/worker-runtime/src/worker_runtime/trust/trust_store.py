"""Trust store: the keys a Runtime trusts, each for listed workspaces, in a file that an operator may read (K-09).

A file is replaced as a whole, and a running server sees the change with the next token it checks.
"""

import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from worker_runtime.trust.identity import (
    IssuerName,
    KeyId,
    KeyText,
    compute_key_id,
    parse_public_key,
    verify_issuer_name,
)
from worker_runtime.trust.private_file import (
    exclusive_access,
    read_private_file,
    replace_private_file,
    typed_file_failures,
)
from yoi_bundle.identifiers import WorkspaceId
from yoi_bundle.metadata import Instant
from yoi_wire.errors import RequestInvalidError, StoreCorruptError

TRUST_FILE = "trusted-keys.json"
"""Its name in a Runtime's data directory."""

MAX_KEYS_AN_ISSUER = 2
"""The active key and, during a rotation, the next."""

_MAX_FILE_BYTES = 4 * 1024 * 1024
_FIELD = "trust"


class TrustedKey(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A Backend's key, and what it is trusted with.

    Attributes:
        issuer: Whose key it is; workspaces are kept apart by it (R-07), and it stays when the key changes.
        workspaces: What the key may speak for; there is no word for all of them.
        added_at: RFC 3339.
    """

    issuer: IssuerName
    public_key: KeyText
    workspaces: Annotated[frozenset[WorkspaceId], Meta(min_length=1, max_length=10_000)]
    added_at: Instant


class TrustedKeys(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All trusted keys at one instant, by key id."""

    version: Literal[1] = 1
    keys: Annotated[dict[KeyId, TrustedKey], Meta(max_length=1000)] = {}

    def find_key(self, key_id: str) -> TrustedKey | None:
        return self.keys.get(key_id)


class TrustStore:
    """The file of trusted keys; safe to use from several threads and processes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._keys = TrustedKeys()

    def read(self) -> TrustedKeys:
        """Return the keys as the file has them now; it is read again only when it has changed.

        Raises:
            RequestInvalidError: Others may write the file.
            StoreCorruptError: The file is damaged; then no key is trusted.
            RuntimeUnavailableError: The file cannot be read.
        """
        with self._lock:
            version = self._find_version()
            if version is None:
                self._keys = TrustedKeys()
            elif version != self._seen:
                self._keys = self._load()
            self._seen = version
            return self._keys

    def requires_key(self) -> bool:
        """Tell whether callers need a signed token: from the first key that was trusted on, even if none is any more.

        The file remembers it: revoking its last key leaves it there, empty. Errors as in `read`.
        """
        self.read()
        return self._seen is not None

    def add(
        self,
        *,
        issuer: str,
        public_key: str,
        workspaces: Iterable[str],
        added_at: str,
        rotation: bool = False,
    ) -> str:
        """Trust a key for these workspaces and no others, in place of what it was trusted for.

        Args:
            issuer: Whose key it is.
            public_key: As `format_public_key` writes it.
            workspaces: Ids, at least one.
            added_at: RFC 3339.
            rotation: Whether it may stand beside another key of this issuer. Two Backends under one name would
                see each other's workspaces, so this has to be said.

        Returns:
            The key's id.

        Raises:
            RequestInvalidError: A name is none, the key is another issuer's, or this issuer has a key already.
            StoreCorruptError, RuntimeUnavailableError: See `read`.
        """
        verify_issuer_name(issuer)
        key_id = compute_key_id(parse_public_key(public_key))
        key = _build_key(issuer, public_key, workspaces, added_at)
        with exclusive_access(self._path):
            keys = self._load().keys
            _verify_room(keys, key_id, issuer, rotation=rotation)
            self._write({**keys, key_id: key})
        return key_id

    def revoke(self, key_id: str) -> bool:
        """Trust a key no longer; tell whether it was trusted."""
        with exclusive_access(self._path):
            keys = dict(self._load().keys)
            if keys.pop(key_id, None) is None:
                return False
            self._write(keys)
        return True

    def _write(self, keys: dict[str, TrustedKey]) -> None:
        data = msgspec.json.encode(TrustedKeys(keys=keys), order="sorted")
        replace_private_file(self._path, msgspec.json.format(data, indent=2) + b"\n")

    def _load(self) -> TrustedKeys:
        data = read_private_file(self._path, max_bytes=_MAX_FILE_BYTES, field=_FIELD, secret=False)
        if data is None:
            return TrustedKeys()
        try:
            trusted = msgspec.json.decode(data, type=TrustedKeys)
            for key_id, key in trusted.keys.items():
                _verify_entry(key_id, key)
        except (msgspec.DecodeError, UnicodeDecodeError, RequestInvalidError) as error:
            raise StoreCorruptError(_FIELD) from error
        return trusted

    def _find_version(self) -> tuple[int, int, int] | None:
        """Return what changes whenever the file is replaced, written to, or opened to others."""
        try:
            with typed_file_failures():
                status = self._path.stat()
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_ctime_ns, status.st_size


def _build_key(issuer: str, public_key: str, workspaces: Iterable[str], added_at: str) -> TrustedKey:
    try:
        return msgspec.convert(
            {
                "issuer": issuer,
                "public_key": public_key,
                "workspaces": sorted(set(workspaces)),
                "added_at": added_at,
            },
            TrustedKey,
        )
    except msgspec.ValidationError:
        raise RequestInvalidError("one or more workspace ids are needed", field="workspaces") from None


def _verify_entry(key_id: str, key: TrustedKey) -> None:
    """Check what somebody may have written by hand."""
    verify_issuer_name(key.issuer)
    if compute_key_id(parse_public_key(key.public_key)) != key_id:
        raise RequestInvalidError("the id is not that of the key", field=_FIELD)


def _verify_room(keys: Mapping[str, TrustedKey], key_id: str, issuer: str, *, rotation: bool) -> None:
    held = keys.get(key_id)
    if held is not None and held.issuer != issuer:
        raise RequestInvalidError("the key is trusted under another issuer", field="issuer")
    if held is not None:
        return
    others = [key for key in keys.values() if key.issuer == issuer]
    if others and not rotation:
        raise RequestInvalidError("the issuer has a key already; say that this is a rotation", field="issuer")
    if len(others) >= MAX_KEYS_AN_ISSUER:
        raise RequestInvalidError("the issuer has two keys already; revoke the former", field="issuer")
