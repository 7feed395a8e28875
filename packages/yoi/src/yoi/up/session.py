"""The course of `yoi up`: have the directory, start the Backend, add the workspace, follow it, leave nothing running."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from yoi.backend.address import BackendAddress
from yoi.backend.client import BackendClient
from yoi.backend.token import read_token_file
from yoi.configuration import Configuration
from yoi.up.backend_process import BackendPlace, BackendProcess, choose_port, start_backend
from yoi.up.directories import Tenant, get_up_directory, hold_directory
from yoi.up.events import Happening, Started, Stopped
from yoi.up.following import Follower
from yoi_bundle.errors import YoiError
from yoi_wire.backend.operations import ADD_WORKSPACE, CHANGE_WORKSPACE
from yoi_wire.backend.workspaces import DirectorySource, NewWorkspace, WorkspaceChange
from yoi_wire.clock import SystemClock, format_instant
from yoi_wire.stop_signals import watch_signals

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LAST_WORD_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to be up.

    Attributes:
        source: The workspace's directory.
        port: None for the usual one, or another when that is taken; 0 for any free one.
    """

    source: Path
    workspace: str
    port: int | None = None


async def run_up(wanted: Wanted, configuration: Configuration, *, tell: Callable[[Happening], None]) -> None:
    """Run until told to stop.

    Raises:
        DirectoryTakenError: Another one runs on the same data.
        BackendEndedError: The Backend did not start, or ended by itself.
        YoiError: It refused the workspace.
    """
    directory = get_up_directory(configuration.data_directory)
    place = BackendPlace(
        directory=directory,
        source_root=wanted.source,
        host_policy=configuration.host_policy_file,
        port=choose_port() if wanted.port is None else wanted.port,
    )
    with _hold_signals() as stopping, hold_directory(directory) as say:
        working = asyncio.create_task(_work(place, wanted, configuration, say, tell))
        stopped = asyncio.create_task(stopping.wait())
        await asyncio.wait((working, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working
    tell(Stopped())


async def _work(
    place: BackendPlace,
    wanted: Wanted,
    configuration: Configuration,
    say: Callable[[Tenant], None],
    tell: Callable[[Happening], None],
) -> None:
    say(Tenant(source=str(wanted.source)))
    since = format_instant(SystemClock().now())
    async with start_backend(place, configuration.environment) as backend:
        say(Tenant(source=str(wanted.source), address=backend.address))
        tell(_describe_start(backend, place, wanted))
        following = asyncio.create_task(_follow(backend, place, wanted, tell, since=since))
        ended = asyncio.create_task(backend.wait())
        try:
            await asyncio.wait((following, ended), return_when=asyncio.FIRST_COMPLETED)
            # A Backend that ends cuts its connections first: say that it ended rather than what came of it.
            await asyncio.wait((ended,), timeout=_LAST_WORD_SECONDS)
            if ended.done():
                raise ended.result()
            following.result()
        finally:
            following.cancel()
            ended.cancel()
            await asyncio.gather(following, ended, return_exceptions=True)


async def _follow(
    backend: BackendProcess,
    place: BackendPlace,
    wanted: Wanted,
    tell: Callable[[Happening], None],
    *,
    since: str,
) -> None:
    address = BackendAddress(url=backend.address, token=read_token_file(place.token_file))
    async with BackendClient(address) as client:
        await _put_workspace(client, wanted)
        follower = Follower(client, wanted.workspace, tell=tell)
        await follower.start(since=since)
        await follower.run()


async def _put_workspace(client: BackendClient, wanted: Wanted) -> None:
    """Add the workspace, or give the one that is there this directory."""
    source = DirectorySource(path=str(wanted.source))
    try:
        await client.call(ADD_WORKSPACE, body=NewWorkspace(id=wanted.workspace, source=source))
    except YoiError as error:
        if error.code != "workspace.conflict":
            raise
        await client.call(CHANGE_WORKSPACE, workspace=wanted.workspace, body=WorkspaceChange(source=source))


@contextmanager
def _hold_signals() -> Iterator[asyncio.Event]:
    try:
        yield watch_signals(_SIGNALS)
    finally:
        for number in _SIGNALS:
            asyncio.get_running_loop().remove_signal_handler(number)


def _describe_start(backend: BackendProcess, place: BackendPlace, wanted: Wanted) -> Started:
    return Started(
        address=backend.address,
        workspace=wanted.workspace,
        source=str(wanted.source),
        data_directory=str(place.directory),
        token_file=str(place.token_file),
        log_file=str(place.log_file),
        policy_file=str(place.host_policy),
        policy_found=place.host_policy.is_file(),
    )
