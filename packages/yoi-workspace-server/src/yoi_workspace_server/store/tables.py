"""Tables of the Backend; instants are milliseconds since 1970, JSON is text.

A column that holds what may never reach a browser has `info={"private": True}` (K-07).
"""

from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator

from worker_runtime.contract.runtime_info import RuntimeInfo
from yoi_bundle.diagnostics import Diagnostic
from yoi_bundle.metadata import BundleMetadata
from yoi_wire.backend.placements import PlacementRule
from yoi_wire.backend.runtimes import RuntimeConnection
from yoi_wire.backend.tokens import TokenScope
from yoi_wire.backend.workspaces import Source
from yoi_wire.errors import StoreCorruptError
from yoi_wire.private import PRIVATE_MARK
from yoi_wire.worker_requests import WorkerRequest
from yoi_workspace_server.placed_workers import LastAccepted
from yoi_workspace_server.revisions import BuildProblem
from yoi_workspace_server.runtimes import SafeProblem
from yoi_workspace_server.sync_status import Holdings

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
_PRIVATE = {PRIVATE_MARK: True}

_COUNTER = BigInteger().with_variant(Integer, "sqlite")
"""A key that the database counts up; SQLite does that for INTEGER alone."""


def _text(name: str, *, nullable: bool = False, **options: Any) -> Column[str]:
    """Return a column of text that sorts by code point on every database."""
    return Column(
        name, String().with_variant(String(collation="C"), "postgresql"), nullable=nullable, **options
    )


def _instant(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


def _workspace() -> Column[str]:
    return Column(
        "workspace",
        String().with_variant(String(collation="C"), "postgresql"),
        ForeignKey("workspace.id", ondelete="CASCADE"),
        nullable=False,
    )


bundles = Table(
    "bundle",
    metadata,
    _workspace(),
    _text("digest"),
    Column("manifest", LargeBinary, nullable=False),
    Column("size", BigInteger, nullable=False),
    _instant("stored_at"),
    PrimaryKeyConstraint("workspace", "digest"),
)
blobs = Table(
    "blob",
    metadata,
    _workspace(),
    _text("digest"),
    Column("content", LargeBinary, nullable=False),
    PrimaryKeyConstraint("workspace", "digest"),
)
activations = Table(
    "activation",
    metadata,
    _workspace(),
    Column("generation", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),
    _text("digest"),
    _text("kind"),
    _text("actor"),
    _text("reason"),
    _instant("activated_at"),
    PrimaryKeyConstraint("workspace", "generation"),
)
revocations = Table(
    "revocation",
    metadata,
    _workspace(),
    _text("digest"),
    _text("actor"),
    _text("reason"),
    _instant("revoked_at"),
    PrimaryKeyConstraint("workspace", "digest"),
)
Value = TypeVar("Value")


class JsonValue(TypeDecorator[Value], Generic[Value]):
    """Writes with sorted keys and reads strictly typed; NULL is None."""

    impl = Text
    cache_ok = True

    def __init__(self, value_type: Any) -> None:
        super().__init__()
        self.value_type = value_type
        self._decoder = msgspec.json.Decoder(value_type)

    def process_bind_param(self, value: Value | None, dialect: Dialect) -> str | None:
        return None if value is None else msgspec.json.encode(value, order="sorted").decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Value | None:
        """Decode a row's text.

        Raises:
            StoreCorruptError: It is not of the type.
        """
        if value is None:
            return None
        try:
            decoded: Value = self._decoder.decode(value)
        except (msgspec.DecodeError, UnicodeError) as error:
            raise StoreCorruptError("record") from error
        return decoded


workspaces = Table(
    "workspace",
    metadata,
    _text("id", primary_key=True),
    _text("title"),
    _text("visibility"),
    Column("source", JsonValue[Source](Source), nullable=False, info=_PRIVATE),
    Column("automatic", Boolean, nullable=False),
    Column("held", Boolean, nullable=False),
    # After a restore from a backup: nothing is sent anywhere before an admin has said so.
    Column("suspended", Boolean, nullable=False),
    Column("generation", BigInteger, nullable=False),
    _text("active_digest", nullable=True),
    Column("active_revision", BigInteger),
    Column("active_generation", BigInteger),
    # The latest revision, while it waits for somebody's word because it has no profile any more.
    Column("withheld_revision", BigInteger),
    _instant("created_at"),
)
revisions = Table(
    "revision",
    metadata,
    _workspace(),
    Column("revision", BigInteger, nullable=False),
    _text("digest"),
    Column("metadata", JsonValue[BundleMetadata](BundleMetadata), nullable=False),
    _instant("recorded_at"),
    Column("pinned", Boolean, nullable=False),
    PrimaryKeyConstraint("workspace", "revision"),
    ForeignKeyConstraint(["workspace", "digest"], ["bundle.workspace", "bundle.digest"], ondelete="CASCADE"),
    Index(None, "workspace", "digest"),
)
builds = Table(
    "build",
    metadata,
    Column("id", _COUNTER, primary_key=True, autoincrement=True),
    _workspace(),
    _text("outcome"),
    _text("digest", nullable=True),
    Column("revision", BigInteger),
    Column("diagnostics", JsonValue[tuple[Diagnostic, ...]](tuple[Diagnostic, ...]), nullable=False),
    Column("diagnostic_count", Integer, nullable=False),
    Column("problem", JsonValue[BuildProblem](BuildProblem)),
    _instant("built_at"),
    Index(None, "workspace", "id"),
    sqlite_autoincrement=True,
)
runtimes = Table(
    "runtime",
    metadata,
    _text("name", primary_key=True),
    _text("kind"),
    _text("audience"),
    Column("labels", JsonValue[dict[str, str]](dict[str, str]), nullable=False),
    Column("connection", JsonValue[RuntimeConnection](RuntimeConnection), info=_PRIVATE),
    Column("info", JsonValue[RuntimeInfo](RuntimeInfo)),
    _text("version"),
    _text("policy_generation"),
    _text("reachability"),
    Column("problem", JsonValue[SafeProblem](SafeProblem)),
    _instant("last_seen_at", nullable=True),
    _instant("added_at"),
    UniqueConstraint("audience"),
)
placements = Table(
    "placement",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("generation", BigInteger, nullable=False),
    Column("rules", JsonValue[tuple[PlacementRule, ...]](tuple[PlacementRule, ...]), nullable=False),
)
pairs = Table(
    "pair",
    metadata,
    Column(
        "runtime",
        String().with_variant(String(collation="C"), "postgresql"),
        ForeignKey("runtime.name", ondelete="CASCADE"),
        nullable=False,
    ),
    _workspace(),
    Column("placed", Boolean, nullable=False),
    Column("placement_generation", BigInteger, nullable=False),
    # Counts this pair alone: no Runtime's word moves what another one is sent (T-02).
    Column("generation_offset", BigInteger, nullable=False),
    Column("raises", Integer, nullable=False),
    _instant("observed_at", nullable=True),
    Column("observed_generation", BigInteger),
    _text("observed_digest", nullable=True),
    Column("observed_revision", BigInteger),
    Column("holdings", JsonValue[Holdings](Holdings)),
    Column("attempts", Integer, nullable=False),
    Column("problem", JsonValue[SafeProblem](SafeProblem)),
    _instant("last_attempt_at", nullable=True),
    _instant("last_success_at", nullable=True),
    # Grows with each trigger; one that comes while a claim is out makes the pair due again when that is settled.
    Column("triggers", BigInteger, nullable=False),
    _instant("due_at", nullable=True),
    Column("lease", BigInteger, nullable=False),
    Column("lease_triggers", BigInteger, nullable=False),
    _text("lease_owner", nullable=True),
    _instant("lease_expires_at", nullable=True),
    PrimaryKeyConstraint("runtime", "workspace"),
    Index(None, "due_at"),
    Index(None, "workspace"),
)
rejections = Table(
    "rejection",
    metadata,
    Column("id", _COUNTER, primary_key=True, autoincrement=True),
    _workspace(),
    _text("digest"),
    Column(
        "runtime",
        String().with_variant(String(collation="C"), "postgresql"),
        ForeignKey("runtime.name", ondelete="CASCADE"),
        nullable=False,
    ),
    _text("runtime_version"),
    _text("policy_generation"),
    _text("code"),
    Column("details", JsonValue[dict[str, Any]](dict[str, Any]), nullable=False),
    _instant("rejected_at"),
    UniqueConstraint(
        "workspace", "digest", "runtime", "runtime_version", "policy_generation", name="uq_rejection_content"
    ),
    Index(None, "runtime"),
    sqlite_autoincrement=True,
)
workers = Table(
    "worker",
    metadata,
    _text("id", primary_key=True),
    _workspace(),
    _text("key"),
    _text("fingerprint"),
    _text("runtime"),
    _text("audience"),
    Column("request", JsonValue[WorkerRequest](WorkerRequest), nullable=False),
    _text("runtime_worker", nullable=True),
    _instant("created_at"),
    Column("last_accepted", JsonValue[LastAccepted](LastAccepted)),
    UniqueConstraint("workspace", "key"),
    Index(None, "created_at", "id"),
)
tokens = Table(
    "api_token",
    metadata,
    _text("id", primary_key=True),
    _text("secret_hash", info=_PRIVATE),
    _text("name"),
    _text("principal"),
    _text("role"),
    Column("workspaces", JsonValue[frozenset[str]](frozenset[str])),
    Column("scopes", JsonValue[frozenset[TokenScope]](frozenset[TokenScope]), nullable=False),
    _instant("created_at"),
    _instant("expires_at", nullable=True),
    _instant("revoked_at", nullable=True),
    _instant("last_used_at", nullable=True),
    UniqueConstraint("secret_hash"),
)
audit = Table(
    "audit",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    _instant("recorded_at"),
    _text("actor"),
    _text("token"),
    _text("action"),
    _text("workspace"),
    _text("runtime"),
    _text("subject"),
    Column("details", JsonValue[dict[str, Any]](dict[str, Any]), nullable=False),
    # Of this record and the hash before it; see `yoi_workspace_server.audit.compute_record_hash`.
    _text("hash"),
    Index(None, "workspace", "sequence"),
)
audit_prefix = Table(
    "audit_prefix",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("sequence", BigInteger, nullable=False),
    _text("hash"),
    _instant("removed_at"),
)
