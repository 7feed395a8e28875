"""The source tree: what lies in a workspace directory, read without ever leaving it (B-14).

Only the internals of version control are not part of a workspace (`NOT_WALKED`). Everything else is present: it is
read, or it is left out with a line of its own.
"""

import os
import stat
from collections.abc import Callable
from pathlib import Path

from yoi_bundle.authoring.drafts.diagnostics import DiagnosticRule, Diagnostics, Place, show_path
from yoi_bundle.authoring.drafts.draft import SourceFile
from yoi_bundle.authoring.source.ignored import NOTHING_IGNORED, Ignored
from yoi_bundle.authoring.source.links import DIRECTORY_FLAGS, FILE_FLAGS, open_inside, resolve_link
from yoi_bundle.authoring.source.tree import GOVERNING_FILES, SKILL_FILE, WORKSPACE_FILE, SourceTree
from yoi_bundle.diagnostics import Severity
from yoi_bundle.errors import LimitExceededError
from yoi_bundle.limits import DEFAULT_LIMITS, Limits

NOT_WALKED: frozenset[str] = frozenset({".git", ".hg", ".jj", ".svn"})
MADE_BY_PROGRAMS: frozenset[str] = frozenset(
    {
        "__pycache__",
        "bower_components",
        "dist",
        "node_modules",
        "site-packages",
        "venv",
        ".gradle",
        ".mypy_cache",
        ".next",
        ".nox",
        ".nuxt",
        ".pytest_cache",
        ".ruff_cache",
        ".terraform",
        ".tox",
        ".venv",
    }
)
"""Folders of what programs install or make, by names that nobody gives to what they wrote; read only inside a skill."""
MAX_DIRECTORY_DEPTH = 100
"""How many directories may lie in one another; each takes an open descriptor and two calls of the walk."""


def walk_directory(
    root: Path,
    *,
    limits: Limits = DEFAULT_LIMITS,
    is_excluded: Callable[[str], bool] | None = None,
    ignored: Ignored = NOTHING_IGNORED,
) -> SourceTree:
    """Read the files below a directory; nothing outside of it is ever opened.

    A link to a file inside gives the same bytes under a second path. A link to a directory inside is followed, but
    not from below another such link, so that the walk ends.

    Args:
        root: The workspace. It may itself be a link.
        limits: Bounds on the number and size of files.
        is_excluded: Tells by path which files are listed and not read.
        ignored: What git ignores; each file and directory of it has one line and is not looked into.

    Raises:
        LimitExceededError: More than `source_files` files, or more than `bundle_bytes` bytes.
        OSError: When the root itself cannot be read.
    """
    walk = _Walk(root, limits, is_excluded or (lambda path: False), ignored)
    try:
        walk.walk_into(walk.root_descriptor, "", follow_directories=True)
    finally:
        os.close(walk.root_descriptor)
    return SourceTree(
        files=tuple(sorted(walk.files, key=lambda file: file.path)),
        left_out=tuple(sorted(walk.left_out)),
        ignored=tuple(sorted(walk.ignored_paths)),
        diagnostics=walk.diagnostics.collect(),
    )


class _Walk:
    """One walk; holds an open descriptor of the root, and opens all else relative to it."""

    def __init__(
        self, root: Path, limits: Limits, is_excluded: Callable[[str], bool], ignored: Ignored
    ) -> None:
        self.root_descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self.limits = limits
        self.is_excluded = is_excluded
        self.ignored = ignored
        self.files: list[SourceFile] = []
        self.left_out: list[str] = []
        self.ignored_paths: list[str] = []
        self.diagnostics = Diagnostics()
        self.bytes_read = 0

    def walk_into(
        self, descriptor: int, prefix: str, *, follow_directories: bool, in_skill: bool = False
    ) -> None:
        """Read a directory; `prefix` is its path with a slash after it, or empty.

        A skill's directory travels whole, so folders such as `dist` below one are read.
        """
        with os.scandir(descriptor) as entries:
            ordered = sorted(entries, key=lambda entry: entry.name)
        in_skill = in_skill or (prefix != "" and any(entry.name == SKILL_FILE for entry in ordered))
        for entry in ordered:
            if entry.name in NOT_WALKED:
                continue
            path = prefix + _name_as_utf8(entry.name)
            if self._is_passed_over(entry, path, in_skill=in_skill):
                continue
            if entry.is_symlink():
                self._follow(path, follow_directories=follow_directories)
            elif entry.is_dir(follow_symlinks=False):
                self._enter(
                    entry.name, descriptor, path, follow_directories=follow_directories, in_skill=in_skill
                )
            elif entry.is_file(follow_symlinks=False):
                self._read(entry.name, descriptor, path)
            else:
                self._leave_out_special(path)

    def _is_passed_over(self, entry: os.DirEntry[str], path: str, *, in_skill: bool) -> bool:
        """Report what git ignores and what programs make; one line for a whole directory."""
        is_directory = entry.is_dir(follow_symlinks=False)
        raw = path.encode("utf-8", "surrogateescape")
        if self.ignored.has_directory(raw) if is_directory else self.ignored.has_file(raw):
            what = "; nothing in it is read" if is_directory else ""
            self._pass_over(path, f"ignored by git{what}", "take it out of .gitignore to have it read")
            return True
        if entry.name in MADE_BY_PROGRAMS and not in_skill:
            message = "a folder of what programs install or make; nothing in it is read"
            self._pass_over(path, message, "move what is wanted out of it")
            return True
        return False

    def _pass_over(self, path: str, message: str, remedy: str) -> None:
        self.ignored_paths.append(path)
        governs = any(
            file == path or file.startswith(f"{path}/") for file in (WORKSPACE_FILE, *GOVERNING_FILES)
        )
        severity: Severity = "warning" if governs else "info"
        message += ", and what it says does not hold" if governs else ""
        self.diagnostics.report(severity, "source.ignored", Place(path), message, remedy)

    def _enter(self, name: str, parent: int, path: str, *, follow_directories: bool, in_skill: bool) -> None:
        depth = path.count("/") + 1
        if depth > MAX_DIRECTORY_DEPTH:
            message = f"directory_depth is {depth}, at most {MAX_DIRECTORY_DEPTH} allowed"
            self._leave_out(
                path, "error", "limit.exceeded", message, remedy="take it out, or move it further up"
            )
            return
        try:
            descriptor = os.open(name, DIRECTORY_FLAGS, dir_fd=parent)
        except OSError as error:
            self._leave_out_unreadable(path, error)
            return
        try:
            self.walk_into(descriptor, f"{path}/", follow_directories=follow_directories, in_skill=in_skill)
        finally:
            os.close(descriptor)

    def _read(self, name: str, parent: int, path: str) -> None:
        if self.is_excluded(path):
            self._leave_out(path, "info", "source.excluded", "excluded by `workspace.toml`")
            return
        self._count_file(path)
        try:
            descriptor = os.open(name, FILE_FLAGS, dir_fd=parent)
        except OSError as error:
            self._leave_out_unreadable(path, error)
            return
        try:
            self._read_open(descriptor, path)
        except OSError as error:
            self._leave_out_unreadable(path, error)
        finally:
            os.close(descriptor)

    def _read_open(self, descriptor: int, path: str) -> None:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            self._leave_out_special(path)
            return
        if status.st_size > self.limits.blob_bytes:
            self._leave_out_large(path, status.st_size)
            return
        data = _read_at_most(descriptor, self.limits.blob_bytes + 1, status.st_size)
        if len(data) > self.limits.blob_bytes:
            self._leave_out_large(path, len(data))
            return
        self.bytes_read += len(data)
        if self.bytes_read > self.limits.bundle_bytes:
            raise LimitExceededError(
                "bundle_bytes", value=self.bytes_read, allowed=self.limits.bundle_bytes, place=show_path(path)
            )
        try:
            path.encode("utf-8")
        except UnicodeEncodeError:
            self._leave_out(
                path,
                "error",
                "source.undecodable_name",
                "the file's name is not UTF-8",
                remedy="rename the file",
            )
            return
        executable = bool(status.st_mode & stat.S_IXUSR)
        self.files.append(SourceFile(path=path, data=data, executable=executable))

    def _count_file(self, path: str) -> None:
        count = len(self.files) + 1
        if count > self.limits.source_files:
            raise LimitExceededError(
                "source_files", value=count, allowed=self.limits.source_files, place=show_path(path)
            )

    def _follow(self, path: str, *, follow_directories: bool) -> None:
        try:
            inside = resolve_link(self.root_descriptor, path)
        except OSError as error:
            self._leave_out_unreadable(path, error)
            return
        if inside is None or NOT_WALKED.intersection(inside.split("/")):
            self._leave_out(
                path,
                "error",
                "source.outside",
                "a link that leads out of the workspace is not followed",
                remedy="put a copy in its place, or take the link out",
            )
            return
        try:
            descriptor = open_inside(self.root_descriptor, inside)
        except OSError as error:
            self._leave_out_unreadable(path, error)
            return
        try:
            self._read_target(descriptor, path, inside, follow_directories=follow_directories)
        except OSError as error:
            self._leave_out_unreadable(path, error)
        finally:
            os.close(descriptor)

    def _read_target(self, descriptor: int, path: str, inside: str, *, follow_directories: bool) -> None:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            if not follow_directories or _contains(inside, path):
                self._leave_out(
                    path,
                    "warning",
                    "source.link_not_followed",
                    "a directory link to a place above it, or below another directory link, is not followed",
                    remedy="refer to the files where they lie",
                )
            else:
                self.walk_into(descriptor, f"{path}/", follow_directories=False)
        elif stat.S_ISREG(mode):
            if self.is_excluded(path):
                self._leave_out(path, "info", "source.excluded", "excluded by `workspace.toml`")
                return
            self._count_file(path)
            self._read_open(descriptor, path)
        else:
            self._leave_out_special(path)

    def _leave_out_special(self, path: str) -> None:
        self._leave_out(
            path,
            "error",
            "source.not_a_file",
            "neither a file nor a directory nor a link to one; it was not opened",
            remedy="take it out of the workspace",
        )

    def _leave_out_unreadable(self, path: str, error: OSError) -> None:
        reason = error.strerror or "it changed while it was read"
        self._leave_out(
            path, "error", "source.unreadable", f"cannot be read: {reason}", remedy="make it readable"
        )

    def _leave_out_large(self, path: str, size: int) -> None:
        self._leave_out(
            path,
            "error",
            "limit.exceeded",
            f"blob_bytes is {size}, at most {self.limits.blob_bytes} allowed",
            remedy="split the file, or exclude it in `workspace.toml`",
        )

    def _leave_out(
        self, path: str, severity: Severity, rule: DiagnosticRule, message: str, *, remedy: str = ""
    ) -> None:
        self.left_out.append(path)
        self.diagnostics.report(severity, rule, Place(path), message, remedy)


def _name_as_utf8(name: str) -> str:
    """Read a name as UTF-8, whatever the locale says names are written in; other bytes are surrogate escapes."""
    return os.fsencode(name).decode("utf-8", "surrogateescape")


def _read_at_most(descriptor: int, most: int, expected: int) -> bytes:
    """Read to the end, or to `most` bytes; usually in two reads, the second of which finds the end."""
    parts = []
    left = most
    size = min(expected + 1, most)
    while left > 0 and (part := os.read(descriptor, size)):
        parts.append(part)
        left -= len(part)
        size = min(left, max(size, 65_536))
    return b"".join(parts)


def _contains(inside: str, path: str) -> bool:
    """Tell whether the directory `inside` holds the link at `path`."""
    return inside == "" or path.startswith(f"{inside}/")
