"""The media types a descriptor may have; one fixed table (B-05)."""

from typing import Literal, TypeAlias

MediaType: TypeAlias = Literal[
    "text/markdown",
    "text/plain",
    "application/json",
    "application/octet-stream",
    "application/vnd.yoi.plugin.v1+tar",
]

MANIFEST_MEDIA_TYPE = "application/vnd.yoi.manifest.v1+json"
BUNDLE_ARCHIVE_MEDIA_TYPE = "application/vnd.yoi.bundle.v1+tar"

TEXT_MEDIA_TYPES: frozenset[str] = frozenset({"text/markdown", "text/plain"})
FREE_JSON_MEDIA_TYPE = "application/json"
PLUGIN_PACKAGE_MEDIA_TYPE = "application/vnd.yoi.plugin.v1+tar"
