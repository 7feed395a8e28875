"""The diagnostics of one file, collected while it is read."""

from yoi_bundle.authoring.source.walk import show_path
from yoi_bundle.boundary.redaction import redact_name
from yoi_bundle.diagnostics import Diagnostic, Severity

MAX_NAME_CHARACTERS = 80


class Remarks:
    """Collects what a reader has to say about its file.

    Attributes:
        failed: Whether an error was among it.
    """

    def __init__(self, file: str) -> None:
        self.failed = False
        self._file = file
        self._found: list[Diagnostic] = []

    def add(self, severity: Severity, rule: str, line: int, message: str, remedy: str) -> None:
        self.failed = self.failed or severity == "error"
        self._found.append(
            Diagnostic(
                severity=severity,
                rule=rule,
                file=show_path(self._file),
                line=line,
                message=message,
                remedy=remedy,
            )
        )

    def error(self, rule: str, line: int, message: str, remedy: str) -> None:
        self.add("error", rule, line, message, remedy)

    def warn(self, rule: str, line: int, message: str, remedy: str) -> None:
        self.add("warning", rule, line, message, remedy)

    def note(self, rule: str, line: int, message: str, remedy: str) -> None:
        self.add("info", rule, line, message, remedy)

    def extend(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        """Take over what another reader found in the same file."""
        self.failed = self.failed or any(one.severity == "error" for one in diagnostics)
        self._found.extend(diagnostics)

    def collect(self) -> tuple[Diagnostic, ...]:
        return tuple(self._found)


def show_name(name: str) -> str:
    """Return a name as a diagnostic may show it: never one that may be a credential, never long, on one line."""
    shown = redact_name(name)
    line = "".join(character if character.isprintable() else "?" for character in shown)
    return line if len(line) <= MAX_NAME_CHARACTERS else f"{line[:MAX_NAME_CHARACTERS]}…"
