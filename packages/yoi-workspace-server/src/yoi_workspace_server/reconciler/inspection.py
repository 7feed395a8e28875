"""What a Runtime stores of a workspace, and which of its Workers use it: by its own word (K-05)."""

from yoi_bundle.errors import YoiError
from yoi_wire.clock import MILLISECONDS_A_SECOND, Clock, format_instant
from yoi_wire.paging import MAX_PAGE_SIZE
from yoi_workspace_server.reconciler.settings import ReconcilerSettings
from yoi_workspace_server.registry.dialing import Dialled
from yoi_workspace_server.store.database.instants import parse_instant
from yoi_workspace_server.sync_plan import Observed
from yoi_workspace_server.sync_status import Holdings, PairStatus

_MAX_INSPECTED = 20
"""Bundles of one workspace that are asked about one by one; a Runtime keeps about ten."""


def needs_inspection(
    status: PairStatus, observed: Observed | None, settings: ReconcilerSettings, *, now: int
) -> bool:
    """Tell whether to ask for more than the assignment: when that was so already, and what is known has grown old.

    A sync that changed something costs no further requests; its pair is due again soon.
    """
    before = status.observed
    if observed is None or before is None:
        return False
    if (before.digest, before.generation) != (observed.digest, observed.generation):
        return False
    known = status.holdings
    if known is None or (observed.digest is not None and observed.digest not in known.stored):
        return True
    return now - parse_instant(known.observed_at) >= settings.inspect_seconds * MILLISECONDS_A_SECOND


async def inspect_holdings(dialled: Dialled, workspace: str, clock: Clock) -> Holdings:
    """Ask which bundles are complete there, and which Workers pin them.

    Raises:
        YoiError: The Runtime did not say.
    """
    caller = dialled.build_caller(workspace)
    page = await dialled.api.list_bundles(caller, workspace=workspace, limit=MAX_PAGE_SIZE)
    workers: dict[str, int] = {}
    lacking: dict[str, tuple[str, ...]] = {}
    stored = [entry.digest for entry in page.items if entry.state == "stored"]
    for digest in stored[:_MAX_INSPECTED]:
        try:
            status = await dialled.api.get_bundle_status(caller, digest)
        except YoiError as error:
            if error.code != "bundle.missing":
                raise
            continue
        if status.workers:
            workers[digest] = len(status.workers)
        for one in status.rejected_profiles:
            lacking[f"{digest}/{one.profile}"] = one.lacking
    return Holdings(
        observed_at=format_instant(clock.now()), stored=tuple(stored), workers=workers, lacking=lacking
    )
