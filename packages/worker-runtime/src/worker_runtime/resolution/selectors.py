"""From a selector to a profile: inside the bundle, or without one inside the built-in set, and nowhere else (S-07)."""

from typing import Literal

import msgspec
from msgspec import Struct

from worker_runtime.resolution.errors import InvalidSelectorError, ProfileNotFoundError
from yoi_bundle.faults import join_pointer
from yoi_bundle.identifiers import Selector
from yoi_bundle.manifest import Manifest, Profile
from yoi_bundle.verified import VerifiedBundle


class SelectedProfile(Struct, frozen=True, kw_only=True):
    """A profile and where it stands.

    Attributes:
        selector: What was asked, with `default` replaced by its meaning.
        name: Id among the workspace's profiles; absent for a built-in one.
        profile: Absent when this Runtime lacks features that it needs.
        lacking: Those features.
        pointer: Into the manifest.
    """

    selector: str
    name: str | None
    profile: Profile | None
    pointer: str
    lacking: frozenset[str] = frozenset()


def verify_selector(selector: str) -> None:
    """Check the grammar.

    Raises:
        InvalidSelectorError: When it does not fit.
    """
    try:
        msgspec.convert(selector, Selector)
    except msgspec.ValidationError:
        raise InvalidSelectorError(selector) from None


def select_profile(
    bundle: VerifiedBundle, selector: str, *, source: Literal["bundle", "builtin"]
) -> SelectedProfile:
    """Look a selector up.

    Args:
        bundle: The bundle, or the built-in set, whose profiles are built-in ones.
        selector: As asked.
        source: Which of the two `bundle` is.

    Raises:
        InvalidSelectorError: It is no selector.
        ProfileNotFoundError: Nothing here has it.
    """
    verify_selector(selector)
    manifest = bundle.manifest
    meant = selector
    if selector == "default":
        if manifest.default_profile is None:
            raise ProfileNotFoundError(selector, source)
        meant = manifest.default_profile
        if source == "builtin":
            meant = f"builtin:{meant.partition(':')[2]}"
    kind, _, name = meant.partition(":")
    if source == "builtin":
        if kind != "builtin" or name not in manifest.profiles:
            raise ProfileNotFoundError(selector, source)
        return _select(manifest, meant, name, None)
    if kind == "builtin":
        copies = manifest.builtin.profiles if manifest.builtin is not None else {}
        if name not in copies:
            raise ProfileNotFoundError(selector, source)
        pointer = join_pointer("/builtin/profiles", name)
        return SelectedProfile(selector=meant, name=None, profile=copies[name], pointer=pointer)
    if name in manifest.profiles:
        return _select(manifest, meant, name, name)
    lacking = bundle.unsupported.get("profiles", {}).get(name)
    if lacking is None:
        raise ProfileNotFoundError(selector, source)
    pointer = join_pointer("/profiles", name)
    return SelectedProfile(selector=meant, name=name, profile=None, pointer=pointer, lacking=lacking)


def _select(manifest: Manifest, meant: str, key: str, name: str | None) -> SelectedProfile:
    pointer = join_pointer("/profiles", key)
    return SelectedProfile(selector=meant, name=name, profile=manifest.profiles[key], pointer=pointer)
