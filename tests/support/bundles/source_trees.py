"""Small workspaces in memory, and builds of them."""

from collections.abc import Iterable, Mapping

from yoi_bundle.authoring.build import BuildResult, build_bundle
from yoi_bundle.authoring.drafts.draft import SourceFile
from yoi_bundle.authoring.source.tree import SourceTree
from yoi_bundle.boundary.scanner import SecretFinding
from yoi_bundle.builtin import NO_BUILTINS, BuiltinSet
from yoi_bundle.limits import DEFAULT_LIMITS, Limits
from yoi_bundle.manifest import Manifest


def make_tree(files: dict[str, bytes], *, executable: frozenset[str] = frozenset()) -> SourceTree:
    """Make a tree of files that are in memory."""
    return SourceTree(
        files=tuple(
            SourceFile(path=path, data=data, executable=path in executable)
            for path, data in sorted(files.items())
        )
    )


class WordScanner:
    """Finds one word, as a scanner would find a credential; without a word nothing."""

    def __init__(self, word: bytes = b"") -> None:
        self._word = word

    def scan(self, texts: Iterable[tuple[str, bytes]]) -> list[SecretFinding]:
        found: list[SecretFinding] = []
        for place, data in texts:
            start = data.find(self._word) if self._word else -1
            while start >= 0:
                line = data.count(b"\n", 0, start) + 1
                found.append(SecretFinding(place=place, line=line, rule="test.word"))
                start = data.find(self._word, start + 1)
        return sorted(set(found))


def build_files(
    files: Mapping[str, str | bytes],
    *,
    lenient: bool = False,
    word: bytes = b"",
    workspace: str | None = None,
    builtins: BuiltinSet = NO_BUILTINS,
    limits: Limits = DEFAULT_LIMITS,
    executable: frozenset[str] = frozenset(),
) -> BuildResult:
    """Build a workspace of these files; `word` stands for a credential."""
    data = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
    return build_bundle(
        make_tree(data, executable=executable),
        scanner=WordScanner(word),
        workspace=workspace,
        builtins=builtins,
        limits=limits,
        lenient=lenient,
    )


def get_manifest(result: BuildResult) -> Manifest:
    """Return the bundle's manifest; without a bundle the test fails and shows the errors."""
    errors = [one for one in result.diagnostics if one.severity == "error"]
    assert result.bundle is not None, errors
    return result.bundle.verified.manifest


def list_rules(result: BuildResult, severity: str = "error") -> list[tuple[str, str]]:
    """Return (rule, file) of all diagnostics of a severity."""
    return [(one.rule, one.file) for one in result.diagnostics if one.severity == severity]
