"""Counters a pair, principals of tokens, and the audit's hash chain."""

import hashlib
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_NAME = sa.String().with_variant(sa.String(collation="C"), "postgresql")
_MAX_GENERATION = 2**53 - 1 - 2**32
"""Above it no Runtime takes a generation for long; only a Runtime's wild word brought a counter there."""

_POSTGRESQL_GUARD = (
    "DROP TRIGGER audit_is_append_only ON audit",
    "DROP FUNCTION refuse_audit_change()",
    "CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$",
    "CREATE FUNCTION guard_audit_prefix() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN IF OLD.sequence > COALESCE((SELECT sequence FROM audit_prefix), 0) THEN "
    "RAISE EXCEPTION 'the audit is append-only'; END IF; RETURN OLD; END $$",
    "CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR TRUNCATE ON audit "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()",
    "CREATE TRIGGER audit_shrinks_by_its_prefix BEFORE DELETE ON audit "
    "FOR EACH ROW EXECUTE FUNCTION guard_audit_prefix()",
)
_SQLITE_GUARD = (
    "CREATE TRIGGER audit_refuses_update BEFORE UPDATE ON audit "
    "BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END",
    "CREATE TRIGGER audit_refuses_delete BEFORE DELETE ON audit "
    "WHEN OLD.sequence > COALESCE((SELECT sequence FROM audit_prefix), 0) "
    "BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END",
)


def upgrade() -> None:
    """Add the columns, chain the records that are there, and put counters right that a Runtime had used up."""
    connection = op.get_bind()
    is_postgresql = connection.dialect.name == "postgresql"
    op.add_column("pair", sa.Column("generation_offset", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("pair", sa.Column("raises", sa.Integer(), nullable=False, server_default="0"))
    op.add_column(
        "workspace", sa.Column("suspended", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("revision", sa.Column("pinned", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("api_token", sa.Column("principal", _NAME, nullable=False, server_default=""))
    op.execute("UPDATE api_token SET principal = name")
    op.create_table(
        "audit_prefix",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("hash", _NAME, nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_prefix"),
    )
    if is_postgresql:
        op.execute("ALTER TABLE audit DISABLE TRIGGER audit_is_append_only")
    else:
        op.execute("DROP TRIGGER audit_refuses_update")
        op.execute("DROP TRIGGER audit_refuses_delete")
    op.add_column("audit", sa.Column("token", _NAME, nullable=False, server_default=""))
    op.add_column("audit", sa.Column("hash", _NAME, nullable=False, server_default=""))
    _chain_audit(connection)
    _lower_counters(connection)
    _clean_texts(connection)
    for statement in _POSTGRESQL_GUARD if is_postgresql else _SQLITE_GUARD:
        op.execute(statement)


def _chain_audit(connection: sa.Connection) -> None:
    columns = "sequence, recorded_at, actor, token, action, workspace, runtime, subject, details"
    previous, last = "", 0
    while True:
        rows = connection.execute(
            sa.text(f"SELECT {columns} FROM audit WHERE sequence > :last ORDER BY sequence LIMIT 1000"),  # noqa: S608
            {"last": last},
        ).all()
        if not rows:
            return
        changes: list[dict[str, Any]] = []
        for row in rows:
            fields = [*row[:-1], msgspec.json.decode(row.details)]
            text = previous.encode() + msgspec.json.encode(fields, order="sorted")
            previous, last = hashlib.sha256(text).hexdigest(), row.sequence
            changes.append({"sequence": last, "hash": previous})
        connection.execute(sa.text("UPDATE audit SET hash = :hash WHERE sequence = :sequence"), changes)


def _clean_texts(connection: sa.Connection) -> None:
    """Take control characters out of sources and titles, which no longer may hold any; such a source never was built."""
    for workspace, title, source in connection.execute(
        sa.text("SELECT id, title, source FROM workspace")
    ).all():
        decoded = msgspec.json.decode(source)
        cleaned = {name: _strip(value) for name, value in decoded.items()}
        if cleaned != decoded or _strip(title)[:256] != title:
            connection.execute(
                sa.text("UPDATE workspace SET source = :source, title = :title WHERE id = :id"),
                {
                    "source": msgspec.json.encode(cleaned, order="sorted").decode(),
                    "title": _strip(title)[:256],
                    "id": workspace,
                },
            )


def _strip(value: str) -> str:
    return "".join(one for one in value if one >= " " and one != "\x7f")


def _lower_counters(connection: sa.Connection) -> None:
    """Number anew, after the last sound generation, what a wild one has lifted beyond what Runtimes take."""
    burned = connection.execute(
        sa.text("SELECT id FROM workspace WHERE generation > :most"), {"most": _MAX_GENERATION}
    ).scalars()
    for workspace in burned.all():
        named = {"workspace": workspace, "most": _MAX_GENERATION}
        last = connection.scalar(
            sa.text(
                "SELECT max(sound) FROM (SELECT generation AS sound FROM activation "
                "WHERE workspace = :workspace UNION ALL SELECT placement_generation FROM pair "
                "WHERE workspace = :workspace) AS given WHERE sound <= :most"
            ),
            named,
        )
        last = last or 0
        wild = connection.execute(
            sa.text(
                "SELECT generation FROM activation WHERE workspace = :workspace AND generation > :most "
                "UNION SELECT placement_generation FROM pair "
                "WHERE workspace = :workspace AND placement_generation > :most ORDER BY 1"
            ),
            named,
        ).scalars()
        for old in wild.all():
            last += 1
            for table, column in (
                ("activation", "generation"),
                ("pair", "placement_generation"),
                ("workspace", "active_generation"),
            ):
                key = "id" if table == "workspace" else "workspace"
                connection.execute(
                    sa.text(
                        f"UPDATE {table} SET {column} = :new WHERE {key} = :workspace AND {column} = :old"  # noqa: S608
                    ),
                    {"new": last, "old": old, "workspace": workspace},
                )
        connection.execute(
            sa.text("UPDATE workspace SET generation = :last WHERE id = :workspace"),
            {"last": last, "workspace": workspace},
        )
