"""Built-in profiles in use, copied into the bundle (B-04)."""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from yoi_bundle.authoring.assembly.identify import IdentifiedDrafts
from yoi_bundle.authoring.assembly.ledger import Ledger
from yoi_bundle.authoring.assembly.policies import Governing
from yoi_bundle.authoring.dialects.native.workspace_toml import WorkspaceForm, WorkspaceReading
from yoi_bundle.authoring.drafts.diagnostics import Place, show_name
from yoi_bundle.authoring.source.tree import WORKSPACE_FILE
from yoi_bundle.builtin import BuiltinSet
from yoi_bundle.manifest import BuiltinProfiles, Member, Profile

BUILTIN_PREFIX = "builtin:"


def copy_builtins(
    builtins: BuiltinSet,
    reading: WorkspaceReading,
    *,
    profiles: Mapping[str, Profile],
    drafts: IdentifiedDrafts,
    governing: Governing,
    ledger: Ledger,
) -> BuiltinProfiles | None:
    """Copy the built-in profiles in use, under the workspace's policies like all its profiles."""
    form = reading.form or WorkspaceForm()
    extended = (
        draft.extends.written
        for name, draft in drafts.profiles.items()
        if name in profiles and draft.extends is not None
    )
    names = [*form.builtin_profiles]
    names += [
        name.removeprefix(BUILTIN_PREFIX)
        for name in (*extended, form.default_profile or "")
        if name.startswith(BUILTIN_PREFIX)
    ]
    copied: dict[str, Profile] = {}
    for name in sorted(set(names)):
        profile = builtins.manifest.profiles.get(name)
        if profile is None:
            ledger.report(
                "error",
                "builtin.unknown",
                Place(WORKSPACE_FILE, reading.lines.get(("builtin_profiles",), 0)),
                f"there is no built-in profile `{show_name(name)}`",
                f"known: {', '.join(sorted(builtins.manifest.profiles)) or 'none'}",
            )
        elif not governing.lost:
            policies = dict.fromkeys((*governing.policies, *profile.policies), Member())
            copied[name] = replace(profile, policies=policies)
    if not copied:
        return None
    return BuiltinProfiles(set_digest=builtins.digest, profiles=copied)


def list_used_prompts(profiles: Iterable[Profile]) -> set[str]:
    return {use.prompt for profile in profiles for use in profile.prompts}


def list_used_policies(profiles: Iterable[Profile]) -> set[str]:
    return {name for profile in profiles for name in profile.policies}
