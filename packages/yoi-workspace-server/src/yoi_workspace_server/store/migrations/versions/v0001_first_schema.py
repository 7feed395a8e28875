"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_NAME = sa.String().with_variant(sa.String(collation="C"), "postgresql")
_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_POSTGRESQL_GUARD = (
    "CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$",
    "CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()",
)
_SQLITE_GUARD = tuple(
    f"CREATE TRIGGER audit_refuses_{change.lower()} BEFORE {change} ON audit "
    "BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END"
    for change in ("UPDATE", "DELETE")
)


def upgrade() -> None:
    """Make every table, and guard the audit."""
    _create_content_tables()
    _create_fleet_tables()
    _create_access_tables()
    guard = _POSTGRESQL_GUARD if op.get_bind().dialect.name == "postgresql" else _SQLITE_GUARD
    for statement in guard:
        op.execute(statement)


def _create_content_tables() -> None:
    op.create_table(
        "workspace",
        sa.Column("id", _NAME, nullable=False),
        sa.Column("title", _NAME, nullable=False),
        sa.Column("visibility", _NAME, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("active_digest", _NAME, nullable=True),
        sa.Column("active_revision", sa.BigInteger(), nullable=True),
        sa.Column("active_generation", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_workspace"),
    )
    op.create_table(
        "bundle",
        sa.Column("workspace", _NAME, nullable=False),
        sa.Column("digest", _NAME, nullable=False),
        sa.Column("manifest", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("stored_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace"], ["workspace.id"], name="fk_bundle_workspace_workspace", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("workspace", "digest", name="pk_bundle"),
    )
    op.create_table(
        "blob",
        sa.Column("workspace", _NAME, nullable=False),
        sa.Column("digest", _NAME, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace"], ["workspace.id"], name="fk_blob_workspace_workspace", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("workspace", "digest", name="pk_blob"),
    )
    op.create_table(
        "revision",
        sa.Column("workspace", _NAME, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("digest", _NAME, nullable=False),
        sa.Column("metadata", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace", "digest"],
            ["bundle.workspace", "bundle.digest"],
            name="fk_revision_workspace_digest_bundle",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace"], ["workspace.id"], name="fk_revision_workspace_workspace", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("workspace", "revision", name="pk_revision"),
    )
    op.create_index("ix_revision_workspace_digest", "revision", ["workspace", "digest"], unique=False)
    op.create_table(
        "activation",
        sa.Column("workspace", _NAME, nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("digest", _NAME, nullable=False),
        sa.Column("kind", _NAME, nullable=False),
        sa.Column("actor", _NAME, nullable=False),
        sa.Column("reason", _NAME, nullable=False),
        sa.Column("activated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace"], ["workspace.id"], name="fk_activation_workspace_workspace", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("workspace", "generation", name="pk_activation"),
    )
    op.create_table(
        "revocation",
        sa.Column("workspace", _NAME, nullable=False),
        sa.Column("digest", _NAME, nullable=False),
        sa.Column("actor", _NAME, nullable=False),
        sa.Column("reason", _NAME, nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace"], ["workspace.id"], name="fk_revocation_workspace_workspace", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("workspace", "digest", name="pk_revocation"),
    )
    op.create_table(
        "build",
        sa.Column("id", _COUNTER, autoincrement=True, nullable=False),
        sa.Column("workspace", _NAME, nullable=False),
        sa.Column("outcome", _NAME, nullable=False),
        sa.Column("digest", _NAME, nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=True),
        sa.Column("diagnostics", sa.Text(), nullable=False),
        sa.Column("diagnostic_count", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("built_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace"], ["workspace.id"], name="fk_build_workspace_workspace", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_build"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_build_workspace_id", "build", ["workspace", "id"], unique=False)


def _create_fleet_tables() -> None:
    op.create_table(
        "runtime",
        sa.Column("name", _NAME, nullable=False),
        sa.Column("kind", _NAME, nullable=False),
        sa.Column("audience", _NAME, nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("connection", sa.Text(), nullable=True),
        sa.Column("info", sa.Text(), nullable=True),
        sa.Column("version", _NAME, nullable=False),
        sa.Column("policy_generation", _NAME, nullable=False),
        sa.Column("reachability", _NAME, nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=True),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_runtime"),
        sa.UniqueConstraint("audience", name="uq_runtime_audience"),
    )
    op.create_table(
        "placement",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_placement"),
    )
    op.create_table(
        "pair",
        sa.Column("runtime", _NAME, nullable=False),
        sa.Column("workspace", _NAME, nullable=False),
        sa.Column("placed", sa.Boolean(), nullable=False),
        sa.Column("placement_generation", sa.BigInteger(), nullable=False),
        sa.Column("observed_at", sa.BigInteger(), nullable=True),
        sa.Column("observed_generation", sa.BigInteger(), nullable=True),
        sa.Column("observed_digest", _NAME, nullable=True),
        sa.Column("observed_revision", sa.BigInteger(), nullable=True),
        sa.Column("holdings", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("last_attempt_at", sa.BigInteger(), nullable=True),
        sa.Column("last_success_at", sa.BigInteger(), nullable=True),
        sa.Column("triggers", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("lease", sa.BigInteger(), nullable=False),
        sa.Column("lease_triggers", sa.BigInteger(), nullable=False),
        sa.Column("lease_owner", _NAME, nullable=True),
        sa.Column("lease_expires_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["runtime"], ["runtime.name"], name="fk_pair_runtime_runtime", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workspace"], ["workspace.id"], name="fk_pair_workspace_workspace", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("runtime", "workspace", name="pk_pair"),
    )
    op.create_index("ix_pair_due_at", "pair", ["due_at"], unique=False)
    op.create_index("ix_pair_workspace", "pair", ["workspace"], unique=False)
    op.create_table(
        "rejection",
        sa.Column("id", _COUNTER, autoincrement=True, nullable=False),
        sa.Column("workspace", _NAME, nullable=False),
        sa.Column("digest", _NAME, nullable=False),
        sa.Column("runtime", _NAME, nullable=False),
        sa.Column("runtime_version", _NAME, nullable=False),
        sa.Column("policy_generation", _NAME, nullable=False),
        sa.Column("code", _NAME, nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("rejected_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["runtime"], ["runtime.name"], name="fk_rejection_runtime_runtime", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workspace"], ["workspace.id"], name="fk_rejection_workspace_workspace", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_rejection"),
        sa.UniqueConstraint(
            "workspace",
            "digest",
            "runtime",
            "runtime_version",
            "policy_generation",
            name="uq_rejection_content",
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_rejection_runtime", "rejection", ["runtime"], unique=False)
    op.create_table(
        "worker",
        sa.Column("id", _NAME, nullable=False),
        sa.Column("workspace", _NAME, nullable=False),
        sa.Column("key", _NAME, nullable=False),
        sa.Column("fingerprint", _NAME, nullable=False),
        sa.Column("runtime", _NAME, nullable=False),
        sa.Column("audience", _NAME, nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("runtime_worker", _NAME, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace"], ["workspace.id"], name="fk_worker_workspace_workspace", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_worker"),
        sa.UniqueConstraint("workspace", "key", name="uq_worker_workspace_key"),
    )
    op.create_index("ix_worker_created_at_id", "worker", ["created_at", "id"], unique=False)


def _create_access_tables() -> None:
    op.create_table(
        "api_token",
        sa.Column("id", _NAME, nullable=False),
        sa.Column("secret_hash", _NAME, nullable=False),
        sa.Column("name", _NAME, nullable=False),
        sa.Column("role", _NAME, nullable=False),
        sa.Column("workspaces", sa.Text(), nullable=True),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_token"),
        sa.UniqueConstraint("secret_hash", name="uq_api_token_secret_hash"),
    )
    op.create_table(
        "audit",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("actor", _NAME, nullable=False),
        sa.Column("action", _NAME, nullable=False),
        sa.Column("workspace", _NAME, nullable=False),
        sa.Column("runtime", _NAME, nullable=False),
        sa.Column("subject", _NAME, nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_audit"),
    )
    op.create_index("ix_audit_workspace_sequence", "audit", ["workspace", "sequence"], unique=False)
