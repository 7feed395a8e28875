"""Readers of source files: the signature that all of them have."""

from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct

from yoi_bundle.authoring.drafts.draft import Contribution, SourceFile
from yoi_bundle.limits import DEFAULT_LIMITS, Limits


class ReadingContext(Struct, frozen=True, kw_only=True):
    """What a reader may know besides its file.

    Attributes:
        skills: All files of each skill, its `SKILL.md` among them, by its directory.
        schemas: Paths of the files that `[tools.http]` of `workspace.toml` refers to.
        harmless_keys: Keys of other programs that the workspace says restrict nothing.
        unguarded_tools: Tools that stay although a hook that is left out guarded them.
        hook_homes: The directory for which each file of hooks holds.
    """

    limits: Limits = DEFAULT_LIMITS
    skills: Mapping[str, tuple[SourceFile, ...]] = {}
    schemas: frozenset[str] = frozenset()
    harmless_keys: frozenset[str] = frozenset()
    unguarded_tools: frozenset[str] = frozenset()
    hook_homes: Mapping[str, str] = {}


NO_CONTEXT = ReadingContext()


class Reader(Protocol):
    """Reads a file of one kind; pure, and it never raises on bad input."""

    def __call__(self, file: SourceFile, context: ReadingContext = ..., /) -> Contribution: ...
