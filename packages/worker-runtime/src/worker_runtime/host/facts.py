"""Host facts: what is really there, gathered once, only for names that policy allows (S-01)."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, Literal, Protocol, TypeAlias

from msgspec import Struct

from worker_runtime.host.secrets.port import SecretStore
from yoi_bundle.manifest import Access, HostCapability

PackageState: TypeAlias = Literal["verified", "absent", "digest_mismatch", "invalid"]


class SurfaceFact(Struct, frozen=True, kw_only=True):
    """A surface as a package's own manifest declares it."""

    type: Literal["tool", "service", "ingress"]
    entry: str


class PackageFact(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What verification of one plugin package found (S-06).

    Attributes:
        name: As its manifest says, like the version.
        files: Its files, by path inside the package, sorted.
    """

    state: PackageState
    name: str = ""
    version: str = ""
    surfaces: dict[str, SurfaceFact] = {}
    permissions: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


ABSENT_PACKAGE = PackageFact(state="absent")


class PackageNeed(Struct, frozen=True, kw_only=True):
    """A package to verify, and whether its bytes travel with the bundle or must lie on the host."""

    digest: str
    travels: bool


class HostNeeds(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Names that the profile asks for and that bundle and host policy allow; each list is sorted."""

    secrets: tuple[str, ...] = ()
    mounts: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    host: tuple[HostCapability, ...] = ()
    packages: tuple[PackageNeed, ...] = ()


class HostFacts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is there of what was needed; what was not probed is absent. No path, no time, no value.

    Attributes:
        mounts: Present mounts, with the access that the file system admits.
        packages: By digest.
        silent: Ports that did not answer before their deadline; what they were asked for counts as absent.
    """

    secrets: tuple[str, ...] = ()
    mounts: dict[str, Access] = {}
    commands: tuple[str, ...] = ()
    host: tuple[HostCapability, ...] = ()
    packages: dict[str, PackageFact] = {}
    silent: tuple[str, ...] = ()


NO_FACTS = HostFacts()


class MountProbe(Protocol):
    """Looks at the directories that host policy maps mounts to."""

    async def probe_mount(self, name: str) -> Access | None:
        """Return the access that the file system admits, or None when the directory is not there."""


class CommandProbe(Protocol):
    """Looks for programs on this host."""

    async def has_command(self, command: str) -> bool:
        """Tell whether the bare name leads to a program."""


class PackageVerifier(Protocol):
    """Verifies plugin packages."""

    async def verify_package(self, need: PackageNeed) -> PackageFact:
        """Hash the package and read its manifest; never download it."""


class HostPorts(Struct, frozen=True, kw_only=True):
    """Everything that facts are gathered through.

    Attributes:
        deadline_seconds: For each port, all its answers together.
    """

    secrets: SecretStore
    mounts: MountProbe
    commands: CommandProbe
    packages: PackageVerifier
    deadline_seconds: float = 5.0


HOST_COMMANDS: dict[HostCapability, str] = {"shell": "sh", "git": "git"}
"""The program whose presence is a host capability."""

_Question: TypeAlias = tuple[str, Sequence[Any], Callable[[Any], Awaitable[Any]]]
"""Name of a port, what to ask it about, and how."""


async def gather_host_facts(needs: HostNeeds, ports: HostPorts) -> HostFacts:
    """Ask each port for the needed names, all ports at once; the only I/O of resolution."""
    programs = sorted({*needs.commands, *(HOST_COMMANDS[name] for name in needs.host)})
    questions: tuple[_Question, ...] = (
        ("secrets", needs.secrets, ports.secrets.exists),
        ("mounts", needs.mounts, ports.mounts.probe_mount),
        ("commands", programs, ports.commands.has_command),
        ("packages", needs.packages, ports.packages.verify_package),
    )
    answers: dict[str, dict[Any, Any]] = {port: {} for port, _, _ in questions}
    silent = {port for port, names, _ in questions if names}

    async def ask(port: str, names: Sequence[Any], ask_one: Callable[[Any], Awaitable[Any]]) -> None:
        with suppress(TimeoutError):
            for name in names:
                answers[port][name] = await ask_one(name)
            silent.remove(port)

    # All ports start at once and have equally long, so that one clock is enough for them.
    with suppress(TimeoutError):
        async with asyncio.timeout(ports.deadline_seconds):
            await _run_together([ask(*question) for question in questions if question[1]])
    commands = answers["commands"]
    mounts: dict[str, Access | None] = answers["mounts"]
    return HostFacts(
        secrets=tuple(sorted(name for name, there in answers["secrets"].items() if there)),
        mounts={name: access for name, access in sorted(mounts.items()) if access is not None},
        commands=tuple(name for name in needs.commands if commands.get(name)),
        host=tuple(name for name in needs.host if commands.get(HOST_COMMANDS[name])),
        packages={need.digest: fact for need, fact in answers["packages"].items()},
        silent=tuple(sorted(silent)),
    )


async def _run_together(work: list[Coroutine[Any, Any, None]]) -> None:
    """Run coroutines side by side, the first without a task of its own: most Workers ask one or two ports."""
    if not work:
        return
    first, *others = work
    tasks = [asyncio.create_task(one) for one in others]
    try:
        await first
        for task in tasks:
            await task
    finally:
        for task in tasks:
            task.cancel()


def restrict_facts(facts: HostFacts, needs: HostNeeds) -> HostFacts:
    """Leave out what the needs do not name, so that nothing can depend on a name that policy does not allow."""
    digests = {need.digest for need in needs.packages}
    return HostFacts(
        secrets=tuple(name for name in needs.secrets if name in facts.secrets),
        mounts={name: facts.mounts[name] for name in needs.mounts if name in facts.mounts},
        commands=tuple(name for name in needs.commands if name in facts.commands),
        host=tuple(name for name in needs.host if name in facts.host),
        packages={digest: fact for digest, fact in sorted(facts.packages.items()) if digest in digests},
        silent=facts.silent,
    )
