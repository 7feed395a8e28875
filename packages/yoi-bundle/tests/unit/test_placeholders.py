import pytest

from yoi_bundle.boundary.placeholders import Placeholder, find_placeholder


def _secret(name: str, prefix: str = "") -> Placeholder:
    return Placeholder(kind="secret", name=name, prefix=prefix)  # type: ignore[arg-type]


def _parameter(name: str) -> Placeholder:
    return Placeholder(kind="parameter", name=name)


@pytest.mark.req("B-08")
@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("${SEARCH_TOKEN}", "", _secret("SEARCH_TOKEN")),
        ("${REGION}", "", _parameter("REGION")),
        ("${REGION:-eu}", "API_KEY", _secret("REGION")),
        ("$REGION", "", _parameter("REGION")),
        ("${input:api-key}", "", _secret("api-key")),
        ("${input:folder}", "", _parameter("folder")),
        ("${env:REGION}", "", _parameter("REGION")),
        ("${{ secrets.DEPLOY }}", "", _secret("DEPLOY")),
        ("${{ vars.REGION }}", "API_KEY", _parameter("REGION")),
        ("${user_config.limit}", "", _parameter("limit")),
        ("{env:API_KEY}", "", _secret("API_KEY")),
        ("<your-api-key>", "", _secret("api-key")),
        ("<your-region>", "REGION", _parameter("region")),
        ("your_stripe_secret_key_here", "STRIPE_KEY", _secret("stripe-key")),
        ("your_search_api_token", "-t", _secret("search-api-token")),
        ("YOUR-API-KEY", "", _secret("api-key")),
        ("YOUR_TOKEN", "", _secret("token")),
        ("xxxxx", "API_KEY", _secret("api-key")),
        ("xxx…", "REGION", _parameter("region")),
        ("ntn_****", "NOTION", _secret("notion")),
        ("...", "PASSWORD", _secret("password")),
        ("", "PASSWORD", _secret("password")),
        ("postgresql://user:password@localhost/db", "STORE", _secret("store")),
        ("Bearer ${TOKEN}", "Authorization", _secret("TOKEN", "Bearer ")),
        ("Bearer <token>", "Authorization", _secret("authorization", "Bearer ")),
        ("Basic ${USER}:${PASSWORD}", "Authorization", _secret("authorization", "Basic ")),
        ("https://${HOST}/mcp", "", _parameter("host")),
    ],
)
def test_a_placeholder_becomes_a_ref_with_a_name(text: str, name: str, expected: Placeholder) -> None:
    assert find_placeholder(text, name=name) == expected


@pytest.mark.req("B-08")
@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("read-only", "MODE"),
        ("", "LOG_LEVEL"),
        ("https://example.com/mcp", ""),
        ("my-server", "NAME"),
        ("yourself", "NAME"),
        ("${PLUGIN_ROOT}/run.py", ""),
        ("${CLAUDE_PLUGIN_ROOT}", ""),
        ("${PLUGIN_DATA}", ""),
        ("--token=${TOKEN}", ""),
        ("-y", ""),
        ("1.2.3", ""),
        ("@scope/name@latest", ""),
        ("example", ""),
    ],
)
def test_what_is_a_value_or_has_a_type_of_its_own_is_no_placeholder(text: str, name: str) -> None:
    assert find_placeholder(text, name=name) is None
