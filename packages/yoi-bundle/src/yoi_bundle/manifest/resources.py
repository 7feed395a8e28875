"""Prompts, workflows and skills: texts and files that travel as blobs."""

from typing import Annotated

from msgspec import Meta, Struct

from yoi_bundle.digest import Digest
from yoi_bundle.identifiers import ItemId, PathGlob, ResourcePath, SafeUrl
from yoi_bundle.manifest.capabilities import NO_ASKS, Asks, Member
from yoi_bundle.manifest.item import Descriptor, Item
from yoi_bundle.manifest.profile import ToolSelection


class Prompt(Item, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Text for the model.

    Attributes:
        applies_to: Path globs; the prompt is for work on files that fit one. Absent applies always.
    """

    content: Descriptor
    applies_to: dict[PathGlob, Member] = {}


class WorkflowText(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="text"
):
    content: Descriptor


class WorkflowReference(
    Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="reference",
):
    """A workflow that lives elsewhere; what is fetched must hash to the digest."""

    url: SafeUrl
    digest: Digest


class Workflow(Item, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A task in words, run by name.

    Attributes:
        argument_hint: What a person may type after the name.
        tools: Tools that the workflow is confined to, of those the profile has; absent confines nothing.
        policies: Meet the profile's while the workflow runs; they never add.
        models: In order of preference; it runs on the first that the host gives, and not at all without one. Absent for
            the profile's.
    """

    body: WorkflowText | WorkflowReference
    argument_hint: Annotated[str, Meta(max_length=1024)] = ""
    tools: ToolSelection | None = None
    policies: dict[ItemId, Member] = {}
    models: tuple[ItemId, ...] = ()
    asks: Asks = NO_ASKS


class SkillFile(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    content: Descriptor
    executable: bool = False


class Skill(Item, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A directory of files with a `SKILL.md`, loaded when the model needs it."""

    files: dict[ResourcePath, SkillFile]
    license: Annotated[str, Meta(max_length=1024)] = ""
