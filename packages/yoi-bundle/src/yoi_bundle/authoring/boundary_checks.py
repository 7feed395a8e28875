"""B-07 to B-09 over everything that would enter a bundle: every string, key, file name and blob."""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain

from msgspec import Struct

from yoi_bundle.authoring.assembly.assemble import Assembly
from yoi_bundle.authoring.assembly.item_pointers import ItemPointers
from yoi_bundle.authoring.assembly.ledger import BlobUse, ItemKey
from yoi_bundle.authoring.dialects.native.workspace_toml import AllowForm
from yoi_bundle.authoring.source.walk import show_path
from yoi_bundle.authoring.source.workspace_path import WORKSPACE_FILE
from yoi_bundle.boundary.allowances import (
    MIN_KEY_CHARACTERS,
    Allowance,
    JudgedFinding,
    apply_allowances,
    list_unused_allowances,
)
from yoi_bundle.boundary.file_names import find_forbidden_name
from yoi_bundle.boundary.free_json import find_free_json_faults
from yoi_bundle.boundary.hidden_text import find_hidden_text
from yoi_bundle.boundary.host_places import find_host_paths_in_prose
from yoi_bundle.boundary.manifest_texts import ManifestTexts, list_texts
from yoi_bundle.boundary.scanner import SecretFinding, SecretScanner
from yoi_bundle.boundary.uncertain_findings import find_boundary_warnings
from yoi_bundle.diagnostics import Diagnostic, Severity
from yoi_bundle.limits import Limits
from yoi_bundle.media_types import FREE_JSON_MEDIA_TYPE, PLUGIN_PACKAGE_MEDIA_TYPE, TEXT_MEDIA_TYPES

_FIELDS = "fields"
_REVOKE = "take it out and revoke it; write a secret ref where a credential is needed"


class Finding(Struct, frozen=True):
    """A diagnostic, and the items that it is about; none means the bundle as a whole."""

    diagnostic: Diagnostic
    items: tuple[ItemKey, ...] = ()


class _Text(Struct, frozen=True):
    """Bytes to look at; line 1 of them is line `first_line` of the file."""

    data: bytes
    file: str
    first_line: int
    items: tuple[ItemKey, ...]
    scanned_only: bool = False


def check_boundaries(
    assembly: Assembly,
    *,
    sources: Mapping[str, bytes],
    scanner: SecretScanner,
    allow: AllowForm,
    limits: Limits,
) -> list[Finding]:
    """Return what the boundary says of an assembly, beyond what `verify_manifest` says of its fields.

    Args:
        assembly: The first of a build; later ones only have less.
        sources: The files' bytes by path.
        scanner: Looks for credentials.
        allow: Reviewed false alarms.
        limits: For free JSON.
    """
    blobs = list(_list_blobs(assembly, sources))
    findings = [finding for text in blobs if not text.scanned_only for finding in _check_text(text)]
    findings.extend(_check_free_json(assembly, limits))
    findings.extend(_check_names(assembly))
    texts = list_texts(assembly.manifest)
    findings.extend(_check_fields(assembly, texts))
    findings.extend(_check_secrets(blobs, _Fields(assembly, sources, texts), sources, scanner, allow))
    return findings


def _list_blobs(assembly: Assembly, sources: Mapping[str, bytes]) -> Iterator[_Text]:
    """Yield each blob once, and the files of a package instead of the package."""
    ledger = assembly.ledger
    for digest, uses in ledger.uses.items():
        if uses[0].media_type == PLUGIN_PACKAGE_MEDIA_TYPE:
            continue
        items = tuple(dict.fromkeys(use.item for use in uses))
        textual = any(use.media_type in TEXT_MEDIA_TYPES for use in uses)
        place = uses[0].place
        yield _Text(ledger.blobs[digest], place.file, place.line, items, not textual)
    for item, paths in ledger.package_files.items():
        for path in paths:
            yield _Text(sources[path], path, 1, (item,))


class _Fields:
    """The manifest's keys and strings, and where they stand in the files."""

    def __init__(
        self, assembly: Assembly, sources: Mapping[str, bytes], texts: list[tuple[str, str]]
    ) -> None:
        self._pointers = ItemPointers(assembly.ledger)
        self._sources = sources
        self._texts = ManifestTexts(texts)
        self.data = self._texts.data

    def find_texts(self, line: int) -> Iterator[_Text]:
        """Yield the key or string of a line at each place where it stands; its own line, as far as it is found there."""
        pointers, text, within = self._texts.locate(line)
        data = text.encode()
        for pointer in pointers:
            place = self._pointers.find_place(pointer)
            whole = self._sources.get(place.file, b"")
            start = whole.find(data)
            first_line = whole.count(b"\n", 0, start) + 1 if start > 0 else max(place.line, 1)
            yield _Text(data, place.file, first_line + within - 1, self._pointers.find_items(pointer), True)


def _check_text(text: _Text) -> Iterator[Finding]:
    if not text.data.isascii():
        for hidden in find_hidden_text(text.data.decode("utf-8", "replace")):
            yield _find(
                text,
                hidden.line,
                "error" if hidden.refused else "warning",
                rule="bundle.hidden_text" if hidden.refused else "text.invisible",
                message=f"a character that does not show: {hidden.code_point} in column {hidden.column}",
                remedy="take it out",
            )
    for place in find_host_paths_in_prose(text.data):
        yield _find(
            text,
            place.line,
            "warning",
            rule="text.host_place",
            message=f"a place on somebody's host: {place.kind}",
            remedy="say it without the place of one person's files",
        )


def _check_free_json(assembly: Assembly, limits: Limits) -> Iterator[Finding]:
    for digest, uses in assembly.ledger.uses.items():
        if uses[0].media_type != FREE_JSON_MEDIA_TYPE:
            continue
        for fault in find_free_json_faults(assembly.ledger.blobs[digest], place="", limits=limits):
            yield from (_find_use(use, fault.code, fault.message, fault.remedy) for use in uses[:1])


def _find_use(use: BlobUse, rule: str, message: str, remedy: str) -> Finding:
    diagnostic = Diagnostic(
        severity="error",
        rule=rule,
        file=show_path(use.place.file),
        line=use.place.line,
        message=f"free JSON: {message}",
        remedy=remedy or "see docs/guides/authoring.md",
    )
    return Finding(diagnostic, (use.item,))


def _check_names(assembly: Assembly) -> Iterator[Finding]:
    ledger = assembly.ledger
    files: dict[str, dict[ItemKey, None]] = {}
    for uses in ledger.uses.values():
        for use in uses:
            files.setdefault(use.place.file, {})[use.item] = None
    for item, paths in ledger.package_files.items():
        for path in paths:
            files.setdefault(path, {})[item] = None
    for path, items in sorted(files.items()):
        kind = find_forbidden_name(path)
        if kind is not None:
            text = _Text(b"", path, 0, tuple(items))
            message = f"the name of {kind}; such a file never enters a bundle"
            remedy = "take it out of the workspace, or exclude it in workspace.toml"
            yield _find(text, 1, "error", rule="bundle.secret_value", message=message, remedy=remedy)


def _check_fields(assembly: Assembly, texts: list[tuple[str, str]]) -> Iterator[Finding]:
    """Say what in fields is worth a warning; refusals come from `verify_manifest`."""
    pointers = ItemPointers(assembly.ledger)
    rules = {
        "bundle.hidden_text": "text.invisible",
        "bundle.host_value": "text.host_place",
        "bundle.secret_value": "secret.doubtful",
    }
    for fault in find_boundary_warnings(texts):
        place = pointers.find_place(fault.pointer)
        yield Finding(
            Diagnostic(
                severity="warning",
                rule=rules[fault.code],
                file=show_path(place.file),
                line=place.line,
                pointer=fault.pointer,
                message=fault.message,
                remedy=fault.remedy,
            )
        )


def _check_secrets(
    texts: list[_Text],
    fields: _Fields,
    sources: Mapping[str, bytes],
    scanner: SecretScanner,
    allow: AllowForm,
) -> Iterator[Finding]:
    numbered = ((str(number), text.data) for number, text in enumerate(texts))
    items: dict[SecretFinding, dict[ItemKey, None]] = {}
    for one in scanner.scan(chain(numbered, [(_FIELDS, fields.data)])):
        if one.place == _FIELDS:
            places = [(text, text.first_line) for text in fields.find_texts(one.line)]
        else:
            text = texts[int(one.place)]
            places = [(text, text.first_line + one.line - 1)]
        for text, line in places:
            moved = SecretFinding(place=text.file, line=line, rule=one.rule, doubtful=one.doubtful)
            items.setdefault(moved, {}).update(dict.fromkeys(text.items))
    if allow.findings and len(allow.key) < MIN_KEY_CHARACTERS:
        message = f"`allow.key` has fewer than {MIN_KEY_CHARACTERS} characters"
        remedy = "write a random text of that length"
        yield Finding(
            Diagnostic(
                severity="error", rule="form.invalid", file=WORKSPACE_FILE, message=message, remedy=remedy
            )
        )
        return
    allowances = [Allowance(rule=one.rule, file=one.file, line_hash=one.line_hash) for one in allow.findings]
    key = allow.key if len(allow.key) >= MIN_KEY_CHARACTERS else ""
    judged = apply_allowances(sorted(items), allowances, key=key, read_line=_make_line_reader(sources))
    for verdict in judged:
        yield _judge(verdict, tuple(items[verdict.finding]))
    for unused in list_unused_allowances(judged, allowances):
        message = f"an allowance for {show_path(unused.file)} ({unused.rule}) covers nothing"
        yield Finding(
            Diagnostic(
                severity="warning",
                rule="allow.unused",
                file=WORKSPACE_FILE,
                message=message,
                remedy="take it out",
            )
        )


def _judge(verdict: JudgedFinding, items: tuple[ItemKey, ...]) -> Finding:
    finding = verdict.finding
    rule = "bundle.secret_value" if verdict.refused else "secret.doubtful"
    if verdict.allowed:
        rule = "secret.allowed"
    hint = f"; to allow a reviewed false alarm: line_hash {verdict.line_hash}" if verdict.line_hash else ""
    diagnostic = Diagnostic(
        severity="error" if verdict.refused else "warning",
        rule=rule,
        file=show_path(finding.place),
        line=finding.line,
        message=f"looks like a credential ({finding.rule}){'; allowed' if verdict.allowed else ''}",
        remedy=_REVOKE + hint,
    )
    return Finding(diagnostic, items if verdict.refused else ())


def _make_line_reader(sources: Mapping[str, bytes]) -> Callable[[str, int], bytes]:
    split: dict[str, list[bytes]] = {}

    def read_line(file: str, line: int) -> bytes:
        if file not in split:
            split[file] = sources.get(file, b"").split(b"\n")
        lines = split[file]
        return lines[line - 1] if 0 < line <= len(lines) else b""

    return read_line


def _find(text: _Text, line: int, severity: Severity, *, rule: str, message: str, remedy: str) -> Finding:
    diagnostic = Diagnostic(
        severity=severity,
        rule=rule,
        file=show_path(text.file),
        line=text.first_line + line - 1,
        message=message,
        remedy=remedy,
    )
    return Finding(diagnostic, text.items if severity == "error" else ())
