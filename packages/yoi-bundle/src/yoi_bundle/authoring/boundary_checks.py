"""Boundary checks, B-07 to B-09, over everything that would enter a bundle: every string, key, file name and blob."""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain

from msgspec import Struct
from msgspec.structs import replace

from yoi_bundle.authoring.assembly.assemble import Assembly
from yoi_bundle.authoring.assembly.ledger import ItemKey, ItemPointers, Ledger
from yoi_bundle.authoring.dialects.native.workspace_toml import AllowForm
from yoi_bundle.authoring.drafts.diagnostics import Place, show_path
from yoi_bundle.authoring.formats.form import GUIDE
from yoi_bundle.authoring.source.tree import WORKSPACE_FILE
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
from yoi_bundle.boundary.line_counter import MAX_FINDINGS
from yoi_bundle.boundary.manifest_texts import ManifestTexts, list_texts
from yoi_bundle.boundary.scanner import MORE_FINDINGS, SecretFinding, SecretScanner
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


def make_finding(
    severity: Severity,
    rule: str,
    place: Place,
    message: str,
    remedy: str,
    *,
    items: tuple[ItemKey, ...] = (),
    pointer: str = "",
) -> Finding:
    diagnostic = Diagnostic(
        severity=severity,
        rule=rule,
        file=place.file,
        line=place.line,
        pointer=pointer,
        message=message,
        remedy=remedy,
    )
    return Finding(diagnostic, items)


class _Text(Struct, frozen=True):
    """Bytes to look at; line 1 of them is line `first_line` of the file.

    Attributes:
        copies: Further files with the same bytes, and the line of their first one; each has lines of its own.
    """

    data: bytes
    file: str
    first_line: int
    items: tuple[ItemKey, ...]
    scanned_only: bool = False
    copies: tuple[Place, ...] = ()


def check_boundaries(
    assembly: Assembly, *, scanner: SecretScanner, allow: AllowForm, limits: Limits
) -> list[Finding]:
    """Return what the boundary says of an assembly, beyond what `verify_manifest` says of its fields.

    Args:
        assembly: The first of a build; later ones only have less.
        scanner: Looks for credentials.
        allow: Reviewed false alarms.
        limits: For free JSON.
    """
    sources = assembly.ledger.sources
    blobs = list(_list_blobs(assembly.ledger))
    findings = [finding for text in blobs if not text.scanned_only for finding in _check_text(text)]
    findings.extend(_check_free_json(assembly.ledger, limits))
    findings.extend(_check_names(assembly.ledger))
    texts = list_texts(assembly.manifest)
    findings.extend(_check_fields(assembly.ledger, texts))
    findings.extend(_check_secrets(blobs, _Fields(assembly.ledger, texts), sources, scanner, allow))
    return findings


def _list_blobs(ledger: Ledger) -> Iterator[_Text]:
    """Yield each blob once, and the files of a package instead of the package."""
    for digest, uses in ledger.uses.items():
        if uses[0].media_type == PLUGIN_PACKAGE_MEDIA_TYPE:
            continue
        items = tuple(dict.fromkeys(use.item for use in uses))
        textual = any(use.media_type in TEXT_MEDIA_TYPES for use in uses)
        place = uses[0].place
        copies = tuple(dict.fromkeys(use.place for use in uses if use.place != place))
        yield _Text(ledger.blobs[digest], place.file, place.line, items, not textual, copies)
    for item, paths in ledger.package_files.items():
        for path in paths:
            yield _Text(ledger.sources[path], path, 1, (item,))


class _Fields:
    """The manifest's keys and strings, and where they stand in the files."""

    def __init__(self, ledger: Ledger, texts: list[tuple[str, str]]) -> None:
        self._pointers = ItemPointers(ledger)
        self._sources = ledger.sources
        self._texts = ManifestTexts(texts)
        self._found: dict[tuple[str, bytes], int] = {}
        self.data = self._texts.data

    def find_texts(self, line: int) -> Iterator[_Text]:
        """Yield the key or string of a line at each place where it stands; its own line, as far as it is found there."""
        pointers, text, within = self._texts.locate(line)
        data = text.encode()
        for pointer in pointers:
            place = self._pointers.find_place(pointer)
            first_line = self._find_line(place.file, data) or max(place.line, 1)
            yield _Text(data, place.file, first_line + within - 1, self._pointers.find_items(pointer), True)

    def _find_line(self, file: str, data: bytes) -> int:
        """Return the line of a text in a file, or 0; of too many, nothing is looked for: each look reads a whole file."""
        known = self._found.get((file, data))
        if known is not None:
            return known
        if len(self._found) >= MAX_FINDINGS:
            return 0
        whole = self._sources.get(file, b"")
        start = whole.find(data)
        line = whole.count(b"\n", 0, start) + 1 if start > 0 else 0
        self._found[file, data] = line
        return line


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


def _check_free_json(ledger: Ledger, limits: Limits) -> Iterator[Finding]:
    for digest, uses in ledger.uses.items():
        if uses[0].media_type != FREE_JSON_MEDIA_TYPE:
            continue
        for fault in find_free_json_faults(ledger.blobs[digest], place="", limits=limits):
            message, remedy = f"free JSON: {fault.message}", fault.remedy or GUIDE
            yield make_finding("error", fault.code, uses[0].place, message, remedy, items=(uses[0].item,))


def _check_names(ledger: Ledger) -> Iterator[Finding]:
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
            message = f"the name of {kind}; such a file never enters a bundle"
            remedy = "take it out of the workspace, or exclude it in workspace.toml"
            yield make_finding(
                "error", "bundle.secret_value", Place(path), message, remedy, items=tuple(items)
            )


def _check_fields(ledger: Ledger, texts: list[tuple[str, str]]) -> Iterator[Finding]:
    """Say what in fields is worth a warning; refusals come from `verify_manifest`."""
    pointers = ItemPointers(ledger)
    rules = {
        "bundle.hidden_text": "text.invisible",
        "bundle.host_value": "text.host_place",
        "bundle.secret_value": "secret.doubtful",
    }
    for fault in find_boundary_warnings(texts):
        place = pointers.find_place(fault.pointer)
        yield make_finding(
            "warning", rules[fault.code], place, fault.message, fault.remedy, pointer=fault.pointer
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
    full: dict[SecretFinding, dict[ItemKey, None]] = {}
    for finding in scanner.scan(chain(numbered, [(_FIELDS, fields.data)])):
        if finding.place == _FIELDS:
            places = [(text, text.first_line) for text in fields.find_texts(finding.line)]
        else:
            text = texts[int(finding.place)]
            places = [(text, text.first_line + finding.line - 1)]
            places.extend(
                (replace(text, file=copy.file), copy.line + finding.line - 1) for copy in text.copies
            )
        for text, line in places:
            moved = replace(finding, place=text.file, line=line)
            said = full if finding.rule == MORE_FINDINGS else items
            said.setdefault(moved, {}).update(dict.fromkeys(text.items))
            if finding.place == _FIELDS and finding.rule == MORE_FINDINGS:
                # Which items the findings that are not said are about is unknown: so it is all of them.
                full[moved] = {}
    for finding, about in full.items():
        message = f"more than {MAX_FINDINGS} lines look like credentials; the first ones are listed"
        place = Place(finding.place, finding.line)
        yield make_finding("error", "limit.exceeded", place, message, _REVOKE, items=tuple(about))
    if allow.findings and len(allow.key) < MIN_KEY_CHARACTERS:
        message = f"`allow.key` has fewer than {MIN_KEY_CHARACTERS} characters"
        remedy = "write a random text of that length"
        yield make_finding("error", "form.invalid", Place(WORKSPACE_FILE), message, remedy)
        return
    allowances = [
        Allowance(rule=form.rule, file=form.file, line_hash=form.line_hash) for form in allow.findings
    ]
    key = allow.key if len(allow.key) >= MIN_KEY_CHARACTERS else ""
    judged = apply_allowances(sorted(items), allowances, key=key, read_line=_make_line_reader(sources))
    for verdict in judged:
        yield _judge(verdict, tuple(items[verdict.finding]))
    for unused in list_unused_allowances(judged, allowances):
        message = f"an allowance for {show_path(unused.file)} ({unused.rule}) covers nothing"
        yield make_finding("warning", "allow.unused", Place(WORKSPACE_FILE), message, "take it out")


def _judge(verdict: JudgedFinding, items: tuple[ItemKey, ...]) -> Finding:
    finding = verdict.finding
    place = Place(finding.place, finding.line)
    message = f"looks like a credential ({finding.rule})"
    remedy = _REVOKE
    if verdict.line_hash:
        remedy += f"; to allow a reviewed false alarm: line_hash {verdict.line_hash}"
    if verdict.refused:
        return make_finding("error", "bundle.secret_value", place, message, remedy, items=items)
    if verdict.allowed:
        return make_finding("warning", "secret.allowed", place, f"{message}; allowed", remedy)
    return make_finding("warning", "secret.doubtful", place, message, remedy)


def _make_line_reader(sources: Mapping[str, bytes]) -> Callable[[str, int], bytes]:
    split: dict[str, list[bytes]] = {}

    def read_line(file: str, line: int) -> bytes:
        if file not in split:
            split[file] = sources.get(file, b"").split(b"\n")
        lines = split[file]
        return lines[line - 1] if 0 < line <= len(lines) else b""

    return read_line


def _find(text: _Text, line: int, severity: Severity, *, rule: str, message: str, remedy: str) -> Finding:
    place = Place(text.file, text.first_line + line - 1)
    items = text.items if severity == "error" else ()
    return make_finding(severity, rule, place, message, remedy, items=items)
