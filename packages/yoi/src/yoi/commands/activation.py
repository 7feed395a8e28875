"""`yoi workspace activate|rollback|release|revoke`: move the pointer that new Workers follow (K-01)."""

import click
import msgspec

from yoi.backend.address import BackendAddress
from yoi.backend.client import BackendClient, ask_backend
from yoi.backend.options import online_options
from yoi.backend.published_bundle import find_published_digest
from yoi.render.documents import print_done
from yoi.shell.command import YoiCommand
from yoi_wire.backend.operations import (
    ACTIVATE,
    LIST_AVAILABILITY,
    LIST_WORKERS,
    RELEASE,
    REVOKE_BUNDLE,
    ROLL_BACK,
)
from yoi_wire.backend.revisions import (
    ActivationRequest,
    ActivationView,
    RevocationRequest,
    RevocationView,
    RollbackRequest,
)

_REVISION = click.IntRange(min=1)
_reason_option = click.option("--reason", default="", help="Why, in words, for the history.")


class _Use(msgspec.Struct, frozen=True, kw_only=True):
    """How many Workers on a Runtime pin a bundle."""

    runtime: str
    workers: int
    ids: tuple[str, ...]


class _Revoked(RevocationView, frozen=True, kw_only=True):
    """A revocation, and where the bundle is in use."""

    in_use: tuple[_Use, ...]


@click.command(cls=YoiCommand)
@click.argument("workspace_id", metavar="WORKSPACE")
@click.argument("revision", type=_REVISION)
@_reason_option
@online_options
@click.pass_context
def activate(
    context: click.Context,
    workspace_id: str,
    *,
    revision: int,
    reason: str,
    backend: BackendAddress,
    as_json: bool,
) -> None:
    """Make REVISION of WORKSPACE the active one, for new Workers everywhere."""
    wanted = ActivationRequest(revision=revision, reason=reason)
    moved = ask_backend(backend, lambda client: client.call(ACTIVATE, workspace=workspace_id, body=wanted))
    _print_move(context, workspace_id, moved, "activated", as_json=as_json)


@click.command(cls=YoiCommand)
@click.argument("workspace_id", metavar="WORKSPACE")
@click.argument("revision", type=_REVISION, required=False)
@_reason_option
@online_options
@click.pass_context
def rollback(
    context: click.Context,
    workspace_id: str,
    *,
    revision: int | None,
    reason: str,
    backend: BackendAddress,
    as_json: bool,
) -> None:
    """Go back to REVISION, or to the one before the active one; later ones wait until `release`."""
    wanted = RollbackRequest(revision=revision, reason=reason)
    moved = ask_backend(backend, lambda client: client.call(ROLL_BACK, workspace=workspace_id, body=wanted))
    _print_move(context, workspace_id, moved, "rolled back to", as_json=as_json)


@click.command(cls=YoiCommand)
@click.argument("workspace_id", metavar="WORKSPACE")
@online_options
@click.pass_context
def release(context: click.Context, workspace_id: str, *, backend: BackendAddress, as_json: bool) -> None:
    """Let new revisions of WORKSPACE become active again after a rollback."""
    found = ask_backend(backend, lambda client: client.call(RELEASE, workspace=workspace_id))
    print_done(context, found, "released", f"workspace {workspace_id}", as_json=as_json)


@click.command(cls=YoiCommand)
@click.argument("workspace_id", metavar="WORKSPACE")
@click.argument("bundle")
@_reason_option
@online_options
@click.pass_context
def revoke(
    context: click.Context,
    workspace_id: str,
    *,
    bundle: str,
    reason: str,
    backend: BackendAddress,
    as_json: bool,
) -> None:
    """Let no new Worker use BUNDLE: its digest, the beginning of one, or the number of its revision.

    Workers that use it go on; it is said where.
    """

    async def run(client: BackendClient) -> _Revoked:
        digest = await find_published_digest(client, workspace_id, bundle)
        wanted = RevocationRequest(digest=digest, reason=reason)
        revoked = await client.call(REVOKE_BUNDLE, workspace=workspace_id, body=wanted)
        in_use = await _list_uses(client, workspace_id, digest)
        return _Revoked(**msgspec.structs.asdict(revoked), in_use=in_use)

    revoked = ask_backend(backend, run)
    uses = "; ".join(_describe_use(one) for one in revoked.in_use)
    text = f"{revoked.digest}; " + (
        f"Workers still use it on {uses}" if uses else "no Worker is known to use it"
    )
    print_done(context, revoked, "revoked", text, as_json=as_json)


async def _list_uses(client: BackendClient, workspace_id: str, digest: str) -> tuple[_Use, ...]:
    """Return the Runtimes on which Workers use a bundle, with those that the Backend made, which it knows at once.

    How many others there are, made by somebody else, is what the Runtime said when it was last inspected.
    """
    made: dict[str, list[str]] = {}
    for one in await client.collect(LIST_WORKERS, workspace=workspace_id):
        if one.bundle_digest == digest and one.ended_at is None:
            made.setdefault(one.runtime, []).append(one.id)
    pairs = await client.collect(LIST_AVAILABILITY, workspace=workspace_id)
    counts = {one.runtime: (one.in_use or {}).get(digest, 0) for one in pairs}
    uses = ((name, made.get(name, []), counts.get(name, 0)) for name in sorted({*made, *counts}))
    return tuple(
        _Use(runtime=name, workers=max(len(ids), count), ids=tuple(sorted(ids)))
        for name, ids, count in uses
        if ids or count
    )


def _describe_use(use: _Use) -> str:
    named = ", ".join(use.ids)
    return f"{use.runtime} ({use.workers}{': ' if named else ''}{named})"


def _print_move(
    context: click.Context, workspace_id: str, moved: ActivationView, verb: str, *, as_json: bool
) -> None:
    text = f"revision {moved.revision} of {workspace_id}, generation {moved.generation}: {moved.digest}"
    print_done(context, moved, verb, text, as_json=as_json)
