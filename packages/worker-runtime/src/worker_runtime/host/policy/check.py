"""Linter for host policies: grants that reach further than most people mean."""

from pathlib import Path

from worker_runtime.host.policy.bindings import HostPolicyDocument, WorkspaceGrant
from worker_runtime.host.policy.file import HostPolicyInvalidError, load_host_policy
from yoi_bundle.diagnostics import Diagnostic, sort_diagnostics
from yoi_bundle.manifest import PathMatch

_LOOPBACK = ("http://localhost", "http://127.")


def check_host_policy(path: Path) -> tuple[Diagnostic, ...]:
    """Return every error of a policy file, or for a sound one its warnings; reads nothing but the file.

    Raises:
        OSError: The file cannot be read.
    """
    try:
        document = load_host_policy(path)
    except HostPolicyInvalidError as error:
        return tuple(error.diagnostics)
    return find_oddities(document, file=path.name)


def find_oddities(document: HostPolicyDocument, *, file: str) -> tuple[Diagnostic, ...]:
    """Return the warnings of a well-formed policy."""
    found = [
        Diagnostic(
            severity="warning",
            rule=rule,
            file=file,
            pointer=grant.pointer,
            message=f"{grant.issuer}/{grant.workspace}: {message}",
            remedy=remedy,
        )
        for grant in document.grants
        for rule, message, remedy in _find_in(grant)
    ]
    return tuple(sort_diagnostics(found))


def _find_in(grant: WorkspaceGrant) -> list[tuple[str, str, str]]:
    policy = grant.policy
    found: list[tuple[str, str, str]] = []
    if policy.tools.default != "deny":
        found.append(
            (
                "policy.open_default",
                f"tools.default is {policy.tools.default}: calls that no rule names pass",
                'leave it at "deny" and name the tools',
            )
        )
    if any(
        rule.effect == "allow" and rule.tool == "*" and rule.where is None
        for rule in policy.tools.rules.values()
    ):
        found.append(("policy.allows_all", "a rule allows every call of every tool", "name the tools"))
    for name, command in sorted(policy.commands.items()):
        if command.further_args:
            found.append(
                (
                    "policy.further_args",
                    f"commands.{name}: a bundle may append arguments of its own",
                    "list the arguments and drop further_args",
                )
            )
    for origin in sorted(policy.origins):
        if origin.startswith("http:") and not origin.startswith(_LOOPBACK):
            found.append(("policy.cleartext", f"origins: {origin} is not encrypted", "use https"))
    for rule in policy.tools.rules.values():
        if isinstance(rule.where, PathMatch) and rule.where.mount not in policy.mounts:
            found.append(
                (
                    "policy.unknown_mount",
                    f"a rule on {rule.tool} names the mount {rule.where.mount}, which is not granted",
                    "grant the mount, or correct the rule",
                )
            )
    return found
