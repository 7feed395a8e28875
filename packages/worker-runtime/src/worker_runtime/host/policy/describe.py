"""Description of a host policy in sentences: what a workspace gets, for `yoi policy explain`."""

from collections.abc import Iterator

from msgspec import Struct

from worker_runtime.host.policy.host_policy import HostPolicy
from yoi_bundle.rule_text import format_rule

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


def describe_policy(policy: HostPolicy) -> tuple[PolicyLine, ...]:
    """Return what a policy grants; sections that grant nothing say so."""
    return tuple(
        PolicyLine(section=section, text=text)
        for section, texts in _list_sections(policy)
        for text in (texts or ["nothing"])
    )


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
