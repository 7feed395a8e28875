"""Secrets from environment variables with a prefix: `YOI_SECRET_GITHUB_TOKEN` for the ref `GITHUB_TOKEN`."""

from collections.abc import Mapping

from worker_runtime.host.secrets.port import MAX_SECRET_BYTES, SecretUnreadableError, SecretValue

DEFAULT_PREFIX = "YOI_SECRET_"


class EnvironmentSecrets:
    """Implements `SecretStore` on a mapping that the configuration took from the environment.

    A ref with `.` or `-` is looked up with `_` in their place. An empty variable is no secret.
    """

    def __init__(self, environment: Mapping[str, str], *, prefix: str = DEFAULT_PREFIX) -> None:
        if not prefix:
            raise ValueError("without a prefix every variable of the process would be a secret")
        self._values = {
            name.removeprefix(prefix): value
            for name, value in environment.items()
            if name.startswith(prefix) and value
        }

    async def exists(self, name: str) -> bool:
        value = self._values.get(_write_name(name))
        return value is not None and len(_encode(value)) <= MAX_SECRET_BYTES

    async def read(self, name: str) -> SecretValue:
        value = self._values.get(_write_name(name))
        if value is None:
            raise SecretUnreadableError(f"no variable holds the secret {name}")
        data = _encode(value)
        if len(data) > MAX_SECRET_BYTES:
            raise SecretUnreadableError(f"the secret {name} is longer than {MAX_SECRET_BYTES} bytes")
        return SecretValue(data)


def _write_name(name: str) -> str:
    return name.replace(".", "_").replace("-", "_")


def _encode(value: str) -> bytes:
    """Give back the variable's bytes, UTF-8 or not."""
    return value.encode("utf-8", "surrogateescape")
