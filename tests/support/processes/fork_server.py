"""A fork server for programs of ours: a process that has imported them, and forks for every command.

Runs as a script, with a socket as standard input. Each message on it is one command: JSON, and the descriptors of its
standard streams and of a socket. On that socket the server says the process id at once and the exit status at the end.
"""

import contextlib
import gc
import importlib
import io
import json
import os
import pkgutil
import runpy
import selectors
import signal
import socket
import sys
import time
from typing import Any

MAX_MESSAGE_BYTES = 131072
_PROGRAMS = ("yoi", "yoi_workspace_server")
_PACKAGES = ("yoi_bundle", "yoi_wire", "worker_runtime", *_PROGRAMS)


def import_all() -> None:
    """Import what the programs consist of, except what needs an optional package."""
    for name in _PACKAGES:
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            if not module.name.endswith("__main__"):
                with contextlib.suppress(ModuleNotFoundError):
                    importlib.import_module(module.name)
    for name in _PROGRAMS:
        importlib.import_module(f"{name}.__main__")


class ForkServer:
    """Takes commands from one socket, until its other end is closed."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ)
        self._children: dict[int, tuple[int, socket.socket]] = {}

    def take_command(self) -> dict[str, Any] | None:
        """Serve until there is a command for this process, which is then a child, or until nobody will send one."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is not self._control:
                    self._report_end(key.fd)
                    continue
                message, descriptors, _, _ = socket.recv_fds(self._control, MAX_MESSAGE_BYTES, 4)
                if not message:
                    return None
                if self._fork(descriptors):
                    _become_child(descriptors[:3])
                    command: dict[str, Any] = json.loads(message)
                    return command

    def _fork(self, descriptors: list[int]) -> bool:
        """Tell whether this is the child."""
        process = os.fork()
        status = socket.socket(fileno=descriptors[3])
        if process == 0:
            status.close()
            self._close()
            return True
        for one in descriptors[:3]:
            os.close(one)
        status.sendall(f"{process}\n".encode())
        watched = os.pidfd_open(process)
        self._children[watched] = (process, status)
        self._selector.register(watched, selectors.EVENT_READ)
        return False

    def _report_end(self, watched: int) -> None:
        process, status = self._children.pop(watched)
        self._selector.unregister(watched)
        os.close(watched)
        _, ended = os.waitpid(process, 0)
        with contextlib.suppress(OSError):
            status.sendall(f"{os.waitstatus_to_exitcode(ended)}\n".encode())
        status.close()

    def _close(self) -> None:
        self._selector.close()
        for watched, (_, status) in self._children.items():
            os.close(watched)
            status.close()
        self._control.close()


def _become_child(descriptors: list[int]) -> None:
    for target, one in enumerate(descriptors):
        os.dup2(one, target)
        os.close(one)


def _open_streams(*, unbuffered: bool) -> None:
    """Open the standard streams anew, as the interpreter does at its start (PYTHONUNBUFFERED)."""

    def reopen(former: Any, descriptor: int, mode: str) -> io.TextIOWrapper:
        at_once = unbuffered and mode == "wb"
        return io.TextIOWrapper(
            open(descriptor, mode, buffering=0 if at_once else -1, closefd=False),
            encoding=former.encoding,
            errors=former.errors,
            line_buffering=descriptor == 2 or os.isatty(descriptor),
            write_through=at_once,
        )

    sys.stdin = sys.__stdin__ = reopen(sys.stdin, 0, "rb")
    sys.stdout = sys.__stdout__ = reopen(sys.stdout, 1, "wb")
    sys.stderr = sys.__stderr__ = reopen(sys.stderr, 2, "wb")


def run_command(command: dict[str, Any]) -> None:
    """Run `python -m MODULE ARGUMENTS`; ends as it would end."""
    os.chdir(command["directory"])
    os.umask(command["umask"])
    os.environ.clear()
    os.environ.update(command["environment"])
    time.tzset()
    sys.path[0] = command["directory"]
    sys.argv = ["-m", *command["arguments"]]
    _open_streams(unbuffered=bool(command["environment"].get("PYTHONUNBUFFERED")))
    # It is run under another name, by what is left of it as a module.
    del sys.modules[f"{command['module']}.__main__"]
    runpy.run_module(command["module"], run_name="__main__", alter_sys=True)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    server = ForkServer(socket.socket(fileno=os.dup(0)))
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    import_all()
    # A child of a process with threads would have their locks, and not them.
    assert len(os.listdir("/proc/self/task")) == 1, "an import has started a thread"  # noqa: PTH208
    gc.collect()
    gc.freeze()
    command = server.take_command()
    if command is not None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        run_command(command)


if __name__ == "__main__":
    main()
