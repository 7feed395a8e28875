"""The host's policy file, read again when it changes."""

import asyncio
from pathlib import Path

import pytest

from worker_runtime.host.local_host import LocalHost
from worker_runtime.host.policy import NO_POLICY
from worker_runtime.host.policy.check import check_host_policy
from worker_runtime.host.policy.file import HostPolicyInvalidError
from yoi_wire.errors import RequestInvalidError, RuntimeUnavailableError

_TABLE = '[[workspace]]\nissuer = "local"\nid = "library"\n'


def _write(path: Path, network: str) -> None:
    """Put another file in the place of the former one, as editors and deployments do."""
    written = path.with_suffix(".new")
    written.write_text(f"version = 1\n{_TABLE}network = [{network}]\n", encoding="utf-8")
    written.replace(path)


@pytest.fixture
def policy_file(tmp_path: Path) -> Path:
    return tmp_path / "host-policy.toml"


@pytest.fixture
def host(policy_file: Path, tmp_path: Path) -> LocalHost:
    _write(policy_file, '"opac.library.example"')
    return LocalHost(policy_file, data_directory=tmp_path, environment={})


@pytest.mark.req("W-06", "S-10")
def test_a_changed_policy_counts_from_the_next_request_on(host: LocalHost, policy_file: Path) -> None:
    before = host.policy_generation
    assert host.get_policy("local", "library") is not NO_POLICY
    assert [str(one) for one in host.get_policy("local", "library").network] != []
    _write(policy_file, "")
    assert list(host.get_policy("local", "library").network) == []
    assert host.policy_generation != before


@pytest.mark.req("W-06", "S-10")
def test_an_unchanged_policy_stays_the_same_value(host: LocalHost) -> None:
    assert host.get_policy("local", "library") is host.get_policy("local", "library")


@pytest.mark.req("S-10")
def test_a_policy_that_is_taken_away_grants_nothing(host: LocalHost, policy_file: Path) -> None:
    policy_file.unlink()
    assert host.get_policy("local", "library") is NO_POLICY


@pytest.mark.req("W-06", "S-10")
def test_a_policy_that_became_faulty_refuses_everything_until_it_is_put_right(
    host: LocalHost, policy_file: Path
) -> None:
    _write(policy_file, "no list")
    for _ in range(2):
        with pytest.raises(RuntimeUnavailableError) as caught:
            host.get_policy("local", "library")
        assert caught.value.details() == {"reason": "policy_invalid"}
    with pytest.raises(RuntimeUnavailableError):
        _ = host.policy_generation
    _write(policy_file, '"opac.library.example"')
    assert host.get_policy("local", "library") is not NO_POLICY


@pytest.mark.req("S-10")
def test_a_host_does_not_start_with_a_faulty_policy(policy_file: Path, tmp_path: Path) -> None:
    _write(policy_file, "no list")
    with pytest.raises(HostPolicyInvalidError):
        LocalHost(policy_file, data_directory=tmp_path, environment={})


@pytest.mark.req("S-04")
def test_secrets_lie_beside_the_policy_unless_another_directory_is_named(
    policy_file: Path, tmp_path: Path
) -> None:
    named = tmp_path / "credentials"
    for folder, secret in ((policy_file.parent / "secrets", "BESIDE"), (named, "NAMED")):
        folder.mkdir()
        (folder / secret).write_text("made up for this test\n", encoding="utf-8")
    _write(policy_file, "")

    async def read_package(digest: str) -> bytes:
        raise AssertionError(f"{digest} is not asked for")

    def find(directory: Path | None) -> list[str]:
        host = LocalHost(policy_file, data_directory=tmp_path, environment={}, secrets_directory=directory)
        secrets = host.build_ports("local", "library", read_package).secrets
        return [name for name in ("BESIDE", "NAMED") if asyncio.run(secrets.exists(name))]

    assert find(None) == ["BESIDE"]
    assert find(named) == ["NAMED"]


@pytest.mark.req("S-10")
@pytest.mark.parametrize(
    ("what", "mode"), [("file", 0o666), ("file", 0o620), ("directory", 0o777), ("directory", 0o770)]
)
def test_a_policy_that_others_may_write_grants_nothing(
    host: LocalHost, policy_file: Path, tmp_path: Path, what: str, mode: int
) -> None:
    changed = policy_file if what == "file" else policy_file.parent
    before = changed.stat().st_mode & 0o777
    changed.chmod(mode)
    policy_file.touch()
    try:
        with pytest.raises(HostPolicyInvalidError) as caught:
            LocalHost(policy_file, data_directory=tmp_path, environment={})
        assert "others may write" in caught.value.message
        with pytest.raises(RuntimeUnavailableError):
            host.get_policy("local", "library")
        assert [one.severity for one in check_host_policy(policy_file)] == ["error"]
    finally:
        changed.chmod(before)
    policy_file.touch()
    assert host.get_policy("local", "library") is not NO_POLICY


@pytest.mark.req("S-10")
def test_a_policy_in_a_sticky_directory_is_its_owners(
    policy_file: Path, host: LocalHost, tmp_path: Path
) -> None:
    tmp_path.chmod(0o1777)
    assert LocalHost(policy_file, data_directory=tmp_path, environment={}).policy_generation


@pytest.mark.req("R-08")
@pytest.mark.parametrize("size", [0, 15])
def test_a_key_that_was_cut_off_is_not_used(host: LocalHost, tmp_path: Path, size: int) -> None:
    key = tmp_path / "policy-generation.key"
    assert host.policy_generation
    assert (len(key.read_bytes()), key.stat().st_mode & 0o777) == (32, 0o600)
    key.write_bytes(bytes(size))
    with pytest.raises(RequestInvalidError) as caught:
        _ = host.policy_generation
    assert caught.value.field == key.name
    key.unlink()
    assert host.policy_generation
