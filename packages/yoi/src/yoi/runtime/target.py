"""The Runtime that a command asks: the one in this process, or one elsewhere."""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from worker_runtime.contract.api import RuntimeApi
from worker_runtime.contract.bundles import BundleContent, BundleEntry
from worker_runtime.contract.caller import Caller
from worker_runtime.contract.runtime_info import RuntimeInfo
from yoi.configuration import Configuration
from yoi.runtime.local import LocalRuntime, open_local_runtime
from yoi.runtime.remote_options import RemoteAddress
from yoi_wire.paging import MAX_PAGE_SIZE, Page, collect_pages

Result = TypeVar("Result")
Item = TypeVar("Item")


class AskedRuntime:
    """One Runtime, asked the same way wherever it is.

    Args:
        local: The store in this data directory.
        configuration: Where the identity lies, which a remote Runtime trusts.
        address: The Runtime, when it is not the local one.
        workspace: The only one to ask about; absent for all that the local store knows.
    """

    def __init__(
        self,
        local: LocalRuntime,
        configuration: Configuration,
        address: RemoteAddress | None,
        workspace: str | None,
    ) -> None:
        self._local = local
        self._configuration = configuration
        self._address = address
        self._workspace = workspace

    @property
    def is_remote(self) -> bool:
        return self._address is not None

    def list_workspaces(self) -> tuple[str, ...]:
        """Return the workspaces that are asked about.

        Raises:
            UsageError: A remote Runtime does not say which there are, and the local store knows none.
        """
        names = (self._workspace,) if self._workspace is not None else self._local.list_workspaces()
        if self.is_remote and not names:
            raise click.UsageError("this data directory knows no workspace; add --workspace")
        return names

    def ask(
        self, operation: Callable[[RuntimeApi, Caller], Coroutine[Any, Any, Result]], *workspaces: str
    ) -> Result:
        """Ask for these workspaces, or for all that are asked about."""
        return self._ask(operation, workspaces or self.list_workspaces())

    def get_runtime(self) -> RuntimeInfo:
        """Return what the Runtime says of itself, which concerns no workspace."""
        return self._ask(lambda api, caller: api.get_runtime(caller), ())

    def collect(
        self, get_page: Callable[[RuntimeApi, Caller, str | None], Coroutine[Any, Any, Page[Item]]]
    ) -> tuple[Item, ...]:
        """Read a list to its end."""

        async def read(api: RuntimeApi, caller: Caller) -> tuple[Item, ...]:
            return tuple(await collect_pages(lambda cursor: get_page(api, caller, cursor)))

        return self.ask(read)

    def list_bundles(self) -> tuple[BundleEntry, ...]:
        """Return all stored bundles, newest first."""
        return self.collect(
            lambda api, caller, cursor: api.list_bundles(caller, cursor=cursor, limit=MAX_PAGE_SIZE)
        )

    def get_bundle(self, digest: str) -> BundleContent:
        return self.ask(lambda api, caller: api.get_bundle(caller, digest))

    def _ask(
        self,
        operation: Callable[[RuntimeApi, Caller], Coroutine[Any, Any, Result]],
        workspaces: tuple[str, ...],
    ) -> Result:
        if self._address is None:
            local = self._local
            return local.ask(operation(local.embedded, local.build_caller(*workspaces)))
        from yoi.runtime.remote import ask_remote_runtime

        return self._local.ask(ask_remote_runtime(self._configuration, self._address, workspaces, operation))


@contextmanager
def open_asked_runtime(
    configuration: Configuration, address: RemoteAddress | None = None, *, workspace: str | None = None
) -> Iterator[AskedRuntime]:
    """Open the local store, and what is asked through it; errors as in `open_local_runtime`."""
    with open_local_runtime(configuration) as local:
        yield AskedRuntime(local, configuration, address, workspace)
