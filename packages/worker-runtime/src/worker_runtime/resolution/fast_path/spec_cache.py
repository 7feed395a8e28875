"""Cache of decided specs: most Workers of a profile find the facts that the last one found (buys P-05)."""

from collections import OrderedDict

from msgspec import Raw, Struct

from worker_runtime.host.facts import HostFacts
from worker_runtime.resolution.host_plan import HostPlan
from worker_runtime.resolution.resolve import DecidedSpec, decide_spec
from yoi_bundle.canonical import encode_canonical
from yoi_wire.worker_requests import Intent, Narrowing


class EncodedSpec(Struct, frozen=True, kw_only=True):
    """A decided spec, and the canonical form of its decisions."""

    decided: DecidedSpec
    decisions: Raw


class _Kept(Struct, frozen=True, kw_only=True):
    """An answer and its question; the plan is held so that its identity stays its own."""

    hosted: HostPlan
    facts: HostFacts
    narrowing: Narrowing
    requires: frozenset[str]
    answer: EncodedSpec


class SpecCache:
    """The last spec of each plan used last, at most `capacity`; for one thread at a time, or the interpreter's lock.

    Facts are never taken from here: they are gathered for each Worker, and where they differ it is decided anew.
    """

    def __init__(self, capacity: int = 16) -> None:
        self._capacity = capacity
        self._kept: OrderedDict[int, _Kept] = OrderedDict()

    def get_spec(self, hosted: HostPlan, facts: HostFacts, intent: Intent) -> EncodedSpec:
        """Return what `decide_spec` gives for equal arguments.

        Raises:
            RequestInvalidError: A required capability is none of the grammar.
        """
        kept = self._kept.pop(id(hosted), None)
        if kept is None or not _is_answer(kept, facts, intent):
            kept = _decide(hosted, facts, intent)
        self._kept[id(hosted)] = kept
        if len(self._kept) > self._capacity:
            self._kept.popitem(last=False)
        return kept.answer


def _is_answer(kept: _Kept, facts: HostFacts, intent: Intent) -> bool:
    return (kept.facts, kept.narrowing, kept.requires) == (facts, intent.narrowing, intent.requires)


def _decide(hosted: HostPlan, facts: HostFacts, intent: Intent) -> _Kept:
    decided = decide_spec(hosted, facts, intent)
    answer = EncodedSpec(decided=decided, decisions=Raw(encode_canonical(decided.decisions)))
    return _Kept(
        hosted=hosted, facts=facts, narrowing=intent.narrowing, requires=intent.requires, answer=answer
    )
