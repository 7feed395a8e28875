"""Layers of rules compared: which change of a rule can let a call pass that did not (S-11, B-12)."""

from collections.abc import Iterator

from yoi_bundle.calls import is_stricter
from yoi_bundle.diff.change import ChangeClass, Delta, build_delta
from yoi_bundle.diff.members import compare_field
from yoi_bundle.faults import join_pointer
from yoi_bundle.manifest import Policy, Rule


def compare_policies(old: Policy, new: Policy) -> Iterator[Delta]:
    """Yield the rules that came and went, and the default."""
    lowered = is_stricter(new.default, old.default)
    yield from compare_field("/default", "narrowing" if lowered else "widening", old.default, new.default)
    for rule_id in sorted(old.rules.keys() | new.rules.keys()):
        before, after = old.rules.get(rule_id), new.rules.get(rule_id)
        if after is None and before is not None:
            change_class = _classify_removal(before, new)
        elif before is None and after is not None:
            change_class = _classify_addition(after, new)
        else:
            continue  # the id is of the content
        yield build_delta(join_pointer("/rules", rule_id), change_class, before, after)


def _classify_addition(rule: Rule, new: Policy) -> ChangeClass:
    if rule.effect == "deny":
        return "narrowing"
    # Over a default of deny, an ask rule lets a person approve what was denied before.
    return "narrowing" if rule.effect == "ask" and new.default != "deny" else "widening"


def _classify_removal(rule: Rule, new: Policy) -> ChangeClass:
    if rule.effect == "allow":
        return "narrowing"
    # What an ask rule held back is denied now only if nothing else can allow it.
    allows = any(other.effect == "allow" for other in new.rules.values())
    return "narrowing" if rule.effect == "ask" and new.default == "deny" and not allows else "widening"
