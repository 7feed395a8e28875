"""Ids from paths: ASCII, percent-encoded, unique where paths are (B-14)."""

import posixpath

from yoi_bundle.authoring.source.workspace_path import WORKSPACE_FILE
from yoi_bundle.identifiers import encode_path, encode_segment

ROOT_SKILL_ID = "SKILL"


def compute_item_id(path: str, folder: str) -> str:
    """Return the id of the item that a Markdown file is.

    Args:
        path: `plugins/x/agents/y.md` gives `plugins/x/agents/y`; only a final `.md` is dropped.
        folder: The folder of our own files of this kind; `.yoi/profiles/y.md` gives `y` with `profiles`.
    """
    return encode_path(path.removeprefix(f".yoi/{folder}/").removesuffix(".md"))


def compute_file_id(path: str) -> str:
    """Return the id under which a file's own prompt and rules stand; it keeps the folder `.yoi/profiles`."""
    return encode_path(path.removesuffix(".md"))


def compute_policy_id(path: str, name: str = "") -> str:
    """Return the id of a policy: its file's path without the extension, and its name where the file has several."""
    stem = posixpath.splitext(path.removeprefix(".yoi/policies/"))[0]
    return encode_path(stem) + (f"/{encode_segment(name)}" if name else "")


def compute_skill_id(path: str) -> str:
    """Return the id of a skill, from the path of its `SKILL.md`."""
    directory = posixpath.dirname(path)
    return encode_path(directory.removeprefix(".yoi/skills/")) if directory else ROOT_SKILL_ID


def compute_tool_id(kind: str, path: str, local_name: str) -> str:
    """Return the key of an MCP server (`mcp`) or HTTP tool (`http`): `mcp:plugins/x/.mcp/NAME`.

    One that `workspace.toml` declares has just its name: `mcp:NAME`.
    """
    name = encode_segment(local_name)
    if path == WORKSPACE_FILE:
        return f"{kind}:{name}"
    stem = path.removesuffix(".md") if path.endswith(".md") else posixpath.splitext(path)[0]
    return f"{kind}:{encode_path(stem)}/{name}"


def compute_plugin_id(root: str, name: str) -> str:
    """Return the source-qualified id of a plugin of this workspace, from its directory."""
    return f"workspace:{encode_path(root) if root else encode_segment(name)}"
