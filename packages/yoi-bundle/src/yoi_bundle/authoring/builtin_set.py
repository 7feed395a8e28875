"""Built-in profiles as the builder is given them; those in use are copied into the bundle (B-04)."""

from msgspec import Struct

from yoi_bundle.manifest import Policy, Profile, Prompt


class BuiltinSet(Struct, frozen=True, kw_only=True):
    """A set of built-in profiles with all they refer to.

    Attributes:
        digest: Of the set.
        profiles: By name: `companion`.
        blobs: By digest; the text of the prompts.
    """

    digest: str
    profiles: dict[str, Profile] = {}
    prompts: dict[str, Prompt] = {}
    policies: dict[str, Policy] = {}
    blobs: dict[str, bytes] = {}


NO_BUILTINS = BuiltinSet(digest=f"sha256:{'0' * 64}")
