"""Port to secret stores: whether a ref exists, and its value for the consumer alone (S-04)."""

from typing import Protocol

MAX_SECRET_BYTES = 64 * 1024


class SecretUnreadableError(Exception):
    """A secret cannot be given; the message names the ref and the reason, never the value or a path."""


class SecretValue:
    """A secret's bytes, which do not show themselves in text, logs or tracebacks."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        self._value = value

    def reveal(self) -> bytes:
        """Return the value, for the consumer to which it was granted."""
        return self._value

    def __repr__(self) -> str:
        return "SecretValue(…)"

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("a secret value is not serialised")


class SecretStore(Protocol):
    """One or more stores of this host."""

    async def exists(self, name: str) -> bool:
        """Tell whether the store could give the ref now; asked at resolution."""

    async def read(self, name: str) -> SecretValue:
        """Return the value; asked only by the consumer at start.

        Raises:
            SecretUnreadableError: When there is none, or it is too large or not safe to read.
        """
