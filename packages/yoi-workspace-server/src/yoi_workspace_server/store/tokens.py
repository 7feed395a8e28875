"""API tokens in the database, by the hash of their secret (K-09)."""

from typing import Any

from sqlalchemy import Row, insert, select, update

from yoi_wire.backend.errors import TokenNotFoundError
from yoi_wire.clock import MINUTE, format_instant
from yoi_wire.errors import RequestInvalidError
from yoi_wire.paging import DEFAULT_PAGE_SIZE, Page, verify_page_size
from yoi_workspace_server.audit import AuditEntry
from yoi_workspace_server.store.database.statements import build_page
from yoi_workspace_server.store.database.transactions import Database, Transaction
from yoi_workspace_server.store.tables import tokens
from yoi_workspace_server.tokens import ApiToken, NewApiToken


class TokenRepository:
    """Keeps tokens, finds them by hash and revokes them; a revoked one stays in the list."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_token(
        self, new: NewApiToken, *, actor: str, now: int, maker: str | None = None
    ) -> ApiToken:
        """Keep a token.

        Args:
            new: The token.
            actor: Who makes it.
            now: The instant.
            maker: The principal that asks for it, who can make none for another one that has a token in force; None
                for the Backend itself.

        Raises:
            RequestInvalidError: It would let its maker act as another principal.
        """
        row = {
            "id": new.id,
            "secret_hash": new.secret_hash,
            "name": new.name,
            "principal": new.principal or new.name,
            "role": new.role,
            "workspaces": new.workspaces,
            "scopes": new.scopes,
            "created_at": now,
            "expires_at": new.expires_at,
        }
        async with self._database.write(now) as transaction:
            await _find_admins(transaction, now)
            if maker is not None and await _is_others(transaction, str(row["principal"]), maker, now):
                raise RequestInvalidError(
                    "a principal that has a token in force, and makes its own", field="principal"
                )
            await transaction.connection.execute(insert(tokens), row)
            details = {
                "name": new.name,
                "principal": row["principal"],
                "role": new.role,
                "workspaces": None if new.workspaces is None else sorted(new.workspaces),
                "scopes": sorted(new.scopes),
                "expires_at": _format(new.expires_at),
            }
            transaction.record(
                AuditEntry(actor=actor, action="token.created", subject=new.id, details=details)
            )
            added = await transaction.connection.execute(select(tokens).where(tokens.c.id == new.id))
            return _read_token(added.one())

    async def find_by_hash(self, secret_hash: str, *, now: int) -> ApiToken | None:
        """Return the token whose secret has this hash; None when there is none in force now."""
        query = select(tokens).where(tokens.c.secret_hash == secret_hash, tokens.c.revoked_at.is_(None))
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        if row is None or (row.expires_at is not None and row.expires_at <= now):
            return None
        return _read_token(row)

    async def find_out_of_force(self, secret_hash: str) -> str | None:
        """Return the id of the token whose secret has this hash, in force or not; None when there never was one."""
        async with self._database.read() as connection:
            found: str | None = await connection.scalar(
                select(tokens.c.id).where(tokens.c.secret_hash == secret_hash)
            )
        return found

    async def touch_token(self, token: str, *, now: int) -> None:
        """Write down that a token was used; at most once a minute there is anything to write."""
        recent = tokens.c.last_used_at.is_(None) | (tokens.c.last_used_at <= now - MINUTE)
        async with self._database.write(now) as transaction:
            await transaction.connection.execute(
                update(tokens).where(tokens.c.id == token, recent).values(last_used_at=now)
            )

    async def has_tokens(self) -> bool:
        """Tell whether there ever was a token; without one this is a first start."""
        async with self._database.read() as connection:
            return (await connection.execute(select(tokens.c.id).limit(1))).first() is not None

    async def list_tokens(
        self, *, limit: int = DEFAULT_PAGE_SIZE, cursor: str | None = None
    ) -> Page[ApiToken]:
        """List all tokens by id, revoked and expired ones too."""
        verify_page_size(limit)
        query = select(tokens).order_by(tokens.c.id).limit(limit + 1)
        if cursor is not None:
            query = query.where(tokens.c.id > cursor)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return build_page(rows, limit, read=_read_token, cursor=lambda row: row.id)

    async def revoke_token(self, token: str, *, actor: str, now: int) -> ApiToken:
        """Put a token out of force; again changes nothing.

        Raises:
            TokenNotFoundError: There is none of this id.
            RequestInvalidError: It is the last admin's of the whole Backend; nobody could make another.
        """
        async with self._database.write(now) as transaction:
            if await _find_admins(transaction, now) == [token]:
                raise RequestInvalidError("the last admin's token; make another one first", field="token")
            statement = update(tokens).where(tokens.c.id == token, tokens.c.revoked_at.is_(None))
            result = await transaction.connection.execute(statement.values(revoked_at=now))
            row = (await transaction.connection.execute(select(tokens).where(tokens.c.id == token))).first()
            if row is None:
                raise TokenNotFoundError(token)
            if result.rowcount:
                transaction.record(AuditEntry(actor=actor, action="token.revoked", subject=token))
        return _read_token(row)


async def _is_others(transaction: Transaction, principal: str, maker: str, now: int) -> bool:
    """Tell whether a principal is another than the maker, and has a token in force."""
    in_force = tokens.c.revoked_at.is_(None) & (tokens.c.expires_at.is_(None) | (tokens.c.expires_at > now))
    query = select(tokens.c.id).where(tokens.c.principal == principal, in_force).limit(1)
    return principal != maker and (await transaction.connection.execute(query)).first() is not None


async def _find_admins(transaction: Transaction, now: int) -> list[str]:
    """Return the tokens in force that can make others, and let nobody else revoke one meanwhile."""
    in_force = tokens.c.revoked_at.is_(None) & (tokens.c.expires_at.is_(None) | (tokens.c.expires_at > now))
    query = select(tokens.c.id).where(tokens.c.role == "admin", tokens.c.workspaces.is_(None), in_force)
    rows = await transaction.connection.execute(query.order_by(tokens.c.id).with_for_update())
    return list(rows.scalars())


def _read_token(row: Row[Any]) -> ApiToken:
    return ApiToken(
        id=row.id,
        name=row.name,
        principal=row.principal,
        role=row.role,
        workspaces=row.workspaces,
        scopes=row.scopes,
        created_at=format_instant(row.created_at),
        expires_at=_format(row.expires_at),
        revoked_at=_format(row.revoked_at),
        last_used_at=_format(row.last_used_at),
    )


def _format(instant: int | None) -> str | None:
    return None if instant is None else format_instant(instant)
