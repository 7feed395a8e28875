"""A plugin as authoring packs it is the plugin that a host verifies: from plugin.json to a granted surface."""

from pathlib import Path

import pytest

from support.processes.yoi_process import LIBRARY, Yoi

_PLUGIN = "workspace:plugins/shelf-sensors"
_POLICY = """
version = 1

[[workspace]]
issuer = "local"
id = "midorizaka-library"

[workspace.tools]
rules = ["allow plugin:*"]

[[workspace.plugins]]
id = "workspace:plugins/shelf-sensors"
version = "VERSION"
digest = "DIGEST"
surfaces = ["misplaced", "watch"]
permissions = ["network.local", "storage.read"]
"""


def _explain(tmp_path: Path, *, version: str = "1.2.0", digest: str = "") -> dict[str, str]:
    policy = tmp_path / "host-policy.toml"
    yoi = Yoi(tmp_path / "store", policy=policy)
    bundle = yoi.read("bundle", "build", LIBRARY)["digest"]
    package = yoi.read("bundle", "show", bundle)["manifest"]["plugins"][_PLUGIN]["package"]["content"][
        "digest"
    ]
    text = _POLICY.replace("VERSION", version).replace("DIGEST", digest or package)
    policy.write_text(text, encoding="utf-8")
    decisions = yoi.read("explain", "catalogue-reviewer")["explanations"][0]["decisions"]
    kinds = {"plugin", "surface", "permission"}
    return {
        one["id"]: one["outcome"]
        for one in decisions
        if one["kind"] in kinds and one["id"].startswith(_PLUGIN)
    }


@pytest.mark.req("S-06")
def test_a_plugin_granted_at_its_version_and_digest_gives_its_surfaces(tmp_path: Path) -> None:
    outcomes = _explain(tmp_path)
    assert set(outcomes) == {
        _PLUGIN,
        f"{_PLUGIN}/misplaced",
        f"{_PLUGIN}/watch",
        f"{_PLUGIN}/network.local",
        f"{_PLUGIN}/storage.read",
    }
    assert set(outcomes.values()) == {"granted"}


@pytest.mark.req("S-06")
@pytest.mark.parametrize("wrong", [{"version": "1.2.1"}, {"digest": "sha256:" + "0" * 64}])
def test_at_another_version_or_digest_it_gives_nothing(tmp_path: Path, wrong: dict[str, str]) -> None:
    assert set(_explain(tmp_path, **wrong).values()) == {"denied"}
