"""Ports to the host: its policy, and what facts are gathered through."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

from worker_runtime.host.facts import ABSENT_PACKAGE, HostPorts, PackageFact, PackageNeed
from worker_runtime.host.policy import NO_POLICY, HostPolicy
from worker_runtime.host.secrets.port import SecretUnreadableError, SecretValue
from yoi_bundle.digest import compute_digest
from yoi_bundle.manifest import Access

ReadPackage: TypeAlias = Callable[[str], Awaitable[bytes]]
"""From a blob's digest to the bytes of a package that travels with the bundle, verified by the read."""


class Host(Protocol):
    """The host, for one Runtime."""

    @property
    def policy_generation(self) -> str:
        """Opaque; differs when any host policy differs (R-08)."""

    @property
    def rechecks_text(self) -> bool:
        """Whether texts of any workspace are checked on accept."""

    def get_policy(self, issuer: str, workspace: str) -> HostPolicy:
        """Return what the operator grants one workspace of one issuer; nothing, when nothing is written (S-10)."""

    def build_ports(self, issuer: str, workspace: str, read_package: ReadPackage) -> HostPorts:
        """Return the ports that facts for this workspace are gathered through."""


class BareHost:
    """A host whose operator has written no policy: it grants nothing and has nothing."""

    policy_generation = compute_digest(b"")
    rechecks_text = False

    def get_policy(self, issuer: str, workspace: str) -> HostPolicy:
        del issuer, workspace
        return NO_POLICY

    def build_ports(self, issuer: str, workspace: str, read_package: ReadPackage) -> HostPorts:
        del issuer, workspace, read_package
        nothing = _Nothing()
        return HostPorts(secrets=nothing, mounts=nothing, commands=nothing, packages=nothing)


class _Nothing:
    """Every port of a host that has nothing."""

    async def exists(self, name: str) -> bool:
        del name
        return False

    async def read(self, name: str) -> SecretValue:
        raise SecretUnreadableError(f"no secret {name}")

    async def probe_mount(self, name: str) -> Access | None:
        del name
        return None

    async def has_command(self, command: str) -> bool:
        del command
        return False

    async def verify_package(self, need: PackageNeed) -> PackageFact:
        del need
        return ABSENT_PACKAGE
