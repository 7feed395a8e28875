"""Repair of a damaged store: salvage into a new database, count the blobs anew, resolve lost specs again (R-03)."""

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from worker_runtime.embedded.composition import build_context
from worker_runtime.embedded.operations.context import Context
from worker_runtime.embedded.operations.reproducing import prepare_pinned
from worker_runtime.host.ports import BareHost, Host
from worker_runtime.resolution.explain import explain_resolution
from worker_runtime.resolution.resolve import compute_resolution
from worker_runtime.store.blobs import find_missing_blobs
from worker_runtime.store.bundles import get_bundle_key, link_blobs, put_quarantine, read_manifest
from worker_runtime.store.connection import Database
from worker_runtime.store.damaged_file import DamagedFile
from worker_runtime.store.files import DataDirectory
from worker_runtime.store.page_image import open_page_image
from worker_runtime.store.salvage import SalvageReport, salvage
from worker_runtime.store.workers import decode_pins, delete_worker, get_salvaged_pins, put_spec
from yoi_bundle.canonical import encode_canonical
from yoi_bundle.errors import YoiError
from yoi_bundle.verified import verify_manifest
from yoi_wire.clock import Clock, SystemClock
from yoi_wire.errors import StoreCorruptError


class RepairReport(Struct, frozen=True, kw_only=True):
    """What a repair kept, and what it could not.

    Attributes:
        workers: Ids of Workers that are back.
        lost_workers: Ids of Workers whose pins were damaged, or whose spec could not be resolved again.
        damaged_bundles: Digests of bundles that must be put again.
    """

    workers: tuple[str, ...]
    lost_workers: tuple[str, ...]
    events: int
    assignments: int
    bundles: int
    blobs: int
    damaged_bundles: tuple[str, ...]


def repair(
    source: DamagedFile, build_context: Callable[[Database], Context], target: Database
) -> RepairReport:
    """Salvage a damaged database into a new one, and make that one whole.

    Args:
        source: The damaged database's file.
        build_context: Gives a context on the new one.
        target: The new one, empty.

    Raises:
        StoreCorruptError: Nothing is left, not even a sign that it ever was a Runtime's.
    """
    report = salvage(source, target)
    if not (source.is_ours or report.workers or report.bundles or report.assignments):
        raise StoreCorruptError("database")
    context = build_context(target)
    damaged = tuple(
        digest for number in report.bundles if (digest := _restore_bundle(context, number)) is not None
    )
    lost = tuple(
        worker_id
        for number in report.without_spec
        if (worker_id := _restore_spec(context, number)) is not None
    )
    return _sum_up(report, damaged, lost)


def _restore_bundle(context: Context, bundle_id: int) -> str | None:
    """Tie a bundle to its blobs; return its digest when some of it is gone, which quarantines it."""
    database, now = context.database, context.clock.now()
    with database.read() as connection:
        workspace_id, digest = get_bundle_key(connection, bundle_id)
        data = read_manifest(connection, bundle_id)
    try:
        bundle = verify_manifest(data, digest, limits=context.limits, features=context.features)
    except YoiError:
        with database.write() as connection:
            put_quarantine(connection, workspace_id, digest, "manifest", now=now)
        return digest
    with database.write() as connection:
        link_blobs(connection, workspace_id, bundle_id, bundle.blobs)
        missing = find_missing_blobs(connection, workspace_id, bundle.blobs)
        if missing:
            # Its blobs are not all here to be marked one by one, so the bundle as a whole is.
            put_quarantine(connection, workspace_id, digest, "manifest", now=now)
    return digest if missing else None


def _restore_spec(context: Context, number: int) -> str | None:
    """Resolve a Worker's spec again from its pins; delete the Worker and return its id when that fails."""
    with context.database.read() as connection:
        worker_id, data = get_salvaged_pins(connection, number)
    try:
        pins = decode_pins(data)
        plan = prepare_pinned(context, pins, pins.policy)
        resolution = compute_resolution(plan, pins.facts, pins.request.intent)
    except YoiError:
        with context.database.write() as connection:
            delete_worker(connection, number)
        return worker_id
    with context.database.write() as connection:
        put_spec(
            connection,
            number,
            spec=resolution.spec_bytes,
            explanation=encode_canonical(explain_resolution(resolution)),
        )
    return None


def _sum_up(report: SalvageReport, damaged: tuple[str, ...], lost: tuple[str, ...]) -> RepairReport:
    return RepairReport(
        workers=tuple(one for one in report.workers if one not in lost),
        lost_workers=(*report.lost_workers, *lost),
        events=report.events,
        assignments=report.assignments,
        bundles=len(report.bundles),
        blobs=report.blobs,
        damaged_bundles=damaged,
    )


def repair_data_directory(
    path: Path,
    *,
    host: Host | None = None,
    clock: Clock | None = None,
    open_database: Callable[[Path], Database] = Database,
) -> RepairReport:
    """Salvage a store into a new one, which takes its place; the damaged files stay beside it.

    Blocks on the disk for as long as reading the whole store takes. Cut at any instant, it leaves the damaged store or
    the repaired one.

    Args:
        path: The data directory.
        host: Policy and ports of this machine, for specs that have to be resolved again.
        clock: The source of time.
        open_database: Opens the new database file.

    Raises:
        RuntimeUnavailableError: A Runtime has the store open, or the disk fails.
        StoreCorruptError: It is no Runtime's store, or nothing of it is left; nothing was changed.
        RuntimeIncompatibleError: A newer program wrote it; nothing was changed.
    """
    clock = clock or SystemClock()
    directory = DataDirectory(path)
    with directory.hold_alone():
        kept_as = str(clock.now())
        directory.finish_repair(kept_as)
        directory.clear_building()
        try:
            report = _salvage(directory, host or BareHost(), clock, open_database)
        except BaseException:
            directory.clear_building()
            raise
        directory.commit_repair()
        directory.finish_repair(kept_as)
    return report


def _salvage(
    directory: DataDirectory, host: Host, clock: Clock, open_database: Callable[[Path], Database]
) -> RepairReport:
    with open_page_image(directory.database) as image:
        source = DamagedFile(image)
        target = open_database(directory.building)
        try:
            return repair(
                source, lambda database: build_context(database, directory.path, host, clock), target
            )
        finally:
            target.checkpoint()
            target.close()
