"""Who is let in, and what a caller that is not learns: nothing (K-09, R-07)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.hostile.raw_http import RawAnswer, ask
from support.runtime.forged_tokens import build_claims, build_header, sign
from support.runtime.rest_under_test import RestUnderTest
from support.runtime.runtime_under_test import build_caller
from worker_runtime.contract.caller import Caller, Scope
from worker_runtime.rest.authentication import LocalTokenAuthenticator, TokenAuthenticator
from worker_runtime.trust.identity import create_identity
from worker_runtime.trust.local_token import LOCAL_TOKEN_PREFIX, create_local_token
from worker_runtime.trust.trust_store import TRUST_FILE, TrustStore
from yoi_wire.errors import UnauthenticatedError

pytestmark = pytest.mark.req("K-09")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RestUnderTest]:
    under_test = RestUnderTest(tmp_path / "data")
    yield under_test
    under_test.close()


def _ask(server: RestUnderTest, authorization: str | None, path: str = "/v1/workers") -> RawAnswer:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer: RawAnswer = server.run(ask(server.socket, "GET", path, headers=headers))
    return answer


def _forge(server: RestUnderTest, *, header: dict[str, Any] | None = None, **claims: Any) -> str:
    key = server.identities["main"].active
    honest = {"aud": server.audience, "scope": "runtime:read", **claims}
    return sign(
        build_header(key, **(header or {})), build_claims(server.clock.now(), **honest), key.private_key
    )


def test_an_honest_token_is_taken(server: RestUnderTest) -> None:
    assert _ask(server, f"Bearer {_forge(server)}").status == 200
    assert _ask(server, f"bearer {_forge(server)}").status == 200


def test_what_proves_nothing_is_401_and_every_time_the_same(
    server: RestUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="worker_runtime")
    now = server.clock.now() // 1000
    stranger = create_identity(server.directory / "stranger.json", issuer="stranger").active
    unsigned = _forge(server, header={"alg": "none"})
    foreign = sign(
        build_header(stranger),
        build_claims(server.clock.now(), aud=server.audience),
        stranger.private_key,
    )
    tried = {
        None: "malformed",
        "Basic eDp4": "malformed",
        "Bearer": "malformed",
        "Bearer x": "malformed",
        f"Bearer {unsigned}": "algorithm",
        f"Bearer {unsigned.rpartition('.')[0]}.": "malformed",
        f"Bearer {foreign}": "unknown_key",
        f"Bearer {_forge(server, aud='another')}": "audience",
        f"Bearer {_forge(server, iss='other')}": "issuer",
        f"Bearer {_forge(server, iat=now - 400, exp=now - 100)}": "expired",
        f"Bearer {_forge(server, iat=now + 60, exp=now + 100)}": "from_the_future",
        f"Bearer {_forge(server, exp=now + 301)}": "lifetime",
        f"Bearer {_forge(server)[:-4]}AAAA": "signature",
        f"Bearer {LOCAL_TOKEN_PREFIX}{'A' * 43}": "malformed",
    }
    bodies = set()
    for authorization in tried:
        answer = _ask(server, authorization)
        assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
        bodies.add(answer.body.replace(answer.headers["yoi-request-id"].encode(), b""))
    assert len(bodies) == 1
    logged = [record.facts["reason"] for record in caplog.records if record.message == "refused"]  # type: ignore[attr-defined]
    assert logged == list(tried.values())


def _build_bad_tokens(server: RestUnderTest) -> dict[str, tuple[str, str]]:
    """Return case → a token that is wrong in this one point, and the word that the log has for it."""
    now = server.clock.now() // 1000
    wrong_key = create_identity(server.directory / "wrong.json", issuer="main").active
    claims = {**build_claims(server.clock.now(), aud=server.audience, scope="runtime:read")}
    known = build_header(server.identities["main"].active)
    cases: dict[str, tuple[str, str]] = {
        f"without {name}": (_forge(server, **{name: None}), "claims")
        for name in ("iss", "aud", "iat", "exp", "jti", "scope", "workspaces")
    }
    cases |= {f"without {name}": (_forge(server, header={name: None}), "header") for name in known}
    cases |= {
        "another key under a known name": (sign(known, claims, wrong_key.private_key), "signature"),
        "a key that it brings itself": (
            sign({**build_header(wrong_key), "jwk": {"kty": "OKP"}}, claims, wrong_key.private_key),
            "header",
        ),
        "alg none in capitals": (_forge(server, header={"alg": "None"}), "algorithm"),
        "alg HS256": (_forge(server, header={"alg": "HS256"}), "algorithm"),
        "alg EdDSA": (_forge(server, header={"alg": "EdDSA"}), "algorithm"),
        "a critical extension": (_forge(server, header={"crit": ["b64"], "b64": False}), "header"),
        "of another type": (_forge(server, header={"typ": "JWT"}), "header"),
        "two audiences": (_forge(server, aud=[server.audience, "another"]), "claims"),
        "an unknown claim": (_forge(server, admin=True), "claims"),
        "over thirty seconds ahead": (_forge(server, iat=now + 31, exp=now + 60), "from_the_future"),
        "over thirty seconds ended": (_forge(server, iat=now - 90, exp=now - 30), "expired"),
        "of no time": (_forge(server, iat=now, exp=now), "lifetime"),
        "ended before it began": (_forge(server, iat=now, exp=now - 1), "lifetime"),
        "over five minutes": (_forge(server, iat=now, exp=now + 301), "lifetime"),
        "of sixteen kilobytes": ("A" * 16_384, "too_long"),
        "junk": ("\xff\xfe", "malformed"),
    }
    return cases


def test_each_claim_and_member_counts_and_only_the_log_says_which(
    server: RestUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="worker_runtime")
    cases = _build_bad_tokens(server)
    bodies = set()
    for token, _ in cases.values():
        answer = _ask(server, f"Bearer {token}")
        bodies.add((answer.status, answer.body.replace(answer.headers["yoi-request-id"].encode(), b"")))
    assert {status for status, _ in bodies} == {401}
    assert len(bodies) == 1
    logged = [record.facts["reason"] for record in caplog.records if record.message == "refused"]  # type: ignore[attr-defined]
    assert dict(zip(cases, logged, strict=True)) == {case: reason for case, (_, reason) in cases.items()}


def test_clocks_may_differ_by_thirty_seconds(server: RestUnderTest) -> None:
    now = server.clock.now() // 1000
    for claims in ({"iat": now + 30, "exp": now + 60}, {"iat": now - 90, "exp": now - 29}):
        assert _ask(server, f"Bearer {_forge(server, **claims)}").status == 200


def test_a_genuine_token_that_asks_for_too_much_is_403_and_not_told_why(server: RestUnderTest) -> None:
    for claims in ({"workspaces": ["library", "vault"]}, {"scope": "runtime:read host:root"}):
        answer = _ask(server, f"Bearer {_forge(server, **claims)}")
        assert (answer.status, answer.problem["details"]) == (403, {})


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        ("runtime:read", "GET", "/v1/runtime"),
        ("bundles:read", "GET", "/v1/config-bundles"),
        ("bundles:read", "GET", "/v1/assignments/library"),
        ("bundles:write", "DELETE", "/v1/assignments/library?generation=1"),
        ("runtime:read", "GET", "/v1/workers"),
        ("workers:control", "POST", "/v1/workers/w/stop"),
    ],
)
def test_a_token_opens_what_its_scope_says_and_nothing_else(
    server: RestUnderTest, scope: Scope, method: str, path: str
) -> None:
    others: list[Scope] = ["runtime:read", "bundles:read", "bundles:write", "workers:create"]
    others.append("workers:control")
    for given in others:
        caller = build_caller(kind="remote", scopes=frozenset({given}))
        headers = server.credentials.build_headers(caller)
        answer = server.run(ask(server.socket, method, path, headers=headers))
        assert (answer.status == 403) is (given != scope)


def test_a_revoked_key_opens_nothing_from_the_next_request_on(server: RestUnderTest) -> None:
    token = _forge(server)
    assert _ask(server, f"Bearer {token}").status == 200
    TrustStore(server.directory / TRUST_FILE).revoke(server.identities["main"].active.key_id)
    assert _ask(server, f"Bearer {token}").status == 401


@pytest.mark.req("R-09")
def test_nothing_of_a_body_is_looked_at_before_its_sender_is_known(server: RestUnderTest) -> None:
    answer = server.run(
        ask(server.socket, "PUT", f"/v1/config-bundles/sha256:{'0' * 64}", pieces=[b"junk"] * 10)
    )
    assert answer.status == 401


def _build_local(server: RestUnderTest, trust: TrustStore) -> tuple[LocalTokenAuthenticator, str]:
    async def get_audience() -> str:
        return server.audience

    async def list_workspaces() -> tuple[str, ...]:
        return ("known",)

    token = create_local_token(server.directory / "local-token")
    authenticator = LocalTokenAuthenticator(
        token,
        signed=TokenAuthenticator(trust, get_audience=get_audience, clock=server.clock),
        requires_key=trust.requires_key,
        list_workspaces=list_workspaces,
    )
    return authenticator, token


def test_the_local_token_stands_for_the_hosts_operator_until_a_key_is_trusted_and_never_again(
    server: RestUnderTest, tmp_path: Path
) -> None:
    trust = TrustStore(tmp_path / "no-keys.json")
    authenticator, token = _build_local(server, trust)

    def authenticate(credentials: str, workspaces: frozenset[str] | None = None) -> Caller:
        caller: Caller = server.run(authenticator.authenticate(credentials, workspaces))
        return caller

    known = authenticate(token)
    assert (known.kind, known.issuer, known.workspaces) == ("local", "local", {"known"})
    assert authenticate(token, frozenset({"library"})).workspaces == {"library"}
    with pytest.raises(UnauthenticatedError):
        authenticate(f"{token[:-1]}-")
    key = trust.add(
        issuer="main",
        public_key=server.identities["main"].active.public_key,
        workspaces=["library"],
        added_at="2026-01-31T12:00:00Z",
    )
    with pytest.raises(UnauthenticatedError):
        authenticate(token)
    assert authenticate(_forge(server)).kind == "remote"
    assert trust.revoke(key)
    for credentials in (token, _forge(server)):
        with pytest.raises(UnauthenticatedError):
            authenticate(credentials)
    later, _ = _build_local(server, TrustStore(tmp_path / "no-keys.json"))
    with pytest.raises(UnauthenticatedError):
        server.run(later.authenticate(token, None))


def test_a_signed_token_names_its_own_workspaces(server: RestUnderTest) -> None:
    headers = {"Authorization": f"Bearer {_forge(server)}", "Yoi-Workspaces": "library,museum"}
    answer = server.run(ask(server.socket, "GET", "/v1/workers?workspace=museum", headers=headers))
    assert (answer.status, answer.problem["details"]) == (403, {"workspace": "museum"})
