"""Cache of verified manifests, bounded by their size (R-03)."""

import threading
from collections import OrderedDict

from yoi_bundle.verified import VerifiedBundle

MEBIBYTE = 1024 * 1024
DEFAULT_CACHE_BYTES = 32 * MEBIBYTE

Key = tuple[int, str]
"""Workspace row id and digest: one workspace's manifest is never another's (R-07)."""


class ManifestCache:
    """Keeps the manifests that were used last.

    Args:
        max_bytes: Bound on the sum of the manifests' encoded lengths.
    """

    def __init__(self, max_bytes: int = DEFAULT_CACHE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._held: OrderedDict[Key, tuple[VerifiedBundle, int]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def find(self, key: Key) -> VerifiedBundle | None:
        with self._lock:
            entry = self._held.get(key)
            if entry is None:
                return None
            self._held.move_to_end(key)
            return entry[0]

    def put(self, key: Key, bundle: VerifiedBundle, size: int) -> None:
        """Keep a manifest of `size` bytes; those used longest ago make room."""
        with self._lock:
            self._drop(key)
            self._held[key] = (bundle, size)
            self._bytes += size
            while self._bytes > self._max_bytes and self._held:
                self._drop(next(iter(self._held)))

    def drop(self, key: Key) -> None:
        """Forget a manifest; it is verified again when it is next loaded."""
        with self._lock:
            self._drop(key)

    def clear(self) -> None:
        """Forget all manifests."""
        with self._lock:
            self._held.clear()
            self._bytes = 0

    def _drop(self, key: Key) -> None:
        entry = self._held.pop(key, None)
        if entry is not None:
            self._bytes -= entry[1]
