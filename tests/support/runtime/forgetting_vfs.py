"""A file system that forgets what was not synced: what a disk holds after the power was cut (R-02).

Files are read and written as ever; beside them stands what would survive. The stores of a test are small, so each
survivor is simply kept as bytes.
"""

import random
from pathlib import Path
from typing import Any

import apsw

from worker_runtime.store.connection import Database

NAME = "forgetting"


class Disk:
    """What is on the disk for certain, and what was written since."""

    def __init__(self) -> None:
        self.synced: dict[str, bytes] = {}
        self._written: dict[str, bytearray] = {}
        self._pending: dict[str, list[tuple[int, bytes]]] = {}
        self.syncs = 0

    def open(self, name: str) -> None:
        self._written.setdefault(name, bytearray())
        self._pending.setdefault(name, [])

    def write(self, name: str, data: bytes, offset: int) -> None:
        _put(self._written[name], data, offset)
        self._pending[name].append((offset, data))

    def truncate(self, name: str, size: int) -> None:
        del self._written[name][size:]
        self._pending[name].append((size, b""))

    def sync(self, name: str) -> None:
        self.syncs += 1
        self.synced[name] = bytes(self._written[name])
        self._pending[name].clear()

    def delete(self, name: str) -> None:
        for held in (self.synced, self._written, self._pending):
            held.pop(name, None)  # type: ignore[attr-defined]

    def survive(self, *, chance: random.Random | None = None) -> dict[str, bytes]:
        """Return what a power cut now would leave, by file name.

        Args:
            chance: Decides for each unsynced write whether it reached the disk; None loses them all.
        """
        left: dict[str, bytes] = {}
        for name in self._written:
            image = bytearray(self.synced.get(name, b""))
            for offset, data in self._pending[name] if chance is not None else []:
                if chance is not None and chance.random() < 0.5:
                    if data:
                        _put(image, data, offset)
                    else:
                        del image[offset:]
            if image:
                left[Path(name).name] = bytes(image)
        return left


def _put(target: bytearray, data: bytes, offset: int) -> None:
    if len(target) < offset:
        target.extend(bytes(offset - len(target)))
    target[offset : offset + len(data)] = data


class ForgettingVfs(apsw.VFS):
    """Registers itself under `forgetting` for as long as it is used."""

    def __init__(self, disk: Disk, on_sync: Any) -> None:
        self.disk = disk
        self.on_sync = on_sync
        super().__init__(NAME, "")

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        return _ForgettingFile(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        super().xDelete(filename, syncdir)
        self.disk.delete(filename)


class _ForgettingFile(apsw.VFSFile):
    def __init__(self, vfs: ForgettingVfs, name: Any, flags: list[int]) -> None:
        self._vfs = vfs
        self._path = name.filename() if isinstance(name, apsw.URIFilename) else name
        super().__init__("", name, flags)
        if self._path is not None:
            vfs.disk.open(self._path)

    def xWrite(self, data: bytes, offset: int) -> None:
        super().xWrite(data, offset)
        if self._path is not None:
            self._vfs.disk.write(self._path, bytes(data), offset)

    def xTruncate(self, newsize: int) -> None:
        super().xTruncate(newsize)
        if self._path is not None:
            self._vfs.disk.truncate(self._path, newsize)

    def xSync(self, flags: int) -> None:
        if self._path is not None:
            self._vfs.on_sync()
            self._vfs.disk.sync(self._path)
            self._vfs.on_sync()
        super().xSync(flags)


class LoneDatabase(Database):
    """A database of one connection, because a VFS written in Python has no shared memory for more."""

    def __init__(self, path: Path, *, vfs: str | None = None, synchronous: str = "FULL") -> None:
        super().__init__(path, vfs=vfs, synchronous=synchronous)

    def _prepare(self, connection: apsw.Connection) -> None:
        connection.pragma("locking_mode", "exclusive")
        super()._prepare(connection)
        # Often enough that cuts fall into the copying from log to database too.
        connection.pragma("wal_autocheckpoint", 20)

    def _take_reader(self) -> apsw.Connection:
        self._write_lock.acquire()
        return self._writer

    def _give_back(self, connection: apsw.Connection) -> None:
        del connection
        self._write_lock.release()
