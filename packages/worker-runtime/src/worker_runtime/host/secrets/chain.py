"""Several secret stores as one: the first that holds a ref gives it."""

from collections.abc import Sequence

from worker_runtime.host.secrets.port import SecretStore, SecretUnreadableError, SecretValue


class ChainedSecrets:
    """Implements `SecretStore` on others, in the order given."""

    def __init__(self, stores: Sequence[SecretStore]) -> None:
        self._stores = tuple(stores)

    async def exists(self, name: str) -> bool:
        for store in self._stores:
            if await store.exists(name):
                return True
        return False

    async def read(self, name: str) -> SecretValue:
        for store in self._stores:
            if await store.exists(name):
                return await store.read(name)
        raise SecretUnreadableError(f"no store holds the secret {name}")
