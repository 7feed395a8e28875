"""Sandboxed git program: a repository can neither ask, nor run, nor fill anything here."""

import asyncio
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from yoi_workspace_server.sources.checkout import SourceUnreadableError

_MAX_OUTPUT_BYTES = 64 * 1024 * 1024
_MAX_FILE_BLOCKS = 2 * 1024 * 1024
"""Of 512 bytes: no file that git writes is larger than 1 GiB."""

_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.askPass=",
    "credential.interactive=false",
    "fetch.fsckObjects=true",
    "fetch.recurseSubmodules=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "transfer.bundleURI=false",
    "uploadpack.packObjectsHook=",
)


class GitProgram:
    """Runs git with a deadline, without prompts, hooks, submodules or the host's settings.

    Args:
        environment: Of this process; `PATH`, `HOME` and the agent of ssh are all that is taken from it.
        configuration: A git configuration file of the server's operator, for credential helpers; None for none.
        timeout_seconds: For one command.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        configuration: Path | None = None,
        timeout_seconds: float = 120.0,
    ) -> None:
        self._timeout_seconds = timeout_seconds
        kept = {name: environment[name] for name in ("PATH", "HOME", "SSH_AUTH_SOCK") if name in environment}
        self._environment = {
            **kept,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": str(configuration) if configuration else os.devnull,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
            "GIT_SSH_COMMAND": "ssh -o BatchMode=yes -o StrictHostKeyChecking=yes",
            "GIT_OPTIONAL_LOCKS": "0",
            "LC_ALL": "C",
        }

    async def run(self, *arguments: str, directory: Path, failure: str, index: Path | None = None) -> bytes:
        """Return the output of one command.

        Args:
            arguments: After `git`; callers put `--` or `--end-of-options` before what people wrote.
            directory: A repository's.
            failure: What to say when it fails; git's own words may hold addresses and are not shown.
            index: A file for the index instead of the repository's.

        Raises:
            SourceUnreadableError: It failed, took too long, or said too much.
        """
        process = await self._start(arguments, directory, index)
        try:
            async with asyncio.timeout(self._timeout_seconds):
                output = await self._read(process)
                code = await process.wait()
        except TimeoutError:
            raise SourceUnreadableError(
                f"{failure}: git took more than {self._timeout_seconds:g} s",
                remedy="see whether the repository can be reached from the server",
            ) from None
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if code != 0:
            raise SourceUnreadableError(
                failure, remedy="see whether address, ref and the server's access are right"
            )
        return output

    async def _start(
        self, arguments: tuple[str, ...], directory: Path, index: Path | None
    ) -> asyncio.subprocess.Process:
        settings = [word for setting in _SETTINGS for word in ("-c", setting)]
        git = shutil.which("git", path=self._environment.get("PATH"))
        if git is None:
            raise SourceUnreadableError(
                "there is no git on the server", remedy="install git there, or publish finished bundles"
            )
        environment = (
            self._environment if index is None else {**self._environment, "GIT_INDEX_FILE": str(index)}
        )
        # The shell is there for its limit on the size of files alone; what is run stands in its arguments.
        return await asyncio.create_subprocess_exec(
            "/bin/sh",
            *("-c", f'ulimit -f {_MAX_FILE_BLOCKS} && exec "$@"', "git"),
            *(git, *settings, "-C", str(directory), *arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=environment,
        )

    async def _read(self, process: asyncio.subprocess.Process) -> bytes:
        output = bytearray()
        while process.stdout is not None and (piece := await process.stdout.read(65536)):
            output += piece
            if len(output) > _MAX_OUTPUT_BYTES:
                raise SourceUnreadableError(
                    "the repository lists more than the server reads", remedy="build a smaller repository"
                )
        return bytes(output)
