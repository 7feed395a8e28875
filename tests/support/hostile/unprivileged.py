"""What a Runtime says in a directory where its user may not write; for the superuser, as another user.

The child is forked, not started anew: everything is imported by then, and the other user need not be able to read it.
"""

import asyncio
import multiprocessing
import os
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from support.runtime.fake_host import FakeHost
from support.runtime.manual_clock import ManualClock
from support.runtime.runtime_under_test import build_caller
from worker_runtime.embedded.runtime import EmbeddedRuntime
from yoi_bundle.errors import YoiError

_NOBODY = 65534
_DEADLINE_SECONDS = 30.0


def ask_as_another_user(directory: Path) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Open a Runtime there without the superuser's rights.

    Returns:
        The problems of its readiness, and code and details of the error that an operation raised.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["support.hostile.unprivileged", "support.runtime.crash_child"])
    reader, writer = context.Pipe(duplex=False)
    child = context.Process(target=_ask, args=(str(directory), writer))
    child.start()
    writer.close()
    assert reader.poll(_DEADLINE_SECONDS), "the child says nothing"
    found: tuple[tuple[Any, ...], dict[str, Any]] = reader.recv()
    child.join(_DEADLINE_SECONDS)
    reader.close()
    return found


def _ask(directory: str, pipe: Connection) -> None:
    with tempfile.TemporaryDirectory() as elsewhere:
        # Whatever is imported late is imported by this.
        asyncio.run(_look(Path(elsewhere)))
    # From here on the path is relative, because the other user may not pass through the directories above.
    os.chdir(directory)
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)
    pipe.send(asyncio.run(_look(Path())))


async def _look(directory: Path) -> tuple[tuple[Any, ...], dict[str, Any]]:
    runtime = EmbeddedRuntime(directory, host=FakeHost(), clock=ManualClock())
    try:
        problems = (await runtime.start()).readiness.problems
        try:
            await runtime.list_bundles(build_caller())
        except YoiError as error:
            return problems, {"code": error.code, **error.details()}
        return problems, {}
    finally:
        runtime.close()
