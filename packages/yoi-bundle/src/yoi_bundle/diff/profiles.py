"""Profiles compared (B-12)."""

from collections.abc import Iterator, Mapping

from yoi_bundle.diff.change import ChangeClass, Delta, build_delta
from yoi_bundle.diff.items import classify_added_model, compare_layers, compare_selections
from yoi_bundle.diff.members import compare_asked, compare_asks, compare_field
from yoi_bundle.manifest import Model, Profile


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
