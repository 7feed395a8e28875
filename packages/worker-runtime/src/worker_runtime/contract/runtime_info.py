"""A Runtime's announcement of itself (R-08)."""

from msgspec import Struct

API_VERSIONS: tuple[int, ...] = (1,)


class BuiltinSetInfo(Struct, frozen=True, kw_only=True):
    """The profiles a Runtime has of its own.

    Attributes:
        digest: Of the set.
        profiles: Their names, sorted.
    """

    digest: str
    profiles: tuple[str, ...]


class RuntimeInfo(Struct, frozen=True, kw_only=True):
    """A Runtime's announcement.

    Attributes:
        id: Stays the same for as long as the store does.
        version: Of this software.
        api_versions: API majors that are served.
        schema_versions: Manifest schema versions that are read.
        features: Features of the manifest that are known (B-06), sorted.
        limits: Name → bound, as in `yoi_bundle.limits`.
        policy_generation: Opaque; differs when host policy differs.
    """

    id: str
    version: str
    api_versions: tuple[int, ...]
    schema_versions: tuple[int, ...]
    features: tuple[str, ...]
    limits: dict[str, int]
    resolver_version: str
    builtin: BuiltinSetInfo
    labels: dict[str, str]
    policy_generation: str
