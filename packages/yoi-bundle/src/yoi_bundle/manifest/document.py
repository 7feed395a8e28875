"""The manifest's root."""

from typing import Annotated

from msgspec import Meta, Struct

from yoi_bundle.digest import Digest
from yoi_bundle.identifiers import ItemId, LanguageTag, MetadataKey, PluginId, Selector, ToolId, WorkspaceId
from yoi_bundle.manifest.canonical_struct import CanonicalStruct
from yoi_bundle.manifest.capabilities import NO_GRANTS, Grants
from yoi_bundle.manifest.item import Description, Title
from yoi_bundle.manifest.model import Model
from yoi_bundle.manifest.plugin import Plugin
from yoi_bundle.manifest.policy import Policy
from yoi_bundle.manifest.profile import Profile
from yoi_bundle.manifest.resources import Prompt, Skill, Workflow
from yoi_bundle.manifest.tool import Tool


class Project(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What the workspace is about, for people."""

    title: Title = ""
    description: Description = ""
    metadata: dict[MetadataKey, Annotated[str, Meta(max_length=1024)]] = {}


class Language(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Languages of the workspace.

    Attributes:
        reply: The language Workers answer in.
        fallbacks: Others, in order of preference.
    """

    reply: LanguageTag | None = None
    fallbacks: tuple[LanguageTag, ...] = ()


NO_PROJECT = Project()
NO_LANGUAGE = Language()


class BuiltinProfiles(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The built-in profiles that the workspace uses, copied in, so that a Runtime of any version has the same (B-04).

    Attributes:
        set_digest: Digest of the set they were copied from.
        profiles: Keyed by name: `companion` for `builtin:companion`. Their prompts are among the manifest's.
    """

    set_digest: Digest
    profiles: dict[ItemId, Profile] = {}


class Manifest(CanonicalStruct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A bundle's content, all of it; its canonical bytes are what is hashed, sent and kept.

    Attributes:
        schema_version: The major version of this schema.
        workspace: Who the bundle belongs to; a bundle belongs to one workspace.
        default_profile: What the selector `default` means; absent, it means nothing.
    """

    schema_version: int
    workspace: WorkspaceId
    project: Project = NO_PROJECT
    language: Language = NO_LANGUAGE
    models: dict[ItemId, Model] = {}
    prompts: dict[ItemId, Prompt] = {}
    workflows: dict[ItemId, Workflow] = {}
    skills: dict[ItemId, Skill] = {}
    tools: dict[ToolId, Tool] = {}
    policies: dict[ItemId, Policy] = {}
    plugins: dict[PluginId, Plugin] = {}
    grants: Grants = NO_GRANTS
    profiles: dict[ItemId, Profile] = {}
    builtin: BuiltinProfiles | None = None
    default_profile: Selector | None = None
