"""The repair command's work: from a damaged data directory to one that a Runtime can serve (R-03)."""

from collections.abc import Callable
from pathlib import Path

from worker_runtime.embedded.composition import build_context
from worker_runtime.embedded.operations.repairing import RepairReport, repair
from worker_runtime.host.ports import BareHost, Host
from worker_runtime.store.connection import Database
from worker_runtime.store.damaged_file import DamagedFile
from worker_runtime.store.files import DataDirectory
from worker_runtime.store.page_image import open_page_image
from yoi_wire.clock import Clock, SystemClock


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
