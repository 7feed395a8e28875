"""Put the parts of one Runtime together."""

import secrets
from pathlib import Path

from worker_runtime.embedded.dedicated_threads import KeptThreads
from worker_runtime.embedded.manifest_cache import ManifestCache
from worker_runtime.embedded.operations.context import Context
from worker_runtime.host.ports import Host
from worker_runtime.resolution.fast_path.plan_cache import PlanCache
from worker_runtime.resolution.fast_path.spec_cache import SpecCache
from worker_runtime.store.connection import Database
from worker_runtime.store.retention import DEFAULT_RETENTION, Retention
from yoi_bundle.boundary.default_scanner import create_scanner
from yoi_bundle.boundary.scanner import SecretScanner
from yoi_bundle.builtin import load_builtin_set
from yoi_bundle.limits import DEFAULT_LIMITS, Limits
from yoi_bundle.schema import KNOWN_FEATURES
from yoi_wire.clock import Clock

_SCANNER_CACHE = "scanner-rules"
"""Compiled rules, written when a text is first scanned; they may be deleted at any time."""


def create_id() -> str:
    """Return 128 random bits in hexadecimal."""
    return secrets.token_hex(16)


def build_context(
    database: Database,
    spool_directory: Path,
    host: Host,
    clock: Clock,
    *,
    retention: Retention = DEFAULT_RETENTION,
    limits: Limits = DEFAULT_LIMITS,
    scanner: SecretScanner | None = None,
) -> Context:
    """Return what all operations need, on one database."""
    return Context(
        database=database,
        writer=KeptThreads("yoi-writer"),
        clock=clock,
        new_id=create_id,
        retention=retention,
        limits=limits,
        features=KNOWN_FEATURES,
        manifests=ManifestCache(),
        host=host,
        builtin=load_builtin_set(),
        plans=PlanCache(),
        scanner=scanner or create_scanner(cache_directory=spool_directory / _SCANNER_CACHE),
        specs=SpecCache(),
        spool_directory=spool_directory,
    )
