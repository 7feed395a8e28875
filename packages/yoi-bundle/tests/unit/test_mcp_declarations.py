"""MCP servers: every server a draft or an error of its own; no credential and no host path gets through."""

import json
import random
from typing import Any

import pytest

from support.bundles.secret_tokens import BASE62, draw
from yoi_bundle.authoring.dialects.mcp.mcp_json import read_mcp_json
from yoi_bundle.authoring.drafts.draft import Contribution, SourceFile
from yoi_bundle.manifest import (
    Argument,
    HostParameter,
    HttpServer,
    LiteralValue,
    PluginPath,
    SecretRef,
    StdioServer,
    Transport,
)

pytestmark = pytest.mark.req("B-07", "B-08", "B-14")


def read(document: object) -> Contribution:
    return read_mcp_json(SourceFile(path=".mcp.json", data=json.dumps(document, indent=1).encode()))


def read_one(declaration: dict[str, Any], **beside: Any) -> tuple[Transport | None, list[str]]:
    found = read({"mcpServers": {"store": declaration}, **beside})
    rules = [one.rule for one in found.diagnostics]
    return (found.servers[0].transport if found.servers else None), rules


def read_stdio(declaration: dict[str, Any]) -> StdioServer:
    transport, rules = read_one({"command": "npx", **declaration})
    assert isinstance(transport, StdioServer), rules
    return transport


def read_http(declaration: dict[str, Any]) -> HttpServer:
    transport, rules = read_one({"url": "https://mcp.example.com/v1", **declaration})
    assert isinstance(transport, HttpServer), rules
    return transport


@pytest.mark.parametrize(
    "document",
    [
        {"mcpServers": {"a": {"command": "npx"}, "b": {"url": "https://b.example.com"}}},
        {
            "servers": {"a": {"command": "npx"}, "b": {"type": "http", "url": "https://b.example.com"}},
            "inputs": [],
        },
        {"a": {"command": "npx"}, "b": {"url": "https://b.example.com"}},
    ],
)
def test_servers_are_found_in_each_shape_of_the_file(document: object) -> None:
    found = read(document)
    assert [server.local_name for server in found.servers] == ["a", "b"]
    assert all(server.line > 1 for server in found.servers)
    assert found.diagnostics == ()


@pytest.mark.parametrize(
    "document", [[], 3, {}, {"mcpServers": []}, {"a": {"x": 1}}, {"a": 1, "b": {"command": "x"}}]
)
def test_a_file_without_servers_is_an_error(document: object) -> None:
    found = read(document)
    assert found.servers == ()
    assert [one.severity for one in found.diagnostics] == ["error"]


def test_a_faulty_server_hides_no_other() -> None:
    found = read(
        {"mcpServers": {"bad": {"command": "/opt/x"}, "good": {"command": "npx"}, "worse": 3, "odd": {}}}
    )
    assert [server.local_name for server in found.servers] == ["good"]
    errors = [one for one in found.diagnostics if one.severity == "error"]
    assert [
        next(name for name in ("bad", "worse", "odd") if f"`{name}`" in one.message) for one in errors
    ] == [
        "bad",
        "worse",
        "odd",
    ]
    assert all(one.line > 1 and one.remedy for one in errors)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("<your-api-key>", SecretRef(name="store-api-key")),
        ("your_api_key", SecretRef(name="store-api-key")),
        ("", SecretRef(name="store-api-key")),
        ("${SEARCH_API_KEY}", SecretRef(name="SEARCH_API_KEY")),
        ("${SEARCH_API_KEY:-none}", SecretRef(name="SEARCH_API_KEY")),
        ("${{ secrets.SEARCH }}", SecretRef(name="SEARCH")),
        ("COPILOT_MCP_SEARCH_TOKEN", SecretRef(name="COPILOT_MCP_SEARCH_TOKEN")),
        ("Bearer ${SEARCH_TOKEN}", SecretRef(name="SEARCH_TOKEN", prefix="Bearer ")),
    ],
)
def test_a_placeholder_of_a_credential_becomes_a_secret_ref(written: str, value: SecretRef) -> None:
    transport, rules = read_one({"command": "npx", "env": {"API_KEY": written}})
    assert isinstance(transport, StdioServer)
    assert transport.env == {"API_KEY": value}
    assert rules == ["mcp.placeholder"]


def test_a_ref_with_a_general_name_carries_the_servers() -> None:
    document = {
        name: {"url": "https://x.example.com", "headers": {"Authorization": "Bearer <TOKEN>"}}
        for name in ("one", "two")
    }
    refs = [
        server.transport.headers["Authorization"]
        for server in read(document).servers
        if isinstance(server.transport, HttpServer)
    ]
    assert refs == [
        SecretRef(name="one-authorization", prefix="Bearer "),
        SecretRef(name="two-authorization", prefix="Bearer "),
    ]


def test_other_placeholders_become_host_parameters() -> None:
    server = read_stdio(
        {
            "args": ["--directory", "/path/to/data", "--region=${REGION}"],
            "env": {"SITE_URL": "<your-site-url>"},
        }
    )
    assert server.args == (
        Argument(value=LiteralValue(value="--directory")),
        Argument(value=HostParameter(name="store-directory")),
        Argument(flag="--region=", value=HostParameter(name="REGION")),
    )
    assert server.env == {"SITE_URL": HostParameter(name="site-url")}


def test_an_input_of_the_editor_is_a_secret_when_it_is_a_password() -> None:
    declaration = {"command": "npx", "env": {"A": "${input:one}", "B": "${input:two}"}}
    inputs = [{"id": "one", "password": True}, {"id": "two"}]
    transport, _ = read_one(declaration, inputs=inputs)
    assert isinstance(transport, StdioServer)
    assert transport.env == {"A": SecretRef(name="one"), "B": HostParameter(name="two")}


def test_a_flag_and_its_value_are_told_apart() -> None:
    server = read_stdio(
        {
            "args": [
                "-y",
                "@example/tool@1.2",
                "--api-token=your-token",
                "--mode=fast",
                "--token",
                "YOUR_TOKEN",
            ]
        }
    )
    assert [argument.flag for argument in server.args] == ["", "", "--api-token=", "--mode=", "", ""]
    assert server.args[2].value == SecretRef(name="store-api-token")
    assert server.args[3].value == LiteralValue(value="fast")
    assert server.args[5].value == SecretRef(name="store-token")


def test_a_containers_environment_is_said_as_environment() -> None:
    transport, _ = read_one(
        {"command": "docker", "args": ["run", "-e", "DB_TOKEN=${DB_TOKEN}", "-e", "MODE=fast", "image"]}
    )
    assert isinstance(transport, StdioServer)
    assert transport.env == {"DB_TOKEN": SecretRef(name="DB_TOKEN"), "MODE": LiteralValue(value="fast")}
    assert [argument.value for argument in transport.args] == [
        LiteralValue(value=word) for word in ("run", "-e", "DB_TOKEN", "-e", "MODE", "image")
    ]


def test_a_plugins_own_places_are_typed() -> None:
    server = read_stdio(
        {
            "command": "${CLAUDE_PLUGIN_ROOT}/bin/serve",
            "args": ["--db=${PLUGIN_DATA}/a b.db"],
            "env": {"HOME_DIR": "${PLUGIN_DATA}"},
            "cwd": "${PLUGIN_ROOT}",
        }
    )
    assert server.command == PluginPath(base="root", path="bin/serve")
    assert server.args == (Argument(flag="--db=", value=PluginPath(base="data", path="a%20b.db")),)
    assert server.env == {"HOME_DIR": PluginPath(base="data")}
    assert server.cwd == PluginPath(base="root")
    assert read_stdio({"command": "./bin/serve"}).command == PluginPath(base="root", path="bin/serve")


@pytest.mark.parametrize(
    ("declaration", "rule"),
    [
        ({"command": "/usr/bin/tool"}, "mcp.command_path"),
        ({"command": "C:\\tools\\x.exe"}, "mcp.command_path"),
        ({"command": "npx tool"}, "mcp.command_words"),
        ({"command": "${PLUGIN_ROOT}/../x"}, "mcp.command_path"),
        ({"url": "https://b.example.com", "headers": {"X-At": "${PLUGIN_DATA}/x"}}, "mcp.host_place"),
        ({"url": "https://b.example.com?at=${PLUGIN_ROOT}"}, "mcp.host_place"),
        ({"command": ""}, "mcp.value_malformed"),
        ({"command": "npx", "args": "x"}, "mcp.value_malformed"),
        ({"command": "npx", "args": [["x"]]}, "mcp.value_malformed"),
        ({"command": "npx", "args": ["~/notes"]}, "mcp.host_place"),
        ({"command": "npx", "env": {"DIR": "/srv/data"}}, "mcp.host_place"),
        ({"command": "npx", "env": {"A B": "x"}}, "mcp.name_malformed"),
        ({"command": "npx", "cwd": "/srv"}, "mcp.host_place"),
        ({"url": "https://user:word@example.com/"}, "mcp.url_userinfo"),
        ({"url": "https://{host}/mcp"}, "mcp.url_malformed"),
        ({"url": "https://example.com/#x"}, "mcp.url_malformed"),
        ({"url": "ftp://example.com/"}, "mcp.url_malformed"),
        ({"url": "https://[::1"}, "mcp.url_malformed"),
        ({"url": "https://example.com/?a=1&a=2"}, "mcp.url_malformed"),
        ({"type": "ws", "url": "https://example.com"}, "mcp.transport_unknown"),
        ({"command": "npx", "url": "https://example.com"}, "mcp.transport_unknown"),
        ({"command": "npx", "disabledTools": ["drop"]}, "mcp.restriction_unsaid"),
        ({"command": "npx", "tools": ["get_*"]}, "mcp.restriction_unsaid"),
        ({"command": "npx", "tools": {"a": 1}}, "mcp.restriction_unsaid"),
    ],
)
def test_what_cannot_be_said_is_an_error_with_a_remedy(declaration: dict[str, Any], rule: str) -> None:
    found = read({"mcpServers": {"store": declaration}})
    assert found.servers == ()
    (fault,) = (one for one in found.diagnostics if one.severity == "error")
    assert fault.rule == rule
    assert fault.line > 1 and fault.remedy


@pytest.mark.parametrize("place", ["env", "args", "flag", "headers", "query", "default"])
def test_a_literal_credential_is_refused_with_the_ref_to_write_and_never_shown(place: str) -> None:
    token = draw(random.Random(place), BASE62, 40)
    declarations: dict[str, dict[str, Any]] = {
        "env": {"command": "npx", "env": {"API_KEY": token}},
        "args": {"command": "npx", "args": [token]},
        "flag": {"command": "npx", "args": [f"--token={token}"]},
        "headers": {"url": "https://example.com", "headers": {"Authorization": f"Bearer {token}"}},
        "query": {"url": f"https://example.com/?key={token}"},
        "default": {"command": "npx", "env": {"API_KEY": "${API_KEY:-" + token + "}"}},
    }
    found = read({"mcpServers": {"store": declarations[place]}})
    assert token not in repr(found)
    if place == "default":
        assert found.servers[0].transport == StdioServer(
            command="npx", env={"API_KEY": SecretRef(name="API_KEY")}
        )
    else:
        assert found.servers == ()
        assert "${" in found.diagnostics[0].remedy


def test_a_url_gives_its_query_as_typed_fields() -> None:
    server = read_http({"url": "HTTPS://MCP.Example.com/Path?token=YOUR_TOKEN&pro=1"})
    assert server.url == "https://mcp.example.com/Path"
    assert server.query == {"token": SecretRef(name="store-token"), "pro": LiteralValue(value="1")}


@pytest.mark.parametrize(
    ("declaration", "protocol"),
    [
        ({"type": "http"}, "streamable-http"),
        ({"type": "streamable-http"}, "streamable-http"),
        ({"type": "sse"}, "sse"),
        ({}, "streamable-http"),
        ({"url": "https://example.com/sse"}, "sse"),
    ],
)
def test_the_protocol_follows_the_type(declaration: dict[str, Any], protocol: str) -> None:
    assert read_http(declaration).protocol == protocol


def test_a_list_of_tools_is_what_the_server_exposes_and_an_asterisk_is_all() -> None:
    found = read(
        {
            "a": {"command": "x", "tools": ["get", "set it"]},
            "b": {"command": "x", "tools": ["*"]},
            "c": {"command": "x", "tools": []},
        }
    )
    assert [server.exposes for server in found.servers] == [("get", "set%20it"), None, ()]


def test_unknown_keys_are_reported_by_name_and_left_out() -> None:
    found = read(
        {
            "mcpServers": {
                "store": {"command": "x", "descrption": "y", "autoApprove": ["z"], "headersHelper": "w"}
            },
            "author": "x",
        }
    )
    assert len(found.servers) == 1
    assert [(one.rule, one.line) for one in found.diagnostics] == [
        ("mcp.unmapped_key", 12),
        ("mcp.unmapped_key", 5),
        ("mcp.approval_left_out", 6),
        ("mcp.secret_helper", 9),
    ]


def test_a_server_that_is_switched_off_stays_out() -> None:
    found = read(
        {
            "a": {"command": "x", "disabled": True},
            "b": {"command": "x", "enabled": False},
            "c": {"command": "x", "disabled": False},
        }
    )
    assert [server.local_name for server in found.servers] == ["c"]
    assert [one.rule for one in found.diagnostics] == ["mcp.disabled", "mcp.disabled"]


def test_agent_plugins_take_plain_http_on_loopback_only() -> None:
    def read_agent_plugin_server(url: str) -> Contribution:
        schema = "https://agent-plugins.org/schemas/1.0.0/mcp.schema.json"
        return read({"$schema": schema, "mcpServers": {"a": {"type": "streamable-http", "url": url}}})

    assert [server.dialect for server in read_agent_plugin_server("http://localhost:80/x").servers] == [
        "agent-plugins"
    ]
    assert read_agent_plugin_server("https://example.com").servers
    assert [one.rule for one in read_agent_plugin_server("http://example.com").diagnostics] == [
        "mcp.url_malformed"
    ]


@pytest.mark.parametrize(
    "url",
    [
        "${BASE:-https://api.example.com}/mcp",
        "https://api.example.com/${TENANT}/mcp",
        "https://{tenant}.example.com/mcp",
        "https://<your-host>/mcp",
        "https://$HOST/mcp",
    ],
)
def test_a_placeholder_in_host_or_path_is_said_to_be_one(url: str) -> None:
    found = read({"mcpServers": {"store": {"url": url}}})
    assert found.servers == ()
    [one] = found.diagnostics
    assert one.rule == "mcp.url_malformed"
    assert "placeholder" in one.message


@pytest.mark.parametrize("url", ["", "  "])
def test_a_server_with_an_empty_address_is_left_out_with_an_info(url: str) -> None:
    found = read({"mcpServers": {"store": {"type": "http", "url": url}}})
    assert found.servers == ()
    assert [(one.severity, one.rule) for one in found.diagnostics] == [("info", "mcp.disabled")]


@pytest.mark.parametrize(
    ("switch", "stays"),
    [
        ({"disabled": "true"}, False),
        ({"disabled": "True"}, False),
        ({"disabled": 1}, False),
        ({"disabled": "sometimes"}, False),
        ({"enabled": "false"}, False),
        ({"enabled": 0}, False),
        ({"disabled": "false"}, True),
        ({"disabled": False, "enabled": True}, True),
        ({"disabled": None, "enabled": None}, True),
    ],
)
def test_a_switch_in_words_switches_too(switch: dict[str, Any], *, stays: bool) -> None:
    transport, _ = read_one({"command": "npx", **switch})
    assert (transport is not None) is stays


@pytest.mark.parametrize("words", [["/c"], ["/C"], ["/d", "/s", "/c"]])
@pytest.mark.parametrize("command", ["cmd", "cmd.exe", "CMD"])
def test_the_windows_shell_before_a_program_is_left_out(command: str, words: list[str]) -> None:
    transport, rules = read_one({"command": command, "args": [*words, "npx", "-y", "pkg"]})
    assert isinstance(transport, StdioServer)
    assert transport.command == "npx"
    assert [one.value for one in transport.args] == [LiteralValue(value="-y"), LiteralValue(value="pkg")]
    assert rules == ["mcp.shell_left_out"]


def test_comments_are_of_the_format_in_an_editors_folder_and_lines_stay_right() -> None:
    text = """{ // the editor's
  /* two
     lines */
  "servers": {
    "a": {"url": "https://example.com//x", "type": "http", "timeout": 1,},
    "b": {"command": "a b"}, // last
  },
}"""
    data = text.encode()
    found = read_mcp_json(SourceFile(path=".vscode/mcp.json", data=data))
    assert [one.local_name for one in found.servers] == ["a"]
    assert [one.line for one in found.diagnostics if one.rule == "mcp.command_words"] == [6]
    elsewhere = read_mcp_json(SourceFile(path=".mcp.json", data=data))
    assert [one.rule for one in elsewhere.diagnostics] == ["json.comment"]
