"""The process that is killed: does crash work and says so down a pipe, which the parent reads after its death."""

import asyncio
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from support.runtime.crash_work import CrashWork


def run_child(directory: str, seed: int, pipe: Connection) -> None:
    """Work until killed."""

    def listen(what: str, kind: str, about: dict[str, Any]) -> None:
        pipe.send((what, kind, about))

    asyncio.run(CrashWork(Path(directory), seed, listen).run(steps=100_000))
