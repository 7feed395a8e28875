"""Parser of host policy files: strict, with file, line and remedy for each thing that is wrong."""

import os
import re
import stat
from dataclasses import KW_ONLY
from itertools import pairwise
from pathlib import Path

import msgspec

from worker_runtime.host.policy.bindings import (
    Expectation,
    HostBindings,
    HostPolicyDocument,
    ServerLaunch,
    WorkspaceGrant,
)
from worker_runtime.host.policy.form import LaunchForm, PluginForm, PolicyForm, ServerForm, WorkspaceForm
from worker_runtime.host.policy.host_policy import (
    CommandGrant,
    HostPolicy,
    LaunchGrant,
    PluginGrant,
    SecretGrant,
    ServerGrant,
)
from yoi_bundle.authoring.formats.toml_document import TomlDocument, read_toml
from yoi_bundle.diagnostics import Diagnostic, sort_diagnostics
from yoi_bundle.error_fields import Local, Many
from yoi_bundle.faults import find_type_faults
from yoi_bundle.manifest import Policy, Rule, compute_rule_id
from yoi_bundle.rule_text import RuleMisfitError, RuleTextError, parse_rule
from yoi_wire.errors import RequestInvalidError

_WORKSPACE = re.compile(r"^\s*\[\[\s*workspace\s*\]\]", re.MULTILINE)
_INDEX = re.compile(r"/workspace/(\d+)")


class PolicyLines:
    """Lines, from 1, of the places in a file that parsed."""

    def __init__(self, data: bytes, document: TomlDocument) -> None:
        self._text = data.decode("utf-8")
        self._whole = document
        starts = [match.start() for match in _WORKSPACE.finditer(self._text)]
        bounds = [*starts, len(self._text)]
        self._parts = [self._parse(start, end) for start, end in pairwise(bounds)]

    def find(self, pointer: str) -> int:
        """Return the line of the nearest place at or above a pointer; 0 when there is none."""
        index = _INDEX.match(pointer)
        part = None
        if index is not None and int(index[1]) < len(self._parts):
            part = self._parts[int(index[1])]
        document = part or self._whole
        steps = tuple(step for step in pointer.split("/")[1:] if not step.isdigit())
        # A table that stands only in the headers of those below it has no line of its own.
        below = [line for key, line in document.lines.items() if key[: len(steps)] == steps]
        return min(below) if below and steps else document.find_line(pointer)

    def find_text(self, pointer: str, text: str) -> int:
        """Return the first line at or below a place that holds a text; the place's own when none does."""
        line = self.find(pointer)
        rows = self._text.split("\n")
        return next((number for number in range(line, len(rows) + 1) if text in rows[number - 1]), line)

    def _parse(self, start: int, end: int) -> TomlDocument | None:
        """Parse one workspace alone, with as many empty lines before it as it has lines above."""
        above = self._text.count("\n", 0, start)
        found = read_toml(
            ("\n" * above + self._text[start:end]).encode(), "policy", max_bytes=MAX_POLICY_BYTES
        )
        return found if isinstance(found, TomlDocument) else None


MAX_POLICY_BYTES = 1024 * 1024
_SECRET = re.compile(r"\$\{secret:([A-Za-z_][A-Za-z0-9_.-]*)\}")


class HostPolicyInvalidError(RequestInvalidError):
    """The file is not a host policy; nothing of it applies.

    Attributes:
        diagnostics: Everything that is wrong with it.
    """

    _: KW_ONLY
    message: Local[str] = ""
    field: Local[str] = ""
    diagnostics: Many[Diagnostic]

    def __post_init__(self) -> None:
        first = self.diagnostics[0]
        more = f" (and {len(self.diagnostics) - 1} more)" if len(self.diagnostics) > 1 else ""
        self.field = f"{first.file}:{first.line}"
        self.message = f"{first.message}{more}"


def load_host_policy(path: Path) -> HostPolicyDocument:
    """Read a host policy file, strictly (S-10).

    Args:
        path: Relative mount paths in it start from its directory.

    Raises:
        HostPolicyInvalidError: With every fault; file names in it are without their directories. Also when others than
            its owner may write the file or its directory: whoever may, decides what this host grants.
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        _verify_permissions(path, os.fstat(file.fileno()))
        data = file.read(MAX_POLICY_BYTES + 1)
    return parse_host_policy(data, file=path.name, directory=path.parent)


def _verify_permissions(path: Path, status: os.stat_result) -> None:
    directory = path.resolve().parent
    above = directory.stat()
    # In a sticky directory, such as /tmp, nobody can put another file in the place of somebody else's.
    loose = 0 if above.st_mode & stat.S_ISVTX else above.st_mode & 0o022
    owners = {0, os.geteuid()}
    found = []
    if status.st_uid not in owners or above.st_uid not in owners:
        found.append(
            ("the file or its directory belongs to another user", "chown it to the user of the Runtime")
        )
    if status.st_mode & 0o022:
        found.append(("others may write the file", "chmod go-w it"))
    if loose:
        found.append(("others may write the directory of the file", "chmod go-w the directory"))
    if found:
        faults = tuple(_fault(path.name, 0, message, remedy) for message, remedy in found)
        raise HostPolicyInvalidError(diagnostics=faults)


def parse_host_policy(data: bytes, *, file: str, directory: Path) -> HostPolicyDocument:
    """Read a host policy from bytes.

    Args:
        data: UTF-8 TOML.
        file: Name for diagnostics.
        directory: What relative mount paths start from.

    Raises:
        HostPolicyInvalidError: With every fault.
    """
    if len(data) > MAX_POLICY_BYTES:
        raise HostPolicyInvalidError(diagnostics=(_fault(file, 0, "a host policy of more than 1 MiB"),))
    document = read_toml(data, file, max_bytes=MAX_POLICY_BYTES)
    if isinstance(document, Diagnostic):
        raise HostPolicyInvalidError(diagnostics=(document,))
    lines = PolicyLines(data, document)
    try:
        form = msgspec.convert(document.values, PolicyForm)
    except (msgspec.ValidationError, ValueError) as error:
        faults = find_type_faults(document.values, PolicyForm)
        diagnostics = [
            _fault(
                file,
                lines.find(fault.pointer),
                f"{_write_key(fault.pointer)}: {fault.message}",
                fault.remedy,
                fault.pointer,
            )
            for fault in faults
        ] or [_fault(file, 0, str(error).replace("`", "'"))]
        raise HostPolicyInvalidError(diagnostics=tuple(sort_diagnostics(diagnostics))) from None
    return _make_document(form, file, directory, lines)


def _make_document(form: PolicyForm, file: str, directory: Path, lines: PolicyLines) -> HostPolicyDocument:
    faults: list[Diagnostic] = []
    grants: list[WorkspaceGrant] = []
    seen: set[tuple[str, str]] = set()
    for index, workspace in enumerate(form.workspace):
        pointer = f"/workspace/{index}"
        if (workspace.issuer, workspace.id) in seen:
            faults.append(_fault(file, lines.find(pointer), "this issuer and workspace stand here twice"))
        seen.add((workspace.issuer, workspace.id))
        rules, rule_faults = _read_rules(workspace, pointer, file, lines)
        faults += rule_faults
        faults += _check_references(workspace, pointer, file, lines)
        grants.append(
            WorkspaceGrant(
                issuer=workspace.issuer,
                workspace=workspace.id,
                policy=_make_policy(workspace, rules),
                bindings=_make_bindings(workspace, directory),
                pointer=pointer,
                expectations=tuple(
                    Expectation(
                        call=one.call,
                        verdict=one.verdict,
                        line=lines.find_text(f"{pointer}/expect", one.call),
                    )
                    for one in workspace.expect
                ),
            )
        )
    if faults:
        raise HostPolicyInvalidError(diagnostics=tuple(sort_diagnostics(faults)))
    return HostPolicyDocument(grants=tuple(grants))


def _read_rules(
    form: WorkspaceForm, pointer: str, file: str, lines: PolicyLines
) -> tuple[dict[str, Rule], list[Diagnostic]]:
    rules: dict[str, Rule] = {}
    faults: list[Diagnostic] = []
    for text in form.tools.rules:
        try:
            rule = parse_rule(text)
        except RuleTextError as error:
            line = lines.find_text(f"{pointer}/tools/rules", text)
            never = isinstance(error, RuleMisfitError)
            fault = _fault(file, line, f"tools.rules: {error}", "write it as `allow file.read`")
            faults.append(msgspec.structs.replace(fault, rule="rule.never_matches") if never else fault)
        else:
            rules[compute_rule_id(rule)] = rule
    return rules, faults


def _check_references(form: WorkspaceForm, pointer: str, file: str, lines: PolicyLines) -> list[Diagnostic]:
    """A name that leads nowhere would grant less than the operator thinks."""
    faults: list[Diagnostic] = []
    if form.default_model is not None and form.default_model not in form.models:
        line = lines.find(f"{pointer}/default_model")
        faults.append(_fault(file, line, "default_model: no such alias under models"))
    known = {f"model:{name}" for name in form.endpoints}
    known |= {f"command:{name}" for name in form.commands}
    known |= {f"plugin:{one.id}@{one.version}@{one.digest}" for one in form.plugins}
    for name, consumers in form.secrets.items():
        for consumer in consumers:
            origin = consumer.removeprefix("origin:")
            if consumer not in known and not (origin != consumer and origin in form.origins):
                line = lines.find(f"{pointer}/secrets/{name}")
                message = f"secrets.{name}: this policy grants no {consumer.partition('@')[0]}"
                faults.append(_fault(file, line, message, "grant the consumer too, or correct its name"))
    for name, server in form.servers.items():
        if bool(server.command) == bool(server.url):
            line = lines.find(f"{pointer}/servers/{name}")
            faults.append(_fault(file, line, f"servers.{name}: give a command or a url, and not both"))
    return faults


def _make_policy(form: WorkspaceForm, rules: dict[str, Rule]) -> HostPolicy:
    return HostPolicy(
        bundle_required=form.bundle_required,
        assigned_only=form.assigned_only,
        on_narrowing=form.on_narrowing,
        recheck_text=form.recheck_text,
        secrets={name: SecretGrant(to=frozenset(to)) for name, to in form.secrets.items()},
        mounts={name: mount.access for name, mount in form.mounts.items()},
        network=frozenset(form.network),
        host=frozenset(form.host),
        endpoints={name: endpoint.make_grant() for name, endpoint in form.endpoints.items()},
        models={name: model.make_grant() for name, model in form.models.items()},
        default_model=form.default_model,
        commands={
            name: CommandGrant(
                command=one.command,
                args=one.args,
                further_args=one.further_args,
                env=frozenset(one.env),
            )
            for name, one in form.commands.items()
        },
        origins=frozenset(form.origins),
        servers={name: ServerGrant(secrets=_find_secrets(one)) for name, one in form.servers.items()},
        parameters=frozenset(form.parameters),
        plugins=tuple(_make_plugin(one) for one in form.plugins),
        tools=Policy(default=form.tools.default, rules=rules),
        limits=form.limits,
    )


def _make_plugin(form: PluginForm) -> PluginGrant:
    return PluginGrant(
        id=form.id,
        version=form.version,
        digest=form.digest,
        surfaces=frozenset(form.surfaces),
        permissions=frozenset(form.permissions),
        servers={path: _make_launch(one) for path, one in form.servers.items()},
    )


def _make_launch(form: LaunchForm) -> LaunchGrant:
    return LaunchGrant(args=form.args, further_args=form.further_args, env=frozenset(form.env))


def _make_bindings(form: WorkspaceForm, directory: Path) -> HostBindings:
    return HostBindings(
        mounts={name: str((directory / mount.path).absolute()) for name, mount in form.mounts.items()},
        parameters=dict(form.parameters),
        servers={
            name: ServerLaunch(
                command=one.command, args=one.args, env=one.env, url=one.url, headers=one.headers
            )
            for name, one in form.servers.items()
        },
    )


def _find_secrets(form: ServerForm) -> frozenset[str]:
    texts = (*form.args, *form.env.values(), *form.headers.values())
    return frozenset(name for text in texts for name in _SECRET.findall(text))


def _write_key(pointer: str) -> str:
    return pointer.removeprefix("/").replace("/", ".") or "the file"


def _fault(file: str, line: int, message: str, remedy: str = "", pointer: str = "") -> Diagnostic:
    return Diagnostic(
        severity="error",
        rule="policy.invalid",
        file=file,
        line=line,
        pointer=pointer,
        message=message,
        remedy=remedy or "see docs/guides/host-policy.md",
    )
