"""Every operation asked for what is another's: answered byte for byte as for what there is not (R-07)."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec import Struct

from support.bundles.small_bundles import build_small_bundle
from support.hostile.raw_http import RawAnswer, ask
from support.runtime.rest_under_test import RestUnderTest
from support.runtime.runtime_under_test import build_caller, create_worker, put_manifest, store_bundle
from worker_runtime.contract.assignments import AssignmentRequest
from worker_runtime.contract.bundles import StagedOutcome
from worker_runtime.contract.caller import Caller
from worker_runtime.contract.headers import MANIFEST_MEDIA_TYPE, METADATA_HEADER, format_header_json
from worker_runtime.contract.operations import RUNTIME_OPERATIONS
from worker_runtime.sync.transfer.manifest_coding import encode_manifest
from yoi_bundle.errors import YoiError

pytestmark = pytest.mark.req("R-07")

_STRANGERS = {
    "another workspace": build_caller("museum", kind="remote"),
    "another issuer": build_caller(kind="remote", issuer="other"),
    "no workspace": Caller(kind="remote", issuer="main", workspaces=frozenset()),
}
_JSON = {"Content-Type": "application/json"}


class Ids(Struct, frozen=True, kw_only=True):
    """Names of things in a store, or of things that are in none."""

    held: str
    staged: str
    rejected: str
    lease: str
    worker: str
    manifest: bytes


_NOTHING = Ids(
    held=f"sha256:{'1' * 64}",
    staged=f"sha256:{'2' * 64}",
    rejected=f"sha256:{'3' * 64}",
    lease="4" * 32,
    worker="5" * 32,
    manifest=build_small_bundle(prompts={"p": b"held by nobody\n"}).manifest,
)


class Probe(Struct, frozen=True, kw_only=True):
    """One request about an id."""

    method: str
    path: str
    headers: dict[str, str] = {}
    body: bytes = b""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RestUnderTest]:
    under_test = RestUnderTest(tmp_path / "data")
    yield under_test
    under_test.close()


@pytest.fixture
def theirs(server: RestUnderTest) -> Ids:
    """Put one of everything into the workspace `library` of the issuer `main`."""
    owner = build_caller(kind="remote")
    held = build_small_bundle()
    staged = build_small_bundle(prompts={"p": b"staged\n"})
    rejected = build_small_bundle(schemas={"search": b"no JSON"})
    store_bundle(server, owner, held)
    worker = create_worker(server, owner, held)
    request = AssignmentRequest(digest=held.digest, revision=1, generation=3)
    server.run(server.api.put_assignment(owner, "library", request))
    outcome = put_manifest(server, owner, staged)
    assert isinstance(outcome, StagedOutcome)
    with pytest.raises(YoiError):
        store_bundle(server, owner, rejected)
    assert server.run(server.api.get_bundle_status(owner, rejected.digest)).rejected is not None
    return Ids(
        held=held.digest,
        staged=staged.digest,
        rejected=rejected.digest,
        lease=outcome.lease.id,
        worker=worker.id,
        manifest=held.manifest,
    )


def _list_probes(ids: Ids, workspace: str) -> list[Probe]:
    probes = []
    for method, template in RUNTIME_OPERATIONS:
        path = template.replace("{lease}", ids.lease).replace("{worker}", ids.worker)
        path = path.replace("{approval}", "1").replace("{workspace}", workspace)
        for digest in (ids.held, ids.staged, ids.rejected) if "{digest}" in path else ("",):
            for make in _MAKERS.get((method, template), [_make_plain]):
                probes.append(make(method, path.replace("{digest}", digest), ids, workspace))
    return probes


def _make_plain(method: str, path: str, ids: Ids, workspace: str) -> Probe:
    del ids, workspace
    query = "?generation=9" if "DELETE" in method and "assignments" in path else ""
    return Probe(method=method, path=path + query)


def _make_conditional(method: str, path: str, ids: Ids, workspace: str) -> Probe:
    del workspace
    tag = f'"{ids.held}"'
    return Probe(method=method, path=path, headers={"If-None-Match": tag})


def _make_after(method: str, path: str, ids: Ids, workspace: str) -> Probe:
    del workspace
    return Probe(method=method, path=f"{path}?cursor=9999999999999-{ids.held}")


def _make_assignment(method: str, path: str, ids: Ids, workspace: str) -> Probe:
    del workspace
    body = {"digest": ids.held, "revision": 1, "generation": 9}
    return Probe(method=method, path=path, headers=_JSON, body=json.dumps(body).encode())


def _make_worker(method: str, path: str, ids: Ids, workspace: str) -> Probe:
    body = {
        "workspace": workspace,
        "request": {"selector": "default", "bundle_digest": ids.held},
        **({} if path.endswith("resolve") else {"key": "first"}),
    }
    return Probe(method=method, path=path, headers=_JSON, body=json.dumps(body).encode())


def _make_input(method: str, path: str, ids: Ids, workspace: str) -> Probe:
    del ids, workspace
    body = b'{"verdict":"allow"}' if "approvals" in path else b'{"text":"hello"}'
    return Probe(method=method, path=path, headers=_JSON, body=body)


def _make_pack(method: str, path: str, ids: Ids, workspace: str) -> Probe:
    del ids, workspace
    return Probe(method=method, path=path, headers={"Content-Type": "application/x-tar"}, body=bytes(1024))


def _make_delta(method: str, path: str, ids: Ids, workspace: str) -> Probe:
    """Put a manifest as a delta against one that somebody else holds, or nobody."""
    del path
    mine = build_small_bundle(workspace, prompts={"p": b"mine\n"})
    body = encode_manifest(mine.manifest, "dcz", base=ids.manifest)
    headers = {
        "Content-Type": MANIFEST_MEDIA_TYPE,
        "Content-Encoding": "dcz",
        METADATA_HEADER: format_header_json(mine.metadata),
    }
    return Probe(method=method, path=f"/v1/config-bundles/{mine.digest}", headers=headers, body=body.content)


_Maker = Callable[[str, str, Ids, str], Probe]
_MAKERS: dict[tuple[str, str], list[_Maker]] = {
    ("GET", "/v1/config-bundles"): [_make_plain, _make_after],
    ("GET", "/v1/config-bundles/{digest}"): [_make_plain, _make_conditional],
    ("PUT", "/v1/config-bundles/{digest}"): [_make_delta],
    ("POST", "/v1/leases/{lease}/pack"): [_make_pack],
    ("PUT", "/v1/assignments/{workspace}"): [_make_assignment],
    ("POST", "/v1/workers:resolve"): [_make_worker],
    ("POST", "/v1/workers"): [_make_worker],
    ("POST", "/v1/workers/{worker}/input"): [_make_input],
    ("POST", "/v1/workers/{worker}/approvals/{approval}"): [_make_input],
}
# These say the same to everybody, or count everybody's requests.
_SAME_FOR_ALL = {"/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/v1/runtime"}


def _ask(server: RestUnderTest, caller: Caller, probe: Probe) -> RawAnswer:
    headers = {**server.credentials.build_headers(caller), **probe.headers}
    pieces = [probe.body] if probe.body else []
    answer: RawAnswer = server.run(
        ask(server.socket, probe.method, probe.path, headers=headers, pieces=pieces)
    )
    return answer


def _strip(answer: RawAnswer) -> tuple[int, tuple[tuple[str, str], ...], str]:
    """Return an answer without what the caller itself had named, and without what differs by the clock alone."""

    def blank(text: str) -> str:
        text = text.replace(answer.headers["yoi-request-id"], "")
        return re.sub(r"[0-9a-f]{64}|[0-9a-f]{32}", "ID", text)

    kept = {name: blank(value) for name, value in answer.headers.items() if name != "date"}
    return answer.status, tuple(sorted(kept.items())), blank(answer.body.decode())


@pytest.mark.parametrize("stranger", _STRANGERS)
def test_what_is_anothers_is_answered_as_what_there_is_not(
    server: RestUnderTest, theirs: Ids, stranger: str
) -> None:
    caller = _STRANGERS[stranger]
    workspace = min(caller.workspaces, default="library")
    probes = zip(_list_probes(theirs, workspace), _list_probes(_NOTHING, workspace), strict=True)
    asked = 0
    for foreign, unknown in probes:
        if foreign.path in _SAME_FOR_ALL:
            continue
        there, nowhere = _ask(server, caller, foreign), _ask(server, caller, unknown)
        assert _strip(there) == _strip(nowhere), f"{foreign.method} {foreign.path}"
        assert there.status != 500
        asked += 1
    assert asked > len(RUNTIME_OPERATIONS) - len(_SAME_FOR_ALL)


def test_the_owner_is_answered_otherwise(server: RestUnderTest, theirs: Ids) -> None:
    """Or the probes above would prove nothing."""
    owner = build_caller(kind="remote")
    differing = set()
    probes = zip(_list_probes(theirs, "library"), _list_probes(_NOTHING, "library"), strict=True)
    for known, unknown in probes:
        if _strip(_ask(server, owner, known)) != _strip(_ask(server, owner, unknown)):
            differing.add((known.method, known.path))
    assert len(differing) > 12
