"""Bundles and revisions over HTTP: publish, look, compare, take away (K-01, B-12, B-13)."""

from contextlib import ExitStack
from io import BytesIO
from typing import Any

import pytest

from support.backend.backend_rest import ARCHIVE_HEADERS, BackendRest, archive_bundle
from support.bundles.small_bundles import SmallBundle, build_small_bundle
from support.hostile.raw_http import RawAnswer
from yoi_bundle.archive import write_archive
from yoi_bundle.canonical import encode_canonical
from yoi_bundle.digest import compute_digest
from yoi_bundle.manifest import AllTools, Ask, Asks, Grants, Manifest, Member, Profile
from yoi_bundle.media_types import BUNDLE_ARCHIVE_MEDIA_TYPE
from yoi_bundle.verified import verify_manifest
from yoi_wire.server.http_state import HttpLimits

pytestmark = pytest.mark.req("K-01")

LIBRARY = "/api/v1/workspaces/library"


def _publish(backend: BackendRest, body: bytes, **headers: str) -> RawAnswer:
    return backend.ask("POST", f"{LIBRARY}/bundles", body=body, headers={**ARCHIVE_HEADERS, **headers})


def _count_revisions(backend: BackendRest) -> int:
    return len(backend.get(f"{LIBRARY}/revisions")["items"])


def test_an_archive_becomes_a_revision_once(backend: BackendRest) -> None:
    backend.add_workspace()
    archive = archive_bundle(build_small_bundle())
    publisher = backend.add_token("operator", workspaces=["library"], name="ci")
    first = backend.post(f"{LIBRARY}/bundles", body=archive, headers=ARCHIVE_HEADERS, token=publisher)
    assert (first["created"], first["revision"]["revision"], first["revision"]["publisher"]) == (
        True,
        1,
        "ci",
    )
    again = backend.post(f"{LIBRARY}/bundles", body=archive, headers=ARCHIVE_HEADERS, status=200)
    assert (again["created"], again["revision"]) == (False, first["revision"])


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (archive_bundle(build_small_bundle())[:-600], {}, 422, "bundle.invalid"),
        (
            archive_bundle(build_small_bundle()).replace(b"Be kind.", b"Be cruel"),
            {},
            422,
            "bundle.digest_mismatch",
        ),
        (archive_bundle(build_small_bundle("museum")), {}, 400, "request.invalid"),
        (b"", {}, 422, "bundle.invalid"),
        (archive_bundle(build_small_bundle()), {"Content-Type": "application/x-tar"}, 400, "request.invalid"),
        (archive_bundle(build_small_bundle()), {"Content-Encoding": "gzip"}, 400, "request.invalid"),
    ],
    ids=["cut", "changed", "another workspace's", "empty", "another type", "another coding"],
)
def test_of_an_archive_that_is_not_sound_nothing_is_kept(
    backend: BackendRest, body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    backend.add_workspace()
    answer = _publish(backend, body, **headers)
    assert (answer.status, answer.problem["code"]) == (status, code)
    assert _count_revisions(backend) == 0


@pytest.mark.req("K-07")
def test_a_bundle_is_shown_by_its_numbers_and_its_profiles(backend: BackendRest) -> None:
    backend.add_workspace()
    bundle = backend.publish("Be kind.")
    shown = backend.get(f"{LIBRARY}/bundles/{bundle.digest}")
    assert (shown["digest"], shown["revision"], shown["profiles"]) == (
        bundle.digest,
        1,
        ["workspace:reviewer"],
    )
    assert (shown["counts"]["prompts"], shown["counts"]["tools"], shown["counts"]["blobs"]) == (1, 1, 1)
    assert shown["size"] == len(bundle.manifest) + sum(map(len, bundle.blobs.values()))
    assert "source" not in shown["provenance"]


def test_the_entity_tag_changes_with_what_is_said_of_a_bundle(backend: BackendRest) -> None:
    backend.add_workspace()
    bundle = backend.publish("Be kind.")
    path = f"{LIBRARY}/bundles/{bundle.digest}"
    tag = backend.ask("GET", path).headers["etag"]
    same = backend.ask("GET", path, headers={"If-None-Match": tag})
    assert (same.status, same.body, same.headers["etag"]) == (304, b"", tag)
    backend.post(f"{LIBRARY}/revocations", {"digest": bundle.digest, "reason": "unkind"})
    revoked = backend.ask("GET", path, headers={"If-None-Match": tag})
    assert (revoked.status, revoked.problem["revocation"]["reason"]) == (200, "unkind")


@pytest.mark.req("B-13")
def test_an_archive_comes_back_as_the_bytes_that_follow_from_the_digest(backend: BackendRest) -> None:
    backend.add_workspace()
    bundle = backend.publish("Be kind.")
    answer = backend.ask("GET", f"{LIBRARY}/bundles/{bundle.digest}/archive")
    expected = BytesIO()
    verified = verify_manifest(bundle.manifest, bundle.digest)
    write_archive(bundle.manifest, verified, bundle.blobs.__getitem__, expected)
    assert (answer.status, answer.headers["content-type"]) == (200, BUNDLE_ARCHIVE_MEDIA_TYPE)
    assert answer.body == expected.getvalue()
    tag = answer.headers["etag"]
    assert tag == f'"{bundle.digest}"'
    again = backend.ask("GET", f"{LIBRARY}/bundles/{bundle.digest}/archive", headers={"If-None-Match": tag})
    assert again.status == 304


@pytest.mark.parametrize("ending", ["", "/archive"])
@pytest.mark.parametrize("digest", ["sha256:" + "0" * 64, "no-digest"])
def test_a_bundle_that_the_workspace_never_had_is_missing(
    backend: BackendRest, digest: str, ending: str
) -> None:
    backend.add_workspace()
    backend.add_workspace("museum")
    elsewhere = backend.publish("Be kind.", "museum").digest
    for one in (digest, elsewhere):
        answer = backend.ask("GET", f"{LIBRARY}/bundles/{one}{ending}")
        assert (answer.status, answer.problem["code"]) == (404, "bundle.missing")


def test_revisions_come_in_pages_newest_first(backend: BackendRest) -> None:
    backend.add_workspace()
    digests = [backend.publish(f"Text {number}").digest for number in range(3)]
    page = backend.get(f"{LIBRARY}/revisions?limit=2")
    assert [one["digest"] for one in page["items"]] == [digests[2], digests[1]]
    rest = backend.get(f"{LIBRARY}/revisions?limit=2&cursor={page['next_cursor']}")
    assert [(one["revision"], one["digest"]) for one in rest["items"]] == [(1, digests[0])]


@pytest.mark.req("B-12")
def test_a_diff_says_what_changed_and_in_which_direction(backend: BackendRest) -> None:
    backend.add_workspace()
    backend.publish("Be kind.")
    backend.publish("Be brief.")
    diff = backend.get(f"{LIBRARY}/diff?from=1&to=2")
    assert (diff["classes"], diff["change_count"]) == ({"text": 1}, 1)
    change = diff["changes"][0]
    assert (change["section"], change["item"], change["change_class"]) == ("prompts", "greeting", "text")
    assert "-Be kind." in change["text"] and "+Be brief." in change["text"]
    assert backend.get(f"{LIBRARY}/diff?from=2&to=2")["changes"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [("from=1", "to"), ("from=1&to=9", "to"), ("from=-1&to=1", "from"), ("from=1&to=1&by=text", "by")],
)
def test_a_diff_of_what_there_is_not_says_which_part_is_at_fault(
    backend: BackendRest, query: str, field: str
) -> None:
    backend.add_workspace()
    backend.publish("Be kind.")
    answer = backend.ask("GET", f"{LIBRARY}/diff?{query}")
    assert (answer.status, answer.problem["details"]["field"]) == (400, field)


def _build_asking(secret: str) -> SmallBundle:
    """Build a bundle whose one profile asks for a secret that the workspace grants."""
    small = build_small_bundle()
    asks = Asks(secrets={secret: Ask(required=True)})
    manifest = Manifest(
        schema_version=1,
        workspace="library",
        grants=Grants(secrets={secret: Member()}),
        profiles={"reviewer": Profile(tools=AllTools(), asks=asks, model_required=False)},
        default_profile="workspace:reviewer",
    )
    data = encode_canonical(manifest)
    return SmallBundle(digest=compute_digest(data), manifest=data, metadata=small.metadata, blobs={})


@pytest.mark.req("K-07")
def test_names_of_secrets_in_a_diff_are_for_operators(backend: BackendRest) -> None:
    backend.add_workspace()
    for name in ("FIRST_KEY", "SECOND_KEY"):
        bundle = _build_asking(name)
        out = BytesIO()
        write_archive(bundle.manifest, verify_manifest(bundle.manifest, bundle.digest), {}.__getitem__, out)
        assert _publish(backend, out.getvalue()).status == 201
    viewer = backend.add_token("viewer", workspaces=["library"])
    operator = backend.add_token("operator", workspaces=["library"])
    path = f"{LIBRARY}/diff?from=1&to=2"
    told = backend.ask("GET", path, token=operator)
    assert b"FIRST_KEY" in told.body and b"SECOND_KEY" in told.body
    seen = backend.ask("GET", path, token=viewer)
    assert b"_KEY" not in seen.body
    pointers = {one["pointer"] for one in seen.problem["changes"]}
    assert pointers == {"/grants/secrets", "/profiles/reviewer/asks/secrets"}
    assert seen.problem["classes"] == told.problem["classes"]
    bundle_view: dict[str, Any] = backend.get(f"{LIBRARY}/bundles/{bundle.digest}", token=viewer)
    assert bundle_view["counts"]["grants.secrets"] == 1


def test_so_many_archives_come_in_at_once_and_no_more(backend: BackendRest) -> None:
    backend.add_workspace()
    most = HttpLimits().concurrent_packs
    with ExitStack() as running:
        for number in range(most):
            running.enter_context(backend.services.http.uploads.run(f"upload {number}"))
        answer = _publish(backend, archive_bundle(build_small_bundle()))
        assert (answer.status, answer.problem["code"]) == (429, "runtime.overloaded")
        assert int(answer.headers["retry-after"]) >= 0
    assert _publish(backend, archive_bundle(build_small_bundle())).status == 201


@pytest.mark.req("K-01", "K-09")
@pytest.mark.parametrize(
    "fields",
    [
        {"title": "t" * 257},
        {"title": "a\nb"},
        {"source": {"kind": "directory", "path": "/srv/a\0b"}},
        {"source": {"kind": "directory", "path": "/" + "a" * 5000}},
        {"source": {"kind": "git", "url": "https://git.example/a\0b", "ref": "main"}},
        {"source": {"kind": "git", "url": "https://git.example/a", "ref": "main\x1b"}},
        {"source": {"kind": "git", "url": "https://git.example/a", "ref": "main", "subdirectory": "a\x7fb"}},
    ],
    ids=str,
)
def test_texts_of_a_workspace_are_bounded_and_without_control_characters(
    backend: BackendRest, fields: dict[str, Any]
) -> None:
    new = {"id": "museum", "source": {"kind": "published"}, **fields}
    backend.add_workspace()
    for method, path, document in (
        ("POST", "/api/v1/workspaces", new),
        ("PATCH", LIBRARY, fields),
    ):
        answer = backend.ask(method, path, document=document)
        assert (answer.status, answer.problem["code"]) == (400, "request.invalid")
