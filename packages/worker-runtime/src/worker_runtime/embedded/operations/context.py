"""Context of all operations: the store, the time, bounds and caches of one Runtime."""

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from worker_runtime.embedded.manifest_cache import ManifestCache
from worker_runtime.host.dedicated_threads import DedicatedThreads
from worker_runtime.host.ports import Host
from worker_runtime.resolution.fast_path.plan_cache import PlanCache
from worker_runtime.resolution.fast_path.spec_cache import SpecCache
from worker_runtime.store.connection import Database
from worker_runtime.store.retention import Retention
from yoi_bundle.boundary.scanner import SecretScanner
from yoi_bundle.builtin import BuiltinSet
from yoi_bundle.limits import Limits
from yoi_wire.clock import Clock


class Context(Struct, frozen=True, kw_only=True):
    """Ports and bounds of one Runtime.

    Attributes:
        new_id: Gives an identifier that was never given before and cannot be guessed.
        features: What this Runtime knows beyond the schema (B-06).
        plans: Resolution's plans, kept between Workers.
        specs: What the plans gave when they were last resolved.
        scanner: Looks for credentials in texts, where host policy asks for it.
        spool_directory: Where large blobs lie, unnamed, while they come.
    """

    database: Database
    writer: DedicatedThreads
    clock: Clock
    new_id: Callable[[], str]
    retention: Retention
    limits: Limits
    features: frozenset[str]
    manifests: ManifestCache
    host: Host
    builtin: BuiltinSet
    plans: PlanCache
    scanner: SecretScanner
    specs: SpecCache
    spool_directory: Path
