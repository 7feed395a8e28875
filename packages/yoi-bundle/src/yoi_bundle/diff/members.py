"""Sets, references and bounds compared: which direction each difference has."""

import difflib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from yoi_bundle.diff.change import ChangeClass, Delta, build_delta
from yoi_bundle.faults import join_pointer
from yoi_bundle.manifest import Ask, Asks, Descriptor, Grants, MountAsk, MountGrant, WorkerLimits


def compare_field(pointer: str, change_class: ChangeClass, before: Any, after: Any) -> Iterator[Delta]:
    """Yield one delta when two values differ."""
    if before != after:
        yield build_delta(pointer, change_class, before, after)


def compare_sets(
    pointer: str,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    *,
    added: ChangeClass = "widening",
    removed: ChangeClass = "narrowing",
    changed: ChangeClass = "widening",
) -> Iterator[Delta]:
    """Yield what was added, removed and changed in a collection by id."""
    for name in sorted(old.keys() | new.keys()):
        step = join_pointer(pointer, name)
        if name not in old:
            yield build_delta(step, added, None, new[name])
        elif name not in new:
            yield build_delta(step, removed, old[name], None)
        else:
            yield from compare_field(step, changed, old[name], new[name])


def _access(value: object) -> int:
    return int(isinstance(value, MountAsk | MountGrant) and value.access == "rw")


def compare_limits(pointer: str, old: WorkerLimits, new: WorkerLimits) -> Iterator[Delta]:
    """Compare bounds: none is the widest."""
    for field in WorkerLimits.__struct_fields__:
        before, after = getattr(old, field), getattr(new, field)
        narrows = after is not None and (before is None or after < before)
        yield from compare_field(f"{pointer}/{field}", "narrowing" if narrows else "widening", before, after)


def _by_name(members: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): member for name, member in members.items()}


MAX_TEXT_BYTES = 262_144
ReadBlob = Callable[[str], bytes]


def compute_text_diff(old: bytes, new: bytes) -> str:
    """Return a unified diff of two UTF-8 texts; empty when one is none."""
    try:
        before, after = old.decode(), new.decode()
    except UnicodeDecodeError:
        return ""
    if "\x00" in before or "\x00" in after:
        return ""
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), fromfile="before", tofile="after", lineterm=""
    )
    return "\n".join(lines)


def _classify_ask(before: Ask | MountAsk | None, after: Ask | MountAsk | None) -> ChangeClass:
    if after is None:
        return "widening" if before is None or before.required else "narrowing"
    if before is None or (before.required and not after.required):
        return "widening"
    return "widening" if _access(after) > _access(before) else "narrowing"


def compare_grants(old: Grants, new: Grants) -> Iterator[Delta]:
    """Compare what the workspace grants."""
    yield from compare_sets("/secrets", old.secrets, new.secrets)
    for name in sorted(old.mounts.keys() | new.mounts.keys()):
        before, after = old.mounts.get(name), new.mounts.get(name)
        widens = before is None or (after is not None and _access(after) > _access(before))
        yield from compare_field(
            join_pointer("/mounts", name), "widening" if widens else "narrowing", before, after
        )
    yield from compare_sets("/network", old.network, new.network)
    yield from compare_sets("/host", _by_name(old.host), _by_name(new.host))
    for plugin in sorted(old.plugin_permissions.keys() | new.plugin_permissions.keys()):
        yield from compare_sets(
            join_pointer("/plugin_permissions", plugin),
            old.plugin_permissions.get(plugin, {}),
            new.plugin_permissions.get(plugin, {}),
        )
    yield from compare_limits("/limits", old.limits, new.limits)


def compare_contents(
    pointer: str, change_class: ChangeClass, old: Descriptor, new: Descriptor, read_blob: ReadBlob
) -> Iterator[Delta]:
    """Yield one delta when two blobs differ, with a unified diff when both are texts of at most 256 KiB."""
    if old == new:
        return
    small = old.size <= MAX_TEXT_BYTES and new.size <= MAX_TEXT_BYTES
    readable = small and old.digest != new.digest
    text = compute_text_diff(read_blob(old.digest), read_blob(new.digest)) if readable else ""
    yield Delta(pointer=pointer, change_class=change_class, before=old.digest, after=new.digest, text=text)


def compare_asked(
    pointer: str, old: Mapping[str, Ask | MountAsk], new: Mapping[str, Ask | MountAsk]
) -> Iterator[Delta]:
    """Compare references. A reference that was required and is so no longer lets Workers run that were refused before."""
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name), new.get(name)
        if before != after:
            yield build_delta(join_pointer(pointer, name), _classify_ask(before, after), before, after)


def compare_mount_asks(pointer: str, old: Asks, new: Asks) -> Iterator[Delta]:
    """Compare mounts asked for; naming none asks for the workspace, so that taking the last away is no narrowing."""
    for delta in compare_asked(pointer, old.mounts, new.mounts):
        if not new.mounts:
            yield build_delta(delta.pointer, "widening", delta.before, delta.after)
        else:
            yield delta


def compare_asks(pointer: str, old: Asks, new: Asks) -> Iterator[Delta]:
    """Compare all that a profile or workflow asks for."""
    yield from compare_asked(f"{pointer}/secrets", old.secrets, new.secrets)
    yield from compare_mount_asks(f"{pointer}/mounts", old, new)
    yield from compare_asked(f"{pointer}/network", old.network, new.network)
    yield from compare_asked(f"{pointer}/host", _by_name(old.host), _by_name(new.host))
    for plugin in sorted(old.plugin_permissions.keys() | new.plugin_permissions.keys()):
        yield from compare_asked(
            join_pointer(f"{pointer}/plugin_permissions", plugin),
            old.plugin_permissions.get(plugin, {}),
            new.plugin_permissions.get(plugin, {}),
        )
    yield from compare_limits(f"{pointer}/limits", old.limits, new.limits)
