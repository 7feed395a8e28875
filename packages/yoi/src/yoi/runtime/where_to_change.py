"""Which file a layer's word stands in, for people who want to change it."""

import json
from dataclasses import dataclass, field

from rich.text import Text

from worker_runtime.resolution.decision import Layer, Step
from yoi.render.console import join_text
from yoi_bundle.closure import list_items
from yoi_bundle.identifiers import decode_path
from yoi_bundle.manifest import Manifest

WORKSPACE_FILE = ".yoi/workspace.toml"


@dataclass(frozen=True, kw_only=True)
class Places:
    """The files behind one explanation.

    Attributes:
        host_policy_file: This host's policy.
        origins: For each item's pointer into the manifest, the file it was written in.
    """

    host_policy_file: str
    origins: dict[str, str] = field(default_factory=dict)


def find_places(manifest: Manifest, host_policy_file: str) -> Places:
    """Collect the files that a bundle's items were written in."""
    origins = {
        pointer: decode_path(item.origin.path)
        for pointer, item in list_items(manifest)
        if item.origin is not None
    }
    return Places(host_policy_file=host_policy_file, origins=origins)


def describe_gap(host_policy_file: str, issuer: str, workspace: str) -> tuple[Text, ...]:
    """Say, line by line, that a host policy has no table for a workspace, which explains all that is withheld."""
    said = f": {host_policy_file} says nothing of workspace {workspace} of {issuer}. Add, with the grants below it:"
    return (
        join_text(("host policy grants nothing here", "bold red"), said),
        join_text("    [[workspace]]"),
        join_text(f"    issuer = {json.dumps(issuer)}"),
        join_text(f"    id = {json.dumps(workspace)}"),
    )


def find_place(step: Step, places: Places) -> str:
    """Say where the word of a layer can be changed: a file and the place in it, or who to ask."""
    others: dict[Layer, str] = {"host_facts": "on this host", "intent": "in the request"}
    if step.layer in others:
        return others[step.layer]
    if step.layer == "needs":
        return decode_path(step.pointer.removeprefix("/").replace("/", " ", 1)) or "said in this explanation"
    if step.layer == "host_policy":
        return f"{places.host_policy_file}, {decode_path(step.pointer)}"
    steps = step.pointer.split("/")
    for length in range(len(steps), 1, -1):
        origin = places.origins.get("/".join(steps[:length]))
        if origin is not None:
            rest = "/".join(steps[length:])
            return f"{origin}, {decode_path(rest)}" if rest else origin
    return f"{WORKSPACE_FILE}, {decode_path(step.pointer.removeprefix('/'))}"
