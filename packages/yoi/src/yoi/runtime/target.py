"""The Runtime that a command asks: the one in this process, or one elsewhere."""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click
import msgspec

from worker_runtime.contract.api import RuntimeApi
from worker_runtime.contract.bundles import BundleContent, BundleEntry
from worker_runtime.contract.caller import LOCAL_ISSUER, Caller, build_operator
from worker_runtime.contract.runtime_info import RuntimeInfo
from yoi.configuration import Configuration
from yoi.runtime.local import LocalRuntime, open_local_runtime
from yoi.runtime.remote_options import RemoteAddress
from yoi_bundle.errors import YoiError
from yoi_wire.errors import BundleMissingError, WorkerNotFoundError
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
        self._issuer: str | None = None

    @property
    def is_remote(self) -> bool:
        return self._address is not None

    def describe_other_places(self) -> str:
        """Say where bundles may be that this Runtime lacks, and how to bring one here."""
        if self.is_remote:
            return "bring one there with `yoi bundle push`"
        from yoi.backend.login import find_login
        from yoi.up.directories import find_up

        login = find_login(self._configuration.configuration_directory)
        running = find_up(self._configuration.data_directory)
        url = self._configuration.server or (login.url if login is not None else "")
        places = [f"a Backend has bundles of its own: --backend asks {url}"] if url else []
        if running is not None and running.address != url:
            flags = f"--server {running.address} --token-file {running.token_file}"
            places = [f"`yoi up` has its bundles in a store of its own, which `{flags}` asks"]
        return "; or ".join((*places, "bring one here with `yoi bundle build`"))

    def list_issuers(self) -> tuple[str, ...]:
        """Return whose things are asked for: here everybody's, since it is the host's own operator who asks (J-05)."""
        if self.is_remote:
            return (LOCAL_ISSUER,)
        return self._local.list_issuers() if self._issuer is None else (self._issuer,)

    def show_issuer(self, issuer: str) -> tuple[str, ...]:
        """Return the cell of a table that names an issuer; none for a Runtime elsewhere, which gives our own things only."""
        return () if self.is_remote else (issuer,)

    def describe(self, issuer: str, item: Any) -> dict[str, Any]:
        """Return an item's members, with its issuer where there are several."""
        named = {} if self.is_remote else {"issuer": issuer}
        return {**named, **msgspec.to_builtins(item)}

    def act_for(self, issuer: str) -> None:
        """Ask for one issuer's things from now on."""
        self._issuer = issuer

    def list_workspaces(self, issuer: str = LOCAL_ISSUER) -> tuple[str, ...]:
        """Return the workspaces of an issuer that are asked about.

        Raises:
            UsageError: A remote Runtime does not say which there are, and the local store knows none.
        """
        known = self._local.embedded.list_workspaces(issuer)
        names = known if self._workspace is None else (self._workspace,)
        if self.is_remote and not names:
            raise click.UsageError("this data directory knows no workspace; add --workspace")
        return names

    def ask(
        self, operation: Callable[[RuntimeApi, Caller], Coroutine[Any, Any, Result]], *workspaces: str
    ) -> Result:
        """Ask for these workspaces, or for all that are asked about; here of each issuer, until one has what is named."""
        missing: YoiError | None = None
        for issuer in self.list_issuers():
            try:
                return self.ask_for(issuer, operation, *workspaces)
            except (BundleMissingError, WorkerNotFoundError) as error:
                missing = missing or error
        raise missing or ValueError("nobody was asked")

    def ask_for(
        self,
        issuer: str,
        operation: Callable[[RuntimeApi, Caller], Coroutine[Any, Any, Result]],
        *workspaces: str,
    ) -> Result:
        """Ask for the things of one issuer."""
        return self._ask(issuer, operation, workspaces or self.list_workspaces(issuer))

    def find_host_policy_gap(self, workspace: str) -> str | None:
        """Return the issuer for whose workspace the local host policy has no table; None when it has one."""
        if self.is_remote:
            return None
        issuer = self._issuer or LOCAL_ISSUER
        return None if self._local.host.has_grant(issuer, workspace) else issuer

    def get_runtime(self) -> RuntimeInfo:
        """Return what the Runtime says of itself, which concerns no workspace."""
        return self._ask(LOCAL_ISSUER, lambda api, caller: api.get_runtime(caller), ())

    def collect(
        self, get_page: Callable[[RuntimeApi, Caller, str | None], Coroutine[Any, Any, Page[Item]]]
    ) -> tuple[tuple[str, Item], ...]:
        """Read a list to its end, of each issuer; each item stands beside its issuer."""

        async def read(api: RuntimeApi, caller: Caller) -> tuple[Item, ...]:
            return tuple(await collect_pages(lambda cursor: get_page(api, caller, cursor)))

        return tuple((issuer, item) for issuer in self.list_issuers() for item in self.ask_for(issuer, read))

    def list_held(self) -> tuple[tuple[str, BundleEntry], ...]:
        """Return all stored bundles beside their issuers; those of one issuer newest first."""
        return self.collect(
            lambda api, caller, cursor: api.list_bundles(caller, cursor=cursor, limit=MAX_PAGE_SIZE)
        )

    def list_bundles(self) -> tuple[BundleEntry, ...]:
        """Return all stored bundles."""
        return tuple(entry for _, entry in self.list_held())

    def get_bundle(self, digest: str) -> BundleContent:
        return self.ask(lambda api, caller: api.get_bundle(caller, digest))

    def _ask(
        self,
        issuer: str,
        operation: Callable[[RuntimeApi, Caller], Coroutine[Any, Any, Result]],
        workspaces: tuple[str, ...],
    ) -> Result:
        if self._address is None:
            local = self._local
            return local.ask(operation(local.embedded, build_operator(issuer, workspaces)))
        from yoi.runtime.remote import ask_remote_runtime

        return self._local.ask(ask_remote_runtime(self._configuration, self._address, workspaces, operation))


@contextmanager
def open_asked_runtime(
    configuration: Configuration, address: RemoteAddress | None = None, *, workspace: str | None = None
) -> Iterator[AskedRuntime]:
    """Open the local store, and what is asked through it; errors as in `open_local_runtime`."""
    with open_local_runtime(configuration) as local:
        yield AskedRuntime(local, configuration, address, workspace)
