"""The host policy file: strict, safe by default, each fault with its key, line and remedy (S-10)."""

import re
from pathlib import Path

import msgspec
import pytest

from worker_runtime.host.policy import NO_POLICY
from worker_runtime.host.policy.bindings import HostPolicyDocument, compute_policy_generation
from worker_runtime.host.policy.check import check_host_policy, describe_policy, find_oddities
from worker_runtime.host.policy.file import HostPolicyInvalidError, load_host_policy, parse_host_policy
from worker_runtime.host.policy.template import make_policy_template
from yoi_bundle.canonical import encode_canonical

HEAD = 'version = 1\n\n[[workspace]]\nissuer = "local"\nid = "library"\n'
TEMPLATE = make_policy_template(issuer="local", workspace="library")
UNCOMMENTED = (
    re.sub(r"^# (?=\[|[a-zA-Z_]+ = )", "", TEMPLATE, flags=re.MULTILINE)
    .replace('    # "', '    "')
    .replace("sha256:...", f"sha256:{'0' * 64}")
)


def parse(text: str, directory: str = "/policy") -> HostPolicyDocument:
    return parse_host_policy(text.encode(), file="host-policy.toml", directory=Path(directory))


def list_faults(text: str) -> list[tuple[int, str]]:
    with pytest.raises(HostPolicyInvalidError) as refused:
        parse(text)
    assert refused.value.details()["diagnostics"]
    return [(one.line, one.message) for one in refused.value.diagnostics]


@pytest.mark.req("S-10")
def test_the_template_grants_nothing() -> None:
    document = parse(TEMPLATE)
    assert document.get_policy("local", "library") == NO_POLICY
    assert find_oddities(document, file="x") == ()


@pytest.mark.req("S-10")
def test_every_example_of_the_template_is_valid_once_uncommented() -> None:
    grant = parse(UNCOMMENTED).find_grant("local", "library")
    assert grant is not None
    assert grant.policy.mounts == {"workspace": "rw"}
    assert grant.policy.limits.turns == 200
    assert len(grant.policy.tools.rules) == 5
    assert grant.policy.servers["search"].secrets == {"SEARCH_KEY"}
    assert {line.section for line in describe_policy(grant.policy)} >= {
        "secrets",
        "commands",
        "plugins",
        "tools",
    }


@pytest.mark.req("S-10")
def test_a_workspace_or_issuer_that_the_file_does_not_name_gets_nothing() -> None:
    document = parse(UNCOMMENTED)
    assert document.get_policy("local", "library") != NO_POLICY
    for issuer, workspace in (("local", "library-2"), ("other", "library"), ("local", ""), ("*", "*")):
        assert document.get_policy(issuer, workspace) == NO_POLICY
        assert document.get_bindings(issuer, workspace).mounts == {}


@pytest.mark.req("S-05")
def test_paths_and_parameter_values_are_bindings_and_no_part_of_the_policy() -> None:
    text = (
        HEAD + '[workspace.mounts.docs]\npath = "shelf/here"\n[workspace.parameters]\nREGION = "eu-north"\n'
    )
    grant = parse(text).find_grant("local", "library")
    assert grant is not None
    assert grant.bindings.mounts == {"docs": "/policy/shelf/here"}
    assert grant.bindings.parameters == {"REGION": "eu-north"}
    assert b"shelf" not in encode_canonical(grant.policy)
    assert b"eu-north" not in encode_canonical(grant.policy)


FAULTS = {
    "unknown key": (HEAD + "network_hosts = []\n", 6, "no such field"),
    "unknown table": (HEAD + "[workspace.mount.docs]\npath = 'x'\n", 6, "no such field"),
    "wrong type": (HEAD + 'network = "docs.example.org"\n', 6, "expected an array"),
    "wrong word": (HEAD + 'bundle_required = "sometimes"\n', 6, "not one of the values"),
    "no version": ("[[workspace]]\nissuer='a'\nid='b'\n", 0, "missing"),
    "other version": ("version = 2\n", 1, "not one of the values"),
    "bad host": (HEAD + 'network = ["*"]\n', 6, "grammar"),
    "bad origin": (HEAD + 'origins = ["https://a.example.org/path"]\n', 6, "grammar"),
    "bad rule": (
        HEAD + '[workspace.tools]\nrules = [\n  "allow file.read",\n  "permit x",\n]\n',
        9,
        "tools.rules",
    ),
    "unknown consumer": (HEAD + '[workspace.secrets]\nA = ["command:none"]\n', 7, "grants no command:none"),
    "unknown alias": (HEAD + 'default_model = "main"\n', 6, "no such alias"),
    "twice": (HEAD + HEAD.removeprefix("version = 1\n"), 7, "twice"),
    "two ways": (HEAD + '[workspace.servers.s]\ncommand = "a"\nurl = "https://b"\n', 6, "not both"),
    "no TOML": (HEAD + "network = [\n", 0, "not TOML"),
}


@pytest.mark.req("S-10")
@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_has_its_line_and_nothing_of_the_file_applies(case: str) -> None:
    text, line, message = FAULTS[case]
    ((found_line, found), *_) = list_faults(text)
    assert message in found
    assert found_line == line


@pytest.mark.req("S-10")
def test_a_fault_in_the_second_workspace_has_its_own_line() -> None:
    text = (
        HEAD
        + "network = []\n"
        + HEAD.removeprefix("version = 1\n").replace("library", "two")
        + "network = 1\n"
    )
    ((line, message),) = list_faults(text)
    assert text.split("\n")[line - 1] == "network = 1"
    assert message.startswith("workspace.1.network")


@pytest.mark.req("S-10")
def test_all_faults_are_told_at_once() -> None:
    assert len(list_faults(HEAD + 'bogus = 1\nnetwork = 1\nhost = ["root"]\n')) == 3


def test_check_warns_of_grants_that_reach_far(tmp_path: Path) -> None:
    path = tmp_path / "host-policy.toml"
    path.write_text(
        HEAD
        + 'origins = ["http://intranet.example.org"]\n[workspace.tools]\ndefault = "allow"\n'
        + 'rules = ["allow *", "allow file.read(path path@docs: **)"]\n'
        + '[workspace.commands.npx]\ncommand = "npx"\nfurther_args = true\n'
    )
    rules = {one.rule for one in check_host_policy(path)}
    assert rules == {
        "policy.cleartext",
        "policy.open_default",
        "policy.allows_all",
        "policy.further_args",
        "policy.unknown_mount",
    }
    path.write_text("version = 1\n[[workspace]]\n")
    assert {one.severity for one in check_host_policy(path)} == {"error"}


def test_loading_reads_the_file_and_names_it_without_its_directory(tmp_path: Path) -> None:
    path = tmp_path / "host-policy.toml"
    path.write_text(TEMPLATE)
    assert load_host_policy(path).grants
    path.write_text("version = 3\n")
    with pytest.raises(HostPolicyInvalidError) as refused:
        load_host_policy(path)
    assert str(tmp_path) not in str(refused.value) + str(refused.value.details())


@pytest.mark.req("R-08")
def test_the_generation_changes_with_policy_and_paths_and_needs_the_key() -> None:
    one, key = parse(UNCOMMENTED), b"k" * 16
    moved = parse(UNCOMMENTED.replace("/srv/checkout", "/srv/else"))
    assert compute_policy_generation(one, key) == compute_policy_generation(parse(UNCOMMENTED), key)
    marks = {
        compute_policy_generation(one, key),
        compute_policy_generation(moved, key),
        compute_policy_generation(one, b"l" * 16),
        compute_policy_generation(parse(TEMPLATE), key),
    }
    assert len(marks) == 4


@pytest.mark.req("S-01")
def test_a_policy_comes_back_the_same_from_its_json() -> None:
    policy = parse(UNCOMMENTED).get_policy("local", "library")
    assert msgspec.json.decode(encode_canonical(policy), type=type(policy)) == policy
