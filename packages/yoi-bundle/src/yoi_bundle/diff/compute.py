"""Two bundles compared by what they mean for Workers, section by section (B-12)."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from yoi_bundle.calls import is_stricter
from yoi_bundle.diff.change import BundleDiff, Change, ChangeClass, Delta, build_delta
from yoi_bundle.diff.items import (
    classify_added_model,
    compare_labels,
    compare_layers,
    compare_models,
    compare_plugins,
    compare_prompts,
    compare_selections,
    compare_skills,
    compare_tools,
    compare_workflows,
)
from yoi_bundle.diff.members import ReadBlob, compare_asked, compare_asks, compare_field, compare_grants
from yoi_bundle.faults import join_pointer
from yoi_bundle.manifest import BundleModel, HostModel, Item, Manifest, Model, Policy, Profile, Prompt, Rule
from yoi_bundle.profile_closure import list_profiles, list_uses
from yoi_bundle.verified import VerifiedBundle

_Compare = Callable[[Any, Any], Iterator[Delta]]


def _classify_item(before: Item | None, after: Item | None) -> ChangeClass:
    """Say what a whole item does by coming or going; who refers to it changes too, and says the rest."""
    match after if before is None else before:
        case Prompt():
            return "text"
        case BundleModel() | HostModel():
            return "model"
        case Policy():
            return "narrowing" if before is None else "widening"
        case _:
            return "widening" if before is None else "narrowing"


def _place(delta: Delta, section: str, item: str, profiles: Any) -> Change:
    start = join_pointer(f"/{section}", item) if item else f"/{section}"
    return Change(
        section=section,
        item=item,
        pointer=start + delta.pointer,
        change_class=delta.change_class,
        before=delta.before,
        after=delta.after,
        text=delta.text,
        profiles=tuple(sorted(profiles)),
    )


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


def compare_profiles(old: Profile, new: Profile, models: Mapping[str, Model]) -> Iterator[Delta]:
    """Compare two versions of a profile.

    Args:
        old: Before.
        new: After.
        models: Of the new manifest: a model that is added brings its credential and endpoint along.
    """
    yield from compare_selections("/tools", old.tools, new.tools)
    yield from compare_field("/prompts", "text", old.prompts, new.prompts)
    if old.models != new.models:
        added = [classify_added_model(models.get(name)) for name in new.models if name not in old.models]
        change_class: ChangeClass = "widening" if "widening" in added else "model"
        yield build_delta("/models", change_class, old.models, new.models)
    yield from compare_field("/model_required", "model", old.model_required, new.model_required)
    yield from compare_layers(old.policies, new.policies)
    yield from compare_asked("/skills", old.skills, new.skills)
    yield from compare_asked("/workflows", old.workflows, new.workflows)
    yield from compare_asked("/plugins", old.plugins, new.plugins)
    yield from compare_asks("/asks", old.asks, new.asks)
    yield from compare_field("/language", "text", old.language, new.language)


def _compare_item(before: Item | None, after: Item | None, compare: _Compare) -> Iterator[Delta]:
    if before == after:
        return
    if before is None or after is None:
        yield build_delta("", _classify_item(before, after), before, after)
        return
    yield from compare_labels(before, after)
    yield from compare(before, after)


def _compare_roots(before: Manifest, after: Manifest, everyone: frozenset[str]) -> Iterator[Change]:
    for field in ("title", "description", "metadata"):
        deltas = compare_field(
            f"/{field}", "metadata", getattr(before.project, field), getattr(after.project, field)
        )
        yield from (_place(delta, "project", "", ()) for delta in deltas)
    for field in ("reply", "fallbacks"):
        deltas = compare_field(
            f"/{field}", "text", getattr(before.language, field), getattr(after.language, field)
        )
        yield from (_place(delta, "language", "", everyone) for delta in deltas)
    grants = compare_grants(before.grants, after.grants)
    yield from (_place(delta, "grants", "", everyone) for delta in grants)
    # Another workspace stands under another host policy.
    workspace = compare_field("", "widening", before.workspace, after.workspace)
    yield from (_place(delta, "workspace", "", everyone) for delta in workspace)
    version = compare_field("", "metadata", before.schema_version, after.schema_version)
    yield from (_place(delta, "schema_version", "", ()) for delta in version)
    taken: ChangeClass = "narrowing" if after.default_profile is None else "widening"
    default = compare_field("", taken, before.default_profile, after.default_profile)
    yield from (_place(delta, "default_profile", "", ("default",)) for delta in default)
    if before.builtin is not None and after.builtin is not None:
        digest = compare_field("", "metadata", before.builtin.set_digest, after.builtin.set_digest)
        yield from (_place(delta, "builtin/set_digest", "", ()) for delta in digest)


def _list_unread(old: VerifiedBundle, new: VerifiedBundle, everyone: frozenset[str]) -> Iterator[Change]:
    """List items that this reader cannot read; nothing can be said of them, so they may widen."""
    unread = {
        (section, name)
        for one in (old, new)
        for section in one.unsupported
        for name in one.unsupported[section]
    }
    for section, name in sorted(unread):
        before = old.unsupported.get(section, {}).get(name)
        after = new.unsupported.get(section, {}).get(name)
        delta = build_delta(
            "", "widening", before and ", ".join(sorted(before)), after and ", ".join(sorted(after))
        )
        yield _place(delta, section, name, everyone)


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


def _list_sections(read_blob: ReadBlob) -> tuple[tuple[str, _Compare], ...]:
    return (
        ("models", compare_models),
        ("prompts", partial(compare_prompts, read_blob=read_blob)),
        ("workflows", partial(compare_workflows, read_blob=read_blob)),
        ("skills", partial(compare_skills, read_blob=read_blob)),
        ("tools", compare_tools),
        ("policies", compare_policies),
        ("plugins", compare_plugins),
    )


def _compare_section(
    section: str,
    old: Mapping[str, Item],
    new: Mapping[str, Item],
    compare: _Compare,
    find_profiles: Callable[[tuple[str, str]], set[str]],
) -> Iterator[Change]:
    for name in sorted(old.keys() | new.keys()):
        deltas = _compare_item(old.get(name), new.get(name), compare)
        concerned = find_profiles((section, name))
        yield from (_place(delta, section, name, concerned) for delta in deltas)


def _compare_manifests(old: VerifiedBundle, new: VerifiedBundle, read_blob: ReadBlob) -> Iterator[Change]:
    before, after = old.manifest, new.manifest
    everyone = frozenset(list_profiles(before)) | frozenset(list_profiles(after))
    yield from _compare_roots(before, after, everyone)
    old_uses, new_uses = list_uses(before), list_uses(after)
    for section, compare in _list_sections(read_blob):
        yield from _compare_section(
            section,
            getattr(before, section),
            getattr(after, section),
            compare,
            lambda key: old_uses.get(key, set()) | new_uses.get(key, set()),
        )
    profiles = partial(compare_profiles, models=after.models)
    yield from _compare_section(
        "profiles", before.profiles, after.profiles, profiles, lambda key: {f"workspace:{key[1]}"}
    )
    yield from _compare_section(
        "builtin/profiles",
        before.builtin.profiles if before.builtin else {},
        after.builtin.profiles if after.builtin else {},
        profiles,
        lambda key: {f"builtin:{key[1]}"},
    )
    yield from _list_unread(old, new, everyone)


def compute_diff(old: VerifiedBundle, new: VerifiedBundle, read_blob: ReadBlob) -> BundleDiff:
    """Compare two bundles by meaning.

    Pure but for `read_blob`. No set of changes without a widening one, as far as they concern a profile, lets a call
    of it pass that did not; a change whose direction cannot be told is called widening.

    Args:
        old: Before.
        new: After.
        read_blob: Gives a blob of either bundle by digest; asked for texts that changed.

    Returns:
        Every difference with its class (B-12).
    """
    changes = [] if old.digest == new.digest else list(_compare_manifests(old, new, read_blob))
    return BundleDiff(
        old=old.digest,
        new=new.digest,
        changes=tuple(sorted(changes, key=lambda one: (one.pointer, one.before, one.after))),
    )
