"""Bootstrap at the first start: an identity that Runtimes can trust, and the first token (K-09)."""

import secrets
from pathlib import Path

from worker_runtime.trust.identity import IDENTITY_FILE, create_identity
from worker_runtime.trust.private_file import create_private_file
from yoi_wire.clock import Clock
from yoi_wire.errors import RequestInvalidError
from yoi_workspace_server.audit import SYSTEM_ACTOR
from yoi_workspace_server.store.store import Store
from yoi_workspace_server.tokens import NewApiToken, hash_secret

TOKEN_PREFIX = "yoi_api_"  # noqa: S105
"""Tells an API token from others, for people, servers and scanners of secrets."""

ADMIN_TOKEN_FILE = "admin-token"  # noqa: S105
"""The first token's file in the data directory; of an admin of everything, and of the host's own user alone."""

_RANDOM_BYTES = 32


def create_secret() -> str:
    """Return the secret of a new token: 256 random bits behind a prefix."""
    return TOKEN_PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)


def ensure_identity(data_directory: Path, *, issuer: str) -> Path:
    """Return the file of the server's identity, making one under this name when there is none.

    Raises:
        RequestInvalidError: The name is none.
        RuntimeUnavailableError: The file cannot be written.
    """
    path = data_directory / IDENTITY_FILE
    if not path.exists():
        try:
            create_identity(path, issuer=issuer)
        except RequestInvalidError:
            if not path.exists():  # another process of the same directory was first
                raise
    return path


async def ensure_token(store: Store, data_directory: Path, *, clock: Clock, token_id: str) -> Path | None:
    """Make the first token, when there never was one; return its file, which holds the only copy of the secret."""
    if await store.tokens.has_tokens():
        return None
    return await make_admin_token(store, data_directory, clock=clock, token_id=token_id, name="first-admin")


async def make_admin_token(
    store: Store, data_directory: Path, *, clock: Clock, token_id: str, name: str
) -> Path:
    """Make a token of an admin of everything; return its file, which holds the only copy of the secret."""
    path = data_directory / ADMIN_TOKEN_FILE
    secret = create_secret()
    path.unlink(missing_ok=True)
    create_private_file(path, f"{secret}\n".encode())
    new = NewApiToken(
        id=token_id,
        secret_hash=hash_secret(secret),
        name=name,
        role="admin",
        scopes=frozenset({"runtimes:connection"}),
    )
    await store.tokens.add_token(new, actor=SYSTEM_ACTOR, now=clock.now())
    return path
