"""The items that `workspace.toml` declares: models, MCP servers, HTTP tools."""

from collections.abc import Mapping
from typing import Any

import msgspec

from yoi_bundle.authoring.dialects.native.workspace_toml import (
    HttpToolForm,
    ModelForm,
    ServerForm,
    ValueForm,
    WorkspaceReading,
    make_credential,
)
from yoi_bundle.authoring.drafts.diagnostics import Diagnostics, Place, show_path
from yoi_bundle.authoring.drafts.draft import (
    NO_CONTRIBUTION,
    Contribution,
    HttpToolDraft,
    ServerDraft,
    SourceFile,
)
from yoi_bundle.authoring.formats.form import GUIDE
from yoi_bundle.authoring.source.tree import WORKSPACE_FILE
from yoi_bundle.identifiers import encode_segment
from yoi_bundle.manifest import (
    Argument,
    BundleModel,
    HostModel,
    HostParameter,
    HostServer,
    HttpServer,
    HttpTool,
    LiteralValue,
    Model,
    SecretRef,
    StdioServer,
    Transport,
    Value,
)

_Written = str | int | bool | ValueForm


def make_models(
    forms: Mapping[str, ModelForm], lines: Mapping[tuple[str, ...], int], diagnostics: Diagnostics
) -> dict[str, Model]:
    """Give the manifest's form of `[models]`; one that is neither here nor the host's is an error."""
    models: dict[str, Model] = {}
    for name, form in forms.items():
        model = _make_model(form)
        if model is None:
            message = f"`models.{name}`: needs `provider` and `model`, or `host`, and not both"
            _report(diagnostics, lines.get(("models", name), 0), message)
        else:
            models[encode_segment(name)] = model
    return models


def read_workspace_tools(reading: WorkspaceReading, files: Mapping[str, SourceFile]) -> Contribution:
    """Give `[tools.mcp]` and `[tools.http]` as drafts.

    Args:
        reading: The file, read.
        files: All files by path, for `input_schema`.
    """
    if reading.form is None:
        return NO_CONTRIBUTION
    servers: list[ServerDraft] = []
    http_tools: list[HttpToolDraft] = []
    diagnostics = Diagnostics()
    for name, form in reading.form.tools.mcp.items():
        line = reading.lines.get(("tools", "mcp", name), 0)
        transport = _make_transport(form)
        if transport is None:
            message = f"`tools.mcp.{name}`: needs just one of `command`, `url` and `host`"
            _report(diagnostics, line, message)
            continue
        servers.append(
            ServerDraft(
                path=WORKSPACE_FILE,
                dialect="yoi",
                local_name=name,
                transport=transport,
                line=line,
                title=form.title,
                description=form.description,
                exposes=None
                if form.exposes is None
                else tuple(encode_segment(tool) for tool in form.exposes),
            )
        )
    for name, tool in reading.form.tools.http.items():
        line = reading.lines.get(("tools", "http", name), 0)
        schema, fault = _find_schema(tool, files)
        if fault:
            _report(diagnostics, line, f"`tools.http.{name}.input_schema`: {fault}")
            continue
        http_tools.append(
            HttpToolDraft(
                path=WORKSPACE_FILE,
                local_name=name,
                tool=_make_http_tool(tool),
                line=line,
                input_schema=schema,
            )
        )
    return Contribution(
        servers=tuple(servers), http_tools=tuple(http_tools), diagnostics=diagnostics.collect()
    )


def list_schema_files(reading: WorkspaceReading) -> frozenset[str]:
    """Return the paths of files that `[tools.http]` refers to."""
    if reading.form is None:
        return frozenset()
    named = (tool.input_schema for tool in reading.form.tools.http.values())
    return frozenset(f".yoi/{path}" for path in named if path is not None)


def _make_model(form: ModelForm) -> Model | None:
    if form.host is not None:
        if form.provider is not None or form.model is not None:
            return None
        return HostModel(alias=form.host, title=form.title, description=form.description)
    if form.provider is None or form.model is None:
        return None
    return BundleModel(
        provider=form.provider,
        model=form.model,
        parameters=form.parameters,
        credential=None if form.credential is None else make_credential(form.credential),
        endpoint=form.endpoint,
        title=form.title,
        description=form.description,
    )


def _make_transport(form: ServerForm) -> Transport | None:
    if [form.command is None, form.url is None, form.host is None].count(False) != 1:
        return None
    if form.command is not None:
        return StdioServer(
            command=form.command,
            args=tuple(_make_argument(written) for written in form.args),
            env=_make_values(form.env),
        )
    if form.url is not None:
        protocol: Any = form.protocol
        return HttpServer(
            url=form.url,
            protocol=protocol,
            headers=_make_values(form.headers),
            query=_make_values(form.query),
        )
    return HostServer(name=encode_segment(form.host or ""))


def _make_http_tool(form: HttpToolForm) -> HttpTool:
    method: Any = form.method
    return HttpTool(
        url=form.url,
        method=method,
        headers=_make_values(form.headers),
        query=_make_values(form.query),
        title=form.title,
        description=form.description,
    )


def _make_values(written: Mapping[str, _Written]) -> dict[str, Value]:
    return {name: _make_value(value) for name, value in written.items()}


def _make_argument(written: _Written) -> Argument:
    flag = written.flag if isinstance(written, ValueForm) else ""
    return Argument(value=_make_value(written), flag=flag)


def _make_value(written: _Written) -> Value:
    match written:
        case ValueForm(secret=str() as name, prefix=prefix):
            known: Any = prefix
            return SecretRef(name=name, prefix=known)
        case ValueForm(parameter=str() as name):
            return HostParameter(name=name)
        case ValueForm(literal=literal):
            return LiteralValue(value=literal or "")
        case bool():
            return LiteralValue(value="true" if written else "false")
        case _:
            return LiteralValue(value=str(written))


def _find_schema(form: HttpToolForm, files: Mapping[str, SourceFile]) -> tuple[bytes | None, str]:
    """Return the schema's bytes, when there is one, and what is wrong with it."""
    if form.input_schema is None:
        return None, ""
    path = f".yoi/{form.input_schema}"
    file = files.get(path)
    if file is None:
        return None, f"there is no file {show_path(path)}"
    try:
        msgspec.json.decode(file.data)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None, f"{show_path(path)} is not JSON"
    return file.data, ""


def _report(diagnostics: Diagnostics, line: int, message: str) -> None:
    diagnostics.report("error", "form.invalid", Place(WORKSPACE_FILE, line), message, GUIDE)
