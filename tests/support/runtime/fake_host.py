"""A host whose policy, secrets and mounts a test sets."""

from worker_runtime.host.facts import ABSENT_PACKAGE, HostPorts, PackageFact, PackageNeed
from worker_runtime.host.policy import NO_POLICY, HostPolicy
from worker_runtime.host.ports import ReadPackage
from worker_runtime.host.secrets.port import SecretUnreadableError, SecretValue
from yoi_bundle.manifest import Access


class FakeHost:
    """Implements `Host`; one policy for every workspace unless `policies` has another."""

    def __init__(self, policy: HostPolicy = NO_POLICY) -> None:
        self.policy = policy
        self.policies: dict[tuple[str, str], HostPolicy] = {}
        self.secrets: set[str] = set()
        self.mounts: dict[str, Access] = {}
        self.commands: set[str] = set()
        self.packages: dict[str, PackageFact] = {}
        self.generations = 1
        self.fault: Exception | None = None

    @property
    def policy_generation(self) -> str:
        return f"generation-{self.generations}"

    @property
    def rechecks_text(self) -> bool:
        return any(policy.recheck_text for policy in (self.policy, *self.policies.values()))

    def get_policy(self, issuer: str, workspace: str) -> HostPolicy:
        if self.fault is not None:
            raise self.fault
        return self.policies.get((issuer, workspace), self.policy)

    def build_ports(self, issuer: str, workspace: str, read_package: ReadPackage) -> HostPorts:
        del issuer, workspace, read_package
        return HostPorts(secrets=self, mounts=self, commands=self, packages=self)

    async def exists(self, name: str) -> bool:
        return name in self.secrets

    async def read(self, name: str) -> SecretValue:
        raise SecretUnreadableError(f"no value for {name} in a test")

    async def probe_mount(self, name: str) -> Access | None:
        return self.mounts.get(name)

    async def has_command(self, command: str) -> bool:
        return command in self.commands

    async def verify_package(self, need: PackageNeed) -> PackageFact:
        return self.packages.get(need.digest, ABSENT_PACKAGE)
