"""What a profile asks for and its bundle gives: everything about a Worker that needs no host (B-10, S-08)."""

from collections.abc import Iterator, Mapping
from typing import Literal

from msgspec import Struct

from worker_runtime.resolution.decision import Candidate, Kind
from worker_runtime.resolution.plan_grants import plan_grants
from worker_runtime.resolution.plan_items import ItemPlanner
from worker_runtime.resolution.selectors import select_profile
from worker_runtime.resolution.spec import SpecFrame
from worker_runtime.resolution.version import RESOLVER_VERSION
from yoi_bundle.faults import join_pointer
from yoi_bundle.manifest import Asks, BundleModel, Language, Manifest, Profile, SecretRef, ToolList
from yoi_bundle.selection import SelectedTool, compute_asks, list_models, list_secret_refs
from yoi_bundle.verified import VerifiedBundle


class SecretUse(Struct, frozen=True):
    """A secret ref of a tool or model: who names it, and where."""

    kind: Kind
    id: str
    ref: SecretRef
    pointer: str


class ProfilePlan(Struct, frozen=True, kw_only=True):
    """One profile of one bundle, as far as it resolves without a host.

    Attributes:
        candidates: Each with the steps of profile and bundle; secrets are not among them, because who consumes a
            secret is for host policy to say.
        asks: What the profile asks for, said and implied.
        uses: Secret refs of its tools and models.
    """

    frame: SpecFrame
    manifest: Manifest
    pointer: str
    profile: Profile
    asks: Asks
    candidates: tuple[Candidate, ...]
    uses: tuple[SecretUse, ...]
    model_required: bool


def prepare_profile(
    bundle: VerifiedBundle, selector: str, *, source: Literal["bundle", "builtin"] = "bundle"
) -> ProfilePlan:
    """Take a profile through the layers that need no host; once per bundle and selector.

    Raises:
        InvalidSelectorError, ProfileNotFoundError: See `select_profile`.
    """
    chosen = select_profile(bundle, selector, source=source)
    profile = chosen.profile if chosen.profile is not None else Profile(tools=ToolList())
    items = ItemPlanner(bundle.manifest, bundle.unsupported, chosen, profile)
    asks = compute_asks(bundle.manifest, profile, name=chosen.name)
    return ProfilePlan(
        frame=SpecFrame(
            selector=selector,
            profile=chosen.selector,
            source=source,
            digest=bundle.digest,
            workspace=bundle.manifest.workspace,
            resolver_version=RESOLVER_VERSION,
            language=_compute_language(bundle.manifest, profile),
        ),
        manifest=bundle.manifest,
        pointer=chosen.pointer,
        profile=profile,
        asks=asks,
        candidates=(
            *items.plan(),
            *plan_grants(bundle.manifest, profile, asks, chosen.pointer),
        ),
        uses=tuple(_list_uses(bundle.manifest, profile, items.selected)),
        model_required=profile.model_required,
    )


def _compute_language(manifest: Manifest, profile: Profile) -> Language:
    if profile.language is None:
        return manifest.language
    return Language(reply=profile.language, fallbacks=manifest.language.fallbacks)


def _list_uses(
    manifest: Manifest, profile: Profile, selected: Mapping[str, SelectedTool]
) -> Iterator[SecretUse]:
    for tool_id, chosen in selected.items():
        for pointer, ref in list_secret_refs(chosen.tool):
            yield SecretUse("tool", tool_id, ref, join_pointer("/tools", tool_id) + pointer)
    for model_id in list_models(manifest, profile):
        model = manifest.models.get(model_id)
        if isinstance(model, BundleModel) and model.credential is not None:
            pointer = join_pointer("/models", model_id) + "/credential"
            yield SecretUse("model", model_id, model.credential, pointer)
