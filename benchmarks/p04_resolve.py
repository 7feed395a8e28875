"""P-04: resolve a profile of 50 tools, 20 rules each way, bundle and policy already loaded.

Denominator: encoding the resolution's spec and explanation with the same encoder, once each.

"Loaded" means what a Runtime keeps between Workers: the profile's plan and its meeting with host policy. The figure
without them, and the growth from 10 to 1,000 tools, are printed beside it.
"""

import statistics
import time
from collections.abc import Callable

from worker_runtime.host.facts import HostFacts
from worker_runtime.host.policy import EndpointGrant, HostPolicy
from worker_runtime.resolution.explain import explain_resolution
from worker_runtime.resolution.host_plan import prepare_host_plan
from worker_runtime.resolution.plan import prepare_profile
from worker_runtime.resolution.resolve import compute_resolution
from yoi_bundle.canonical import encode_canonical
from yoi_bundle.digest import compute_digest
from yoi_bundle.manifest import (
    AllTools,
    Asks,
    BuiltinTool,
    BundleModel,
    Descriptor,
    Grants,
    HttpTool,
    Manifest,
    Member,
    MountAsk,
    MountGrant,
    Policy,
    PrefixMatch,
    Profile,
    Prompt,
    PromptUse,
    Rule,
    Tool,
    compute_rule_id,
)
from yoi_bundle.verified import VerifiedBundle, verify_manifest
from yoi_bundle.vocabulary import BUILTIN_TOOLS
from yoi_wire.worker_requests import NO_INTENT, WorkerRequest

ALLOWED = 3.0
ROUNDS = 200
ORIGIN = "https://tools.example.org"


def make_policy(rules: int, word: str) -> Policy:
    where = [PrefixMatch(argument="command", value=f"{word} {number}") for number in range(rules - 1)]
    found = [Rule(effect="deny", tool="shell.run", where=one) for one in where]
    found.append(Rule(effect="allow", tool="*"))
    return Policy(rules={compute_rule_id(rule): rule for rule in found})


def make_bundle(tools: int) -> VerifiedBundle:
    builtin: dict[str, Tool] = {name: BuiltinTool() for name in BUILTIN_TOOLS}
    remote: dict[str, Tool] = {
        f"http:tool-{number}": HttpTool(url=f"{ORIGIN}/{number}") for number in range(tools - len(builtin))
    }
    text = compute_digest(b"text")
    manifest = Manifest(
        schema_version=1,
        workspace="bench",
        tools=dict([*builtin.items(), *remote.items()][:tools]),
        policies={"house": make_policy(20, "bundle")},
        models={"large": BundleModel(provider="example", model="large-1")},
        prompts={"brief": Prompt(content=Descriptor(media_type="text/markdown", digest=text, size=4))},
        grants=Grants(
            mounts={"workspace": MountGrant(access="rw")},
            network={"docs.example.org": Member()},
            host={"shell": Member()},
        ),
        profiles={
            "coder": Profile(
                tools=AllTools(),
                models=("large",),
                prompts=(PromptUse(prompt="brief"),),
                policies={"house": Member()},
                asks=Asks(mounts={"workspace": MountAsk(access="rw")}),
            )
        },
    )
    data = encode_canonical(manifest)
    return verify_manifest(data, compute_digest(data))


POLICY = HostPolicy(
    mounts={"workspace": "rw"},
    network=frozenset({"docs.example.org"}),
    host=frozenset({"shell"}),
    endpoints={"main": EndpointGrant(provider="example", models=frozenset({"*"}))},
    origins=frozenset({ORIGIN}),
    tools=make_policy(20, "host"),
)
FACTS = HostFacts(mounts={"workspace": "rw"}, host=("shell",))
REQUEST = WorkerRequest(selector="workspace:coder", bundle_digest=compute_digest(b"any"))


def measure(work: Callable[[], object], rounds: int) -> float:
    """Return the median time of one round, in seconds."""
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def measure_ratio(tools: int, rounds: int) -> tuple[float, float, float]:
    """Return resolution loaded, resolution from nothing, and the encoding of its results, in seconds."""
    bundle = make_bundle(tools)
    hosted = prepare_host_plan(prepare_profile(bundle, REQUEST.selector), POLICY)
    resolution = compute_resolution(hosted, FACTS, NO_INTENT)
    explanation = explain_resolution(resolution)

    def encode() -> None:
        encode_canonical(resolution.spec)
        encode_canonical(explanation)

    def resolve_unprepared() -> None:
        plan = prepare_host_plan(prepare_profile(bundle, REQUEST.selector), POLICY)
        compute_resolution(plan, FACTS, NO_INTENT)

    loaded = measure(lambda: compute_resolution(hosted, FACTS, NO_INTENT), rounds)
    return loaded, measure(resolve_unprepared, rounds), measure(encode, rounds)


def main() -> None:
    loaded, unprepared, encoding = measure_ratio(50, ROUNDS)
    print(
        f"P-04 resolve 50 tools: {loaded / encoding:.2f} x encoding spec and explanation (at most {ALLOWED}); "
        f"{loaded * 1e6:.0f} against {encoding * 1e6:.0f} microseconds; unprepared {unprepared / encoding:.2f} x"
    )
    for tools in (10, 100, 1000):
        loaded, unprepared, encoding = measure_ratio(tools, 20)
        print(
            f"     {tools:>5} tools: {loaded / encoding:.2f} x loaded, {unprepared / encoding:.2f} x unprepared, "
            f"{loaded / tools * 1e6:.1f} microseconds a tool"
        )


if __name__ == "__main__":
    main()
