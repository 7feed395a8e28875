"""A plugin's package is hashed, then read; what is odd in it makes it invalid, never an exception (S-06)."""

import asyncio
import io
import tarfile
from pathlib import Path

import pytest

from support.runtime.resolution_world import PACKAGE, PACKAGE_DIGEST, make_package, make_tar
from worker_runtime.host.facts import PackageNeed
from worker_runtime.host.plugin_packages import PluginPackages, verify_plugin_package
from yoi_bundle.digest import compute_digest


async def no_blob(digest: str) -> bytes | None:
    return None if digest else b""


async def the_package(digest: str) -> bytes | None:
    return PACKAGE if digest == PACKAGE_DIGEST else None


@pytest.mark.req("S-06")
def test_a_package_says_its_name_version_surfaces_permissions_and_files() -> None:
    fact = verify_plugin_package(PACKAGE, PACKAGE_DIGEST)
    assert (fact.state, fact.name, fact.version) == ("verified", "hours", "1.0.0")
    assert {name: (one.type, one.entry) for name, one in fact.surfaces.items()} == {
        "opening_hours": ("tool", "bin/hours")
    }
    assert (fact.permissions, fact.files) == (("clock",), ("bin/hours", "plugin.json"))


@pytest.mark.req("S-06")
def test_without_the_documented_key_a_package_declares_no_surface_and_no_permission() -> None:
    data = make_tar(
        {"plugin.json": b'{"name":"plain","version":"1","extensions":{"org.example":{"surfaces":1}}}'}
    )
    fact = verify_plugin_package(data, compute_digest(data))
    assert (fact.state, fact.surfaces, fact.permissions) == ("verified", {}, ())


@pytest.mark.req("S-06")
def test_other_bytes_than_the_digest_says_are_not_looked_into() -> None:
    assert verify_plugin_package(PACKAGE + b"\0", PACKAGE_DIGEST).state == "digest_mismatch"


def make_link() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        header = tarfile.TarInfo("plugin.json")
        header.type, header.linkname = tarfile.SYMTYPE, "/etc/hostname"
        archive.addfile(header)
    return buffer.getvalue()


INVALID = {
    "no tar": b"x" * 2048,
    "empty": b"",
    "cut off": PACKAGE[:700],
    "no manifest": make_tar({"README.md": b"x"}),
    "manifest below": make_tar({"sub/plugin.json": b'{"name":"x"}'}),
    "no JSON": make_tar({"plugin.json": b"{"}),
    "no object": make_tar({"plugin.json": b"[]"}),
    "no name": make_tar({"plugin.json": b"{}"}),
    "deep": make_tar({"plugin.json": b"[" * 5000 + b"]" * 5000}),
    "long": make_tar({"plugin.json": b'{"name":"' + b"x" * 2_000_000 + b'"}'}),
    "path above": make_package(files={"../x": b""}.items()),
    "absolute path": make_package(files={"/x": b""}.items()),
    "unknown surface": make_package(surfaces={"a": {"type": "daemon", "entry": "bin/hours"}}),
    "unknown surface with free JSON": make_package(
        surfaces={"a": {"type": "daemon", "entry": "bin/hours", "input_schema": {"limits": [0.5, None]}}}
    ),
    "entry above": make_package(surfaces={"a": {"type": "tool", "entry": "../x"}}),
    "schema that is no object": make_package(
        surfaces={"a": {"type": "tool", "entry": "bin/hours", "input_schema": 5}}
    ),
    "unknown field": make_package(surfaces={"a": {"type": "tool", "entry": "bin/hours", "root": True}}),
    "link": make_link(),
}


@pytest.mark.req("S-06")
@pytest.mark.parametrize("case", INVALID)
def test_an_odd_package_is_invalid(case: str) -> None:
    data = INVALID[case]
    assert verify_plugin_package(data, compute_digest(data)).state == "invalid"


@pytest.mark.req("S-06")
def test_a_path_that_stands_twice_is_invalid() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for content in (b'{"name":"a"}', b'{"name":"b"}'):
            header = tarfile.TarInfo("plugin.json")
            header.size = len(content)
            archive.addfile(header, io.BytesIO(content))
    data = buffer.getvalue()
    assert verify_plugin_package(data, compute_digest(data)).state == "invalid"


@pytest.mark.req("S-06")
def test_a_package_by_reference_is_looked_up_by_digest_in_the_hosts_directory_alone(tmp_path: Path) -> None:
    need = PackageNeed(digest=PACKAGE_DIGEST, travels=False)
    packages = PluginPackages(tmp_path, the_package)
    assert asyncio.run(packages.verify_package(need)).state == "absent"
    (tmp_path / f"{PACKAGE_DIGEST.replace(':', '-')}.tar").write_bytes(PACKAGE)
    assert asyncio.run(packages.verify_package(need)).state == "verified"
    (tmp_path / f"{PACKAGE_DIGEST.replace(':', '-')}.tar").write_bytes(PACKAGE[:-1])
    assert asyncio.run(packages.verify_package(need)).state == "digest_mismatch"
    assert asyncio.run(PluginPackages(None, the_package).verify_package(need)).state == "absent"


@pytest.mark.req("S-06")
def test_a_package_that_travels_is_a_blob_of_the_workspace(tmp_path: Path) -> None:
    need = PackageNeed(digest=PACKAGE_DIGEST, travels=True)
    (tmp_path / f"{PACKAGE_DIGEST.replace(':', '-')}.tar").write_bytes(PACKAGE)
    assert asyncio.run(PluginPackages(tmp_path, the_package).verify_package(need)).state == "verified"
    assert asyncio.run(PluginPackages(tmp_path, no_blob).verify_package(need)).state == "absent"
