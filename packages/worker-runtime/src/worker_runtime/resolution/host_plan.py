"""A profile under one host policy: what is left before facts and intent are known; once per bundle and policy."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from worker_runtime.host.facts import HostNeeds, PackageNeed
from worker_runtime.host.policy import HostPolicy
from worker_runtime.resolution.decision import Candidate, Key, Step
from worker_runtime.resolution.fast_path.precomputed import SettledItems, settle_items
from worker_runtime.resolution.layers.host import apply_host_policy, prepare_host_layer
from worker_runtime.resolution.payloads import (
    GrantedHost,
    GrantedModel,
    GrantedMount,
    GrantedPlugin,
    GrantedPolicy,
    GrantedSecret,
    GrantedTool,
)
from worker_runtime.resolution.plan import ProfilePlan, SecretUse
from yoi_bundle.canonical import encode_canonical
from yoi_bundle.digest import compute_digest
from yoi_bundle.faults import join_pointer
from yoi_bundle.manifest import McpServer, PackageBlob, StdioServer


class HostPlan(Struct, frozen=True, kw_only=True):
    """What profile, bundle and host policy leave of a profile.

    Attributes:
        candidates: With the steps of those layers, secrets included.
        secrets_of: Tool or model → ids of the secrets it cannot be without.
        needs: What the host has to be asked for.
        settled: The candidates, split by whether facts and needs can still change them.
    """

    plan: ProfilePlan
    policy: HostPolicy
    candidates: tuple[Candidate, ...]
    secrets_of: dict[Key, tuple[str, ...]]
    needs: HostNeeds
    settled: SettledItems
    policy_digest: str


def prepare_host_plan(plan: ProfilePlan, policy: HostPolicy) -> HostPlan:
    """Take a plan through host policy."""
    layer = prepare_host_layer(policy, plan.manifest)
    items = [apply_host_policy(candidate, layer) for candidate in plan.candidates]
    vote = Step("host_policy", "gives", "/tools", "host_policy.votes")
    host_rules = GrantedPolicy(id="host:policy", layer="host_policy", policy=policy.tools)
    items.append(Candidate("policy", "host:policy", host_rules, (vote,), required=True))
    secrets, secrets_of = _plan_secrets(plan, policy, {item.key: item for item in items})
    candidates = (*items, *secrets)
    return HostPlan(
        plan=plan,
        policy=policy,
        candidates=candidates,
        secrets_of=secrets_of,
        needs=_compute_needs(plan, candidates),
        settled=settle_items(candidates, secrets_of),
        policy_digest=compute_digest(encode_canonical(policy)),
    )


def format_secret_id(name: str, consumer: str) -> str:
    """Return the id of the decision on one secret for one consumer."""
    return f"{name}@{consumer}"


def _plan_secrets(
    plan: ProfilePlan, policy: HostPolicy, items: Mapping[Key, Candidate]
) -> tuple[list[Candidate], dict[Key, tuple[str, ...]]]:
    planned: dict[str, Candidate] = {}
    secrets_of: dict[Key, list[str]] = {}
    for use in plan.uses:
        item = items.get((use.kind, use.id))
        if item is None:
            continue
        consumer = _get_consumer(item)
        secret_id = format_secret_id(use.ref.name, consumer)
        secrets_of.setdefault(item.key, []).append(secret_id)
        if secret_id not in planned:
            planned[secret_id] = _plan_secret(plan, policy, use, secret_id, consumer)
    for item in items.values():
        for name, pointer in _list_host_owned(item, policy):
            consumer = _get_consumer(item)
            secret_id = format_secret_id(name, consumer)
            if secret_id in secrets_of.get(item.key, ()):
                continue
            secrets_of.setdefault(item.key, []).append(secret_id)
            step = Step("host_policy", "gives", pointer, "host_policy.grants")
            payload = GrantedSecret(name=name, consumer=consumer)
            planned.setdefault(secret_id, Candidate("secret", secret_id, payload, (step,)))
    used = {use.ref.name for use in plan.uses}
    for name, ask in sorted(plan.profile.asks.secrets.items()):
        if name not in used:
            planned[name] = _plan_unused(plan, name, required=ask.required)
    return (
        [planned[secret_id] for secret_id in sorted(planned)],
        {key: tuple(sorted(set(ids))) for key, ids in secrets_of.items()},
    )


def _get_consumer(item: Candidate) -> str:
    match item.payload:
        case GrantedTool(consumer=consumer):
            return consumer
        case GrantedModel(consumer=consumer, provider=provider):
            return consumer or f"model:{provider}"
        case _:
            raise TypeError(f"a {item.kind} consumes no secrets")


def _plan_secret(
    plan: ProfilePlan, policy: HostPolicy, use: SecretUse, secret_id: str, consumer: str
) -> Candidate:
    name = use.ref.name
    payload = GrantedSecret(name=name, consumer=consumer)
    said = plan.profile.asks.secrets.get(name)
    asked = Step("profile", "gives", use.pointer, "profile.needs")
    required = said is not None and said.required
    candidate = Candidate("secret", secret_id, payload, (asked,), required)
    place = join_pointer("/grants/secrets", name)
    if name in plan.manifest.grants.secrets:
        candidate = candidate.give("bundle", place, "bundle.grants")
    else:
        candidate = candidate.withhold("bundle", "/grants/secrets", "bundle.silent")
    grant = policy.secrets.get(name)
    if grant is None:
        return candidate.withhold("host_policy", "/secrets", "host_policy.silent")
    place = join_pointer("/secrets", name)
    if consumer not in grant.to:
        return candidate.withhold("host_policy", f"{place}/to", "host_policy.consumer")
    return candidate.give("host_policy", f"{place}/to", "host_policy.grants")


def _plan_unused(plan: ProfilePlan, name: str, *, required: bool) -> Candidate:
    pointer = join_pointer(f"{plan.pointer}/asks/secrets", name)
    steps = (
        Step("profile", "gives", pointer, "profile.asks"),
        Step("needs", "withholds", pointer, "needs.no_consumer"),
    )
    return Candidate("secret", name, None, steps, required)


def _list_host_owned(item: Candidate, policy: HostPolicy) -> Iterator[tuple[str, str]]:
    """Yield secrets that the host itself gives to its own models, endpoints and servers, with their place."""
    match item.payload:
        case GrantedModel(consumer=consumer, credential=credential) if consumer and credential is not None:
            kind, _, name = consumer.partition(":")
            section = "models" if kind == "host-model" else "endpoints"
            if section == "models" or policy.endpoints[name].credential == credential.name:
                yield credential.name, join_pointer(f"/{section}", name) + "/credential"
        case GrantedTool(consumer=consumer) if consumer.startswith("server:"):
            name = consumer.removeprefix("server:")
            grant = policy.servers.get(name)
            for secret in sorted(grant.secrets) if grant is not None else ():
                yield secret, join_pointer("/servers", name) + "/secrets"
        case _:
            return


def _compute_needs(plan: ProfilePlan, candidates: tuple[Candidate, ...]) -> HostNeeds:
    opened = [candidate.payload for candidate in candidates if candidate.is_open]
    commands = {
        payload.declaration.transport.command
        for payload in opened
        if isinstance(payload, GrantedTool)
        and isinstance(payload.declaration, McpServer)
        and isinstance(payload.declaration.transport, StdioServer)
        and isinstance(payload.declaration.transport.command, str)
    }
    packages = {
        payload.digest: isinstance(plan.manifest.plugins[payload.id].package, PackageBlob)
        for payload in opened
        if isinstance(payload, GrantedPlugin) and payload.digest
    }
    return HostNeeds(
        secrets=tuple(sorted({one.name for one in opened if isinstance(one, GrantedSecret)})),
        mounts=tuple(sorted(one.name for one in opened if isinstance(one, GrantedMount))),
        commands=tuple(sorted(commands)),
        host=tuple(sorted(one.capability for one in opened if isinstance(one, GrantedHost))),
        packages=tuple(
            PackageNeed(digest=digest, travels=travels) for digest, travels in sorted(packages.items())
        ),
    )
