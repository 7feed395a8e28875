"""Linter for host policies: grants that reach further than most people mean."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from worker_runtime.host.policy.bindings import Expectation, HostPolicyDocument, WorkspaceGrant
from worker_runtime.host.policy.file import HostPolicyInvalidError, load_host_policy
from worker_runtime.host.policy.host_policy import HostPolicy
from yoi_bundle.call_text import CallTextError, parse_call
from yoi_bundle.calls.policy import compute_policy_verdict
from yoi_bundle.diagnostics import Diagnostic, sort_diagnostics
from yoi_bundle.manifest import PathMatch, Policy
from yoi_bundle.rule_text import format_rule

_LOOPBACK = ("http://localhost", "http://127.")


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


_BUNDLE = {
    "never": "never needed",
    "remote": "needed by remote callers and for any use of plugins",
    "always": "always needed",
}


class PolicyLine(Struct, frozen=True, kw_only=True):
    """One grant, in words.

    Attributes:
        section: The key of the policy that says it.
    """

    section: str
    text: str


def _list_sections(policy: HostPolicy) -> Iterator[tuple[str, list[str]]]:
    yield "bundle_required", [_BUNDLE[policy.bundle_required]]
    yield "recheck_text", ["texts are checked again" if policy.recheck_text else "texts are taken as built"]
    yield "mounts", [f"{name} ({access})" for name, access in sorted(policy.mounts.items())]
    yield "network", sorted(policy.network)
    yield "host", sorted(policy.host)
    yield (
        "secrets",
        [f"{name} to {', '.join(sorted(grant.to))}" for name, grant in sorted(policy.secrets.items())],
    )
    yield (
        "models",
        [f"{name}: {one.provider} {one.model}" for name, one in sorted(policy.models.items())],
    )
    yield (
        "endpoints",
        [
            f"{name}: {one.provider} {', '.join(sorted(one.models))}"
            for name, one in sorted(policy.endpoints.items())
        ],
    )
    yield (
        "commands",
        [f"{name}: {' '.join((one.command, *one.args))}" for name, one in sorted(policy.commands.items())],
    )
    yield "origins", sorted(policy.origins)
    yield "servers", sorted(policy.servers)
    yield "parameters", sorted(policy.parameters)
    yield "plugins", [f"{one.id} {one.version} {one.digest}" for one in policy.plugins]
    rules = [format_rule(rule) for rule in policy.tools.rules.values()]
    yield "tools", [*sorted(rules), f"{policy.tools.default} whatever no rule names"]
    limits = policy.limits
    bounds = {"turns": limits.turns, "tokens": limits.tokens, "seconds": limits.seconds}
    yield "limits", [f"at most {value} {name}" for name, value in bounds.items() if value is not None]


def find_oddities(document: HostPolicyDocument, *, file: str) -> tuple[Diagnostic, ...]:
    """Return the warnings of a well-formed policy, and an error for each expectation that it does not meet."""
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
    found += [
        Diagnostic(
            severity="error",
            rule="policy.unexpected_verdict",
            file=file,
            line=expectation.line,
            pointer=grant.pointer,
            message=f"{grant.issuer}/{grant.workspace}: expect: {message}",
            remedy="correct the rules, or the expectation",
        )
        for grant in document.grants
        for expectation in grant.expectations
        for message in [_test(expectation, grant.policy.tools)]
        if message
    ]
    return tuple(sort_diagnostics(found))


def _test(expectation: Expectation, layer: Policy) -> str:
    """Return what is wrong when the layer's verdict on a call is not the expected one; empty when it is."""
    try:
        verdict = compute_policy_verdict(layer, parse_call(expectation.call))
    except CallTextError as error:
        return str(error)
    if verdict.effect == expectation.verdict:
        return ""
    rule = layer.rules.get(verdict.rule_id) if verdict.rule_id else None
    by = f"`{format_rule(rule)}`" if rule else "the default, or a command that cannot be read"
    return f"{verdict.effect} instead of {expectation.verdict}, by {by}"


def describe_policy(policy: HostPolicy) -> tuple[PolicyLine, ...]:
    """Return what a policy grants; sections that grant nothing say so."""
    return tuple(
        PolicyLine(section=section, text=text)
        for section, texts in _list_sections(policy)
        for text in (texts or ["nothing"])
    )


def find_missing_tables(
    document: HostPolicyDocument, stored: Iterable[tuple[str, str]], *, file: str
) -> Iterator[Diagnostic]:
    """Yield a warning for each workspace, as (issuer, id), that no table of a policy is for: it is granted nothing."""
    for issuer, workspace in sorted(stored):
        if document.find_grant(issuer, workspace) is None:
            yield Diagnostic(
                severity="warning",
                rule="policy.no_table",
                file=file,
                message=f"no table for ({issuer}, {workspace}), of which bundles are stored here: it is granted nothing",
                remedy=f"add [[workspace]] with issuer = {json.dumps(issuer)} and id = {json.dumps(workspace)}",
            )


def check_host_policy(path: Path, *, stored: Iterable[tuple[str, str]] = ()) -> tuple[Diagnostic, ...]:
    """Return every error of a policy file, or for a sound one its warnings; reads nothing but the file.

    Args:
        path: The file.
        stored: Workspaces, as (issuer, id), of which bundles are stored on this host.

    Raises:
        OSError: The file cannot be read.
    """
    try:
        document = load_host_policy(path)
    except HostPolicyInvalidError as error:
        return tuple(error.diagnostics)
    missing = find_missing_tables(document, stored, file=path.name)
    return (*missing, *find_oddities(document, file=path.name))
