"""`.yoi/workspace.toml` and the native files: strict, with lines."""

import pytest

from support.bundles.source_trees import build_files, get_manifest, list_rules
from yoi_bundle.authoring.dialects.native.workspace_toml import read_workspace_toml
from yoi_bundle.authoring.drafts.draft import SourceFile
from yoi_bundle.diagnostics import Diagnostic
from yoi_bundle.manifest import (
    BundleModel,
    HostModel,
    HostParameter,
    HostServer,
    HttpTool,
    LiteralValue,
    McpServer,
    Member,
    SecretRef,
    StdioServer,
)

pytestmark = pytest.mark.req("B-14")


def read(text: str) -> tuple[Diagnostic, ...]:
    return read_workspace_toml(SourceFile(path=".yoi/workspace.toml", data=text.encode())).diagnostics


def test_every_fault_has_its_line() -> None:
    faults = read(
        'id = "Bad Id"\nnonsense = 1\n[models.fast]\nprovider = 3\n[[allow.findings]]\nrule = "x"\n'
    )
    assert [(one.rule, one.line) for one in faults] == [
        ("form.invalid", 1),
        ("form.invalid", 2),
        ("form.invalid", 4),
        ("form.invalid", 5),
        ("form.invalid", 5),
    ]
    assert all(one.remedy and one.severity == "error" for one in faults)


@pytest.mark.parametrize(("data", "line"), [("a = 1\nb =\n", 2), ("a = 1\na = 2\n", 2), ("[[[", 1)])
def test_what_is_no_toml_is_refused_with_its_line(data: str, line: int) -> None:
    assert [(one.rule, one.line) for one in read(data)] == [("toml.malformed", line)]


def test_bytes_that_are_not_utf8_are_refused() -> None:
    reading = read_workspace_toml(SourceFile(path=".yoi/workspace.toml", data=b"# ok\n# \xff\n"))
    assert [(one.rule, one.line) for one in reading.diagnostics] == [("toml.malformed", 2)]


@pytest.mark.req("B-01")
def test_decimal_numbers_become_text() -> None:
    result = build_files(
        {
            ".yoi/workspace.toml": '[models.m]\nprovider="p"\nmodel="x"\nparameters={temperature=0.20, n=3, on=true}\n'
        }
    )
    model = get_manifest(result).models["m"]
    assert isinstance(model, BundleModel)
    assert model.parameters == {"temperature": "0.20", "n": 3, "on": True}


@pytest.mark.req("B-04")
def test_declarations_become_items() -> None:
    manifest = get_manifest(
        build_files(
            {
                ".yoi/workspace.toml": """
id = "lab"
[project]
title = "研究室"
[language]
reply = "ja"
[models.house]
host = "sonnet"
[models.desk]
provider = "anthropic"
model = "m-1"
credential = { secret = "MODEL_TOKEN", prefix = "Bearer " }
[tools.mcp.git]
command = "uvx"
args = ["mcp-git", 3, { flag = "--region=", parameter = "REGION" }]
env = { TOKEN = { secret = "GIT_TOKEN" }, VERBOSE = true }
exposes = ["log"]
[tools.mcp.calendar]
host = "calendar"
[tools.http.hours]
url = "https://opac.example/hours"
input_schema = "tools/hours.json"
""",
                ".yoi/tools/hours.json": '{"type": "object"}',
            }
        )
    )
    assert (manifest.workspace, manifest.project.title, manifest.language.reply) == ("lab", "研究室", "ja")
    assert isinstance(manifest.models["house"], HostModel)
    desk = manifest.models["desk"]
    assert isinstance(desk, BundleModel)
    assert desk.credential == SecretRef(name="MODEL_TOKEN", prefix="Bearer ")
    git = manifest.tools["mcp:git"]
    assert isinstance(git, McpServer)
    assert isinstance(git.transport, StdioServer)
    assert [argument.value for argument in git.transport.args] == [
        LiteralValue(value="mcp-git"),
        LiteralValue(value="3"),
        HostParameter(name="REGION"),
    ]
    assert git.transport.env == {"TOKEN": SecretRef(name="GIT_TOKEN"), "VERBOSE": LiteralValue(value="true")}
    assert git.exposes == {"log": Member()}
    calendar = manifest.tools["mcp:calendar"]
    assert isinstance(calendar, McpServer)
    assert calendar.transport == HostServer(name="calendar")
    hours = manifest.tools["http:hours"]
    assert isinstance(hours, HttpTool)
    assert hours.input_schema is not None


@pytest.mark.parametrize(
    "text",
    [
        '[models.m]\nprovider = "p"\n',
        '[models.m]\nhost = "a"\nmodel = "x"\n',
        '[tools.mcp.a]\ncommand = "x"\nurl = "https://x.example"\n',
        '[tools.mcp.a]\ntitle = "x"\n',
        '[tools.http.a]\nurl = "https://x.example"\ninput_schema = "tools/missing.json"\n',
    ],
)
def test_a_declaration_that_says_too_little_or_too_much_is_an_error(text: str) -> None:
    result = build_files({".yoi/workspace.toml": text})
    assert result.bundle is None
    assert list_rules(result) == [("form.invalid", ".yoi/workspace.toml")]


def test_a_workspace_file_at_fault_refuses_even_a_lenient_build_because_its_policies_are_unknown() -> None:
    files = {".yoi/workspace.toml": "policies = 3", "agents/a.md": "---\nname: a\n---\nHelp.\n"}
    assert build_files(files, lenient=True).bundle is None


def test_the_workspace_id_comes_from_the_file_then_the_caller_then_is_local() -> None:
    assert build_files({}).workspace == "local"
    assert build_files({}, workspace="mine").workspace == "mine"
    assert build_files({".yoi/workspace.toml": 'id = "said"'}, workspace="mine").workspace == "said"
    assert list_rules(build_files({}, workspace="No Id")) == [("workspace.bad_id", ".yoi/workspace.toml")]


def test_excluded_files_are_not_read_and_have_their_line() -> None:
    files = {
        ".yoi/workspace.toml": '[source]\nexclude = ["vendor", "*.draft.md"]\n',
        "vendor/agents/a.md": "---\nname: a\n---\n",
        "agents/b.draft.md": "---\nname: b\n---\n",
        "agents/c.md": "---\nname: c\n---\nHelp.\n",
    }
    result = build_files(files)
    assert list(get_manifest(result).profiles) == ["agents/c"]
    assert [(one.file, one.rule) for one in result.files.left_out] == [
        ("agents/b.draft.md", "source.excluded"),
        ("vendor/agents/a.md", "source.excluded"),
    ]


def test_an_unquoted_rule_that_yaml_takes_for_a_table_says_to_quote_it() -> None:
    result = build_files({".yoi/profiles/a.md": "---\ntools:\n  - file.read(path: docs)\n---\nHelp.\n"})
    (fault,) = [one for one in result.diagnostics if one.severity == "error"]
    assert (fault.rule, fault.line) == ("form.invalid", 2)
    assert "quotes" in fault.remedy


def test_native_policies_are_toml_or_yaml() -> None:
    manifest = get_manifest(
        build_files(
            {
                ".yoi/policies/a.toml": 'default = "ask"\nrules = ["deny shell.run"]\n',
                ".yoi/policies/b.yaml": "rules:\n  - allow file.read(path:docs/**)\n",
            }
        )
    )
    assert manifest.policies["a"].default == "ask"
    assert manifest.policies["b"].default == "deny"
    assert [rule.effect for rule in manifest.policies["b"].rules.values()] == ["allow"]


@pytest.mark.parametrize(
    ("path", "text", "rule"),
    [
        (".yoi/policies/a.yaml", "a: &x 1\nb: *x\n", "yaml.malformed"),
        (".yoi/policies/a.yaml", "rules: 3\n", "form.invalid"),
        (".yoi/policies/a.toml", "rules = [", "toml.malformed"),
        (".yoi/policies/a.toml", 'rules = ["allow Read"]', "rule.malformed"),
        (".yoi/profiles/a.md", "---\ntools: [Read]\n---\n", "tool.malformed"),
        (".yoi/profiles/a.md", "---\ntools: [file.shred]\n---\n", "tool.malformed"),
        (".yoi/profiles/a.md", "---\nnonsense: 1\n---\n", "form.invalid"),
        (".yoi/prompts/a.md", "---\nnonsense: 1\n---\n", "form.invalid"),
        (
            ".yoi/workflows/a.md",
            f"---\nurl: https://x.example/a\ndigest: sha256:{'0' * 64}\n---\ntext\n",
            "workflow.two_bodies",
        ),
    ],
)
def test_a_native_file_at_fault_is_refused(path: str, text: str, rule: str) -> None:
    assert (rule, path) in list_rules(build_files({path: text}))


@pytest.mark.req("B-06")
def test_a_workflow_may_be_a_reference_and_then_needs_a_feature() -> None:
    text = f"---\nurl: https://x.example/a.md\ndigest: sha256:{'0' * 64}\n---\n"
    workflow = get_manifest(build_files({".yoi/workflows/a.md": text})).workflows["a"]
    assert list(workflow.features) == ["workflow.reference"]


@pytest.mark.req("B-06")
def test_a_number_of_thousands_of_digits_is_a_diagnostic() -> None:
    (remark,) = read(f"id = {'9' * 5000}\n")
    assert (remark.severity, remark.rule) == ("error", "toml.malformed")


@pytest.mark.req("B-06")
@pytest.mark.parametrize("value", ["", "1", "true", "[[x]]", "{a: 1}", "3.5", "2020-01-01"])
def test_a_tool_list_of_a_native_profile_that_is_no_list_is_a_diagnostic(value: str) -> None:
    result = build_files({".yoi/profiles/a.md": f"---\ntools: {value}\n---\nHelp.\n"}, lenient=True)
    assert list_rules(result) == [("form.invalid", ".yoi/profiles/a.md")]
    assert dict(get_manifest(result).profiles) == {}
