"""Where a credential may be planted in a workspace, and what the boundary says of it there (B-07)."""

import base64
import json
from collections.abc import Callable
from typing import Literal, TypeAlias

from yoi_bundle.boundary.free_json import find_free_json_faults
from yoi_bundle.boundary.manifest import find_boundary_faults
from yoi_bundle.boundary.manifest_texts import ManifestTexts, list_texts
from yoi_bundle.boundary.scanner import SecretScanner
from yoi_bundle.boundary.uncertain_findings import find_boundary_warnings
from yoi_bundle.errors import Fault
from yoi_bundle.identifiers import encode_segment
from yoi_bundle.limits import DEFAULT_LIMITS
from yoi_bundle.manifest import (
    Argument,
    Descriptor,
    HttpServer,
    LiteralValue,
    Manifest,
    McpServer,
    Prompt,
    Skill,
    SkillFile,
    StdioServer,
    Transport,
)

Verdict: TypeAlias = Literal["refused", "warned", "missed"]

DESCRIPTOR = Descriptor(media_type="text/plain", digest="sha256:" + "0" * 64, size=1)


def manifest_with_transport(transport: Transport) -> Manifest:
    return Manifest(
        schema_version=1, workspace="library", tools={"mcp:catalogue": McpServer(transport=transport)}
    )


def _plant_env(token: str) -> Manifest:
    return manifest_with_transport(
        StdioServer(command="npx", env={"SERVER_OPTION": LiteralValue(value=token)})
    )


def _plant_header(token: str) -> Manifest:
    server = HttpServer(url="https://example.com/mcp", headers={"X-Option": LiteralValue(value=token)})
    return manifest_with_transport(server)


def _plant_argument(token: str) -> Manifest:
    return manifest_with_transport(
        StdioServer(command="npx", args=(Argument(value=LiteralValue(value=token)),))
    )


def _plant_query(token: str) -> Manifest:
    server = HttpServer(url="https://example.com/mcp", query={"option": LiteralValue(value=token)})
    return manifest_with_transport(server)


def _plant_userinfo(token: str) -> Manifest:
    return _plant_argument(f"https://service:{token}@example.com/mcp")


def _plant_connection_string(token: str) -> Manifest:
    return _plant_env(f"postgresql://service:{token}@db.example.com:5432/catalogue")


def _plant_key(token: str) -> Manifest:
    name = encode_segment(token)[:1000].rstrip("%")
    return Manifest(schema_version=1, workspace="library", prompts={name: Prompt(content=DESCRIPTOR)})


def _plant_file_name(token: str) -> Manifest:
    name = encode_segment(token)[:1000].rstrip("%")
    files = {"SKILL.md": SkillFile(content=DESCRIPTOR), f"notes/{name}.txt": SkillFile(content=DESCRIPTOR)}
    return Manifest(schema_version=1, workspace="library", skills={"lending": Skill(files=files)})


MANIFEST_PLACES: dict[str, Callable[[str], Manifest]] = {
    "env": _plant_env,
    "header": _plant_header,
    "argument": _plant_argument,
    "URL query": _plant_query,
    "userinfo": _plant_userinfo,
    "connection string": _plant_connection_string,
    "map key": _plant_key,
    "file name": _plant_file_name,
}
"""Fields whose own names say nothing of a credential: only the value can give it away."""

FIELD_PLACES: tuple[str, ...] = (
    "env",
    "header",
    "argument",
    "URL query",
    "userinfo",
    "connection string",
)


def _encode(token: str) -> bytes:
    return b"state: " + base64.b64encode(f"value={token}\n".encode()) + b"\n"


def _split(token: str) -> bytes:
    middle = len(token) // 2
    return f'state = "{token[:middle]}"\n    "{token[middle:]}"\n'.encode()


TEXT_PLACES: dict[str, Callable[[str], bytes]] = {
    "prose": lambda token: f"Greet people first.\nUse the value {token} to connect.\n".encode(),
    "skill file": lambda token: f'import os\n\nAPI_KEY = "{token}"\n'.encode(),
    "after a NUL": lambda token: f"Greet people first.\0\nUse the value {token} to connect.\n".encode(),
    "allow comment": lambda token: (
        f"Use {token} here. # gitleaks:allow betterleaks:allow kingfisher:ignore\n".encode()
    ),
    "base64": _encode,
    "split over lines": _split,
}

PLACES: tuple[str, ...] = (
    "prose",
    "skill file",
    *FIELD_PLACES,
    "plugin config",
    "map key",
    "file name",
    "after a NUL",
    "allow comment",
    "base64",
    "split over lines",
)


def plant_config(token: str) -> bytes:
    return json.dumps({"retries": 3, "server": {"option": token}}).encode()


def find_faults(place: str, token: str) -> list[Fault]:
    """Return the faults of a place that is no text: a manifest's, or a free-JSON blob's."""
    if place == "plugin config":
        return find_free_json_faults(
            plant_config(token), place="/plugins/workspace:x/config", limits=DEFAULT_LIMITS
        )
    return find_boundary_faults(MANIFEST_PLACES[place](token))


def judge_place(place: str, token: str, scanner: SecretScanner) -> Verdict:
    """Say what becomes of a token at a place, as a builder would: the fields' rules, and the scanner for texts."""
    if place in TEXT_PLACES:
        return judge_text(TEXT_PLACES[place](token), scanner)
    if find_faults(place, token):
        return "refused"
    if place in MANIFEST_PLACES:
        manifest = MANIFEST_PLACES[place](token)
        texts = list_texts(manifest)
        findings = scanner.scan([("manifest", ManifestTexts(texts).data)])
        if any(not finding.doubtful for finding in findings):
            return "refused"
        if findings or find_boundary_warnings(texts):
            return "warned"
    return "missed"


def judge_text(data: bytes, scanner: SecretScanner) -> Verdict:
    findings = scanner.scan([("text", data)])
    if any(not finding.doubtful for finding in findings):
        return "refused"
    return "warned" if findings else "missed"
