"""Markdown files with frontmatter: the one way in which all their readers begin and end (B-14)."""

from collections.abc import Callable
from functools import wraps

from msgspec import Struct
from msgspec.structs import replace

from yoi_bundle.authoring.drafts.diagnostics import FileDiagnostics
from yoi_bundle.authoring.drafts.draft import NO_CONTRIBUTION, Contribution, SourceFile
from yoi_bundle.authoring.drafts.reader import NO_CONTEXT, Reader, ReadingContext
from yoi_bundle.authoring.formats.field_reader import FieldReader
from yoi_bundle.authoring.formats.frontmatter import read_frontmatter, split_frontmatter


class Markdown(Struct, frozen=True, kw_only=True):
    """A file whose frontmatter could be read.

    Attributes:
        body: The bytes after the closing fence; the whole file when it has no frontmatter.
        body_line: The line on which the body starts, from 1.
    """

    path: str
    fields: FieldReader
    body: bytes
    body_line: int
    diagnostics: FileDiagnostics
    context: ReadingContext


def reads_markdown(read: Callable[[Markdown], Contribution | None]) -> Reader:
    """Make a reader of a function that gets the file with its fields.

    The function returns the drafts, or None when a fault that it reported leaves none; diagnostics are added here.
    """

    @wraps(read)
    def read_file(file: SourceFile, context: ReadingContext = NO_CONTEXT) -> Contribution:
        diagnostics = FileDiagnostics(file.path)
        parts = split_frontmatter(file.data)
        fields = read_frontmatter(parts, diagnostics, limits=context.limits)
        drafts = None
        if fields is not None:
            drafts = read(
                Markdown(
                    path=file.path,
                    fields=FieldReader(fields, diagnostics, harmless=context.harmless_keys),
                    body=parts.body,
                    body_line=parts.body_line,
                    diagnostics=diagnostics,
                    context=context,
                )
            )
        return replace(drafts or NO_CONTRIBUTION, diagnostics=diagnostics.collect())

    return read_file
