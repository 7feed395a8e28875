"""A Runtime that says in its own words, wherever it can, what no browser may read (K-07)."""

from typing import Any

from msgspec.structs import replace

from worker_runtime.contract.api import RuntimeApi
from worker_runtime.contract.bundles import BundleStatus, Rejection
from worker_runtime.contract.caller import Caller
from worker_runtime.contract.workers import (
    Approval,
    EventPage,
    PreviewRequest,
    StateReason,
    Worker,
    WorkerEvent,
)
from worker_runtime.resolution.decision import Decision
from worker_runtime.resolution.errors import Reason
from worker_runtime.resolution.explain import Explanation
from worker_runtime.resolution.payloads import GrantedPolicy
from worker_runtime.resolution.rights import WorkerRights
from yoi_bundle.errors import BundleInvalidError, Fault
from yoi_bundle.manifest import GlobMatch, Policy, Rule, compute_rule_id
from yoi_wire.errors import RequestInvalidError, RuntimeUnavailableError


class HostileRuntime:
    """Does what a Runtime does, and has a text of its own in every answer and error.

    Args:
        inner: What it really is.
        words: What it says.
    """

    def __init__(self, inner: RuntimeApi, words: str) -> None:
        self.inner = inner
        self.words = words

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def put_bundle(self, *_: Any) -> None:
        raise BundleInvalidError([self._fault()])

    async def put_assignment(self, *_: Any) -> None:
        raise BundleInvalidError([self._fault()])

    async def get_bundle_status(self, caller: Caller, digest: str) -> BundleStatus:
        details = {
            "faults": [{"code": "bundle.invalid", "pointer": "/prompts/x", "message": self.words}],
            "said": self.words,
        }
        return BundleStatus(
            digest=digest,
            rejected=Rejection(rejected_at="2026-01-31T12:00:00Z", code="bundle.invalid", details=details),
        )

    async def get_worker(self, caller: Caller, worker: str) -> Worker:
        found = await self.inner.get_worker(caller, worker)
        reason = StateReason(code="policy.denied", kind="tool", id="file.read", message=self.words)
        return replace(found, state="held", reasons=(reason,))

    async def resolve_worker(self, caller: Caller, request: PreviewRequest) -> tuple[Explanation, ...]:
        found = await self.inner.resolve_worker(caller, request)
        reason = Reason(code=self.words, kind="tool", id="x", rule=self.words, message=self.words)
        said = GrantedPolicy(id="host:policy", layer="host_policy", policy=self._deny())
        decision = Decision(kind="policy", id="host:policy", outcome="granted", effective=said)
        others = tuple(one for one in found[0].decisions if one.kind != "policy")
        return (replace(found[0], decisions=(*others, decision), refused=(reason,)),)

    def _deny(self) -> Policy:
        where = GlobMatch(argument="path", pattern=f"{self.words}*")
        rule = Rule(effect="deny", tool="file.read", where=where)
        return Policy(rules={compute_rule_id(rule): rule})

    async def get_worker_explanation(self, caller: Caller, worker: str) -> Explanation:
        found = await self.inner.get_worker_explanation(caller, worker)
        return replace(found, refused=(Reason(code=self.words, kind="tool", id="x", message=self.words),))

    async def get_worker_rights(self, caller: Caller, worker: str) -> WorkerRights:
        found = await self.inner.get_worker_rights(caller, worker)
        return replace(found, lost=(Reason(code=self.words, kind="tool", id="x", message=self.words),))

    async def list_worker_events(self, caller: Caller, worker: str, **_: Any) -> EventPage:
        bodies = {
            "state": {
                "from": "created",
                "to": "held",
                "said": self.words,
                "reasons": [{"message": self.words}],
            },
            "output": {"text": self.words},
        }
        events = tuple(
            WorkerEvent(sequence=number, at="2026-01-31T12:00:00Z", kind=kind, body=body)
            for number, (kind, body) in enumerate(bodies.items(), start=1)
        )
        return EventPage(events=events, last=len(events), more=False)

    async def send_worker_input(self, *_: Any) -> WorkerEvent:
        raise RequestInvalidError(self.words, field="text")

    async def stop_worker(self, *_: Any) -> Worker:
        raise RuntimeUnavailableError(self.words)  # type: ignore[arg-type]

    async def get_worker_spec(self, *_: Any) -> bytes:
        return self.words.encode()

    async def list_worker_approvals(self, *_: Any) -> tuple[Approval, ...]:
        raise RuntimeError(self.words)

    def _fault(self) -> Fault:
        return Fault(
            code="bundle.invalid", pointer="/prompts/x", message=self.words, remedy=self.words, kind="prompt"
        )
