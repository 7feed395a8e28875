"""The `yoi-workspace-server` program: the composition root of the Backend. `yoi server serve` runs it."""

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from yoi_bundle.errors import YoiError

if TYPE_CHECKING:
    from yoi_workspace_server.configuration import ServerSettings
    from yoi_workspace_server.serving import Served

_REFUSED = 1


def main(arguments: list[str] | None = None) -> int:
    """Serve; return the exit code."""
    flags = vars(_build_parser().parse_args(arguments))
    from yoi_workspace_server.configuration import load_settings

    _log_to_stderr()
    if flags.pop("until_stdin_ends"):
        threading.Thread(target=_stop_when_stdin_ends, daemon=True).start()
    try:
        settings = load_settings(flags.pop("config"), flags)
        asyncio.run(_serve(settings))
    except YoiError as error:
        sys.stderr.write(f"error: {error.code}: {error}\n")
        if error.remedy:
            sys.stderr.write(f"  remedy: {error.remedy}\n")
        return _REFUSED
    return 0


async def _serve(settings: "ServerSettings") -> None:
    from yoi_workspace_server.serving import serve_backend

    await serve_backend(settings, announce=_announce)


def _stop_when_stdin_ends() -> None:
    """Stop as if told to, once whoever started this has closed the other end of standard input, or is no more."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _announce(served: "Served") -> None:
    """Say on standard output, in one line of JSON, where the server listens; programs wait for that line."""
    token_file = str(served.token_file) if served.token_file else None
    sys.stdout.write(json.dumps({"address": served.address, "token_file": token_file}) + "\n")
    sys.stdout.flush()


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="yoi-workspace-server", description="Serve the Yoi Backend.")
    add = parser.add_argument
    add("--config", type=Path, help="A TOML file; flags go before it.")
    add("--data-dir", dest="data_directory", type=Path, help="Where the server keeps its data.")
    add("--database", help="URL of the database [SQLite in the data directory]; or YOI_DATABASE_URL.")
    add("--socket", type=Path, help="Listen on this Unix socket.")
    add("--address", help="Listen on this address [127.0.0.1].")
    add("--port", type=int, help="Listen on this port [7320]; 0 for a free one.")
    add("--certificate", type=Path, help="PEM file, for TLS.")
    add("--private-key", dest="private_key", type=Path, help="PEM file, for TLS.")
    add("--behind-proxy", dest="behind_proxy", action="store_true", default=None)
    add("--issuer", help="Name of a new identity [backend].")
    add(
        "--identity",
        type=Path,
        help="File of the keys that every replica has a copy of [in the data directory].",
    )
    add(
        "--source-root", dest="source_roots", action="append", help="Workspaces may lie below this directory."
    )
    add(
        "--restored",
        action="store_true",
        default=None,
        help="The database came out of a backup: nothing of it is in force before an admin says so.",
    )
    add("--embedded", metavar="NAME", help="Have a Runtime of this name in this process.")
    add("--policy", dest="host_policy", type=Path, help="The embedded Runtime's host policy.")
    add(
        "--until-stdin-ends",
        action="store_true",
        help="Stop when standard input ends: with the program that started this one.",
    )
    return parser


def _log_to_stderr() -> None:
    from yoi_wire.event_log import JsonLines

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for name in ("yoi_workspace_server", "worker_runtime"):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False


if __name__ == "__main__":
    sys.exit(main())
