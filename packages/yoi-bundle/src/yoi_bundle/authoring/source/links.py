"""Links of a workspace, resolved and opened step by step so that nothing outside is ever touched (B-14)."""

import os
import stat

DIRECTORY_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: should a FIFO take a file's place between the listing and the opening, opening it must not wait.
FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
MAX_LINKS = 40


def resolve_link(root: int, path: str) -> str | None:
    """Return where a link leads, relative to the root, or None when it leads out.

    An absolute link leads out wherever it points: it would mean another place in another copy of the workspace.

    Args:
        root: Open descriptor of the workspace.
        path: The link, relative to the root.

    Raises:
        OSError: When a step does not exist or cannot be looked at.
    """
    ahead = path.encode("utf-8", "surrogateescape").split(b"/")
    behind: list[bytes] = []
    links = 0
    while ahead:
        step = ahead.pop(0)
        if step in (b"", b"."):
            continue
        if step == b"..":
            if not behind:
                return None
            behind.pop()
            continue
        behind.append(step)
        place = b"/".join(behind)
        if stat.S_ISLNK(os.lstat(place, dir_fd=root).st_mode):
            target = os.readlink(place, dir_fd=root)
            links += 1
            if target.startswith(b"/") or links > MAX_LINKS:
                return None
            behind.pop()
            ahead = target.split(b"/") + ahead
    return b"/".join(behind).decode("utf-8", "surrogateescape")


def open_inside(root: int, path: str) -> int:
    """Open what `resolve_link` gave, step by step from the root; a link put there meanwhile fails.

    Raises:
        OSError: When it is neither a regular file nor a directory, or cannot be opened.
    """
    descriptor = os.dup(root)
    steps = path.encode("utf-8", "surrogateescape").split(b"/") if path else []
    for index, step in enumerate(steps):
        parent = descriptor
        last = index == len(steps) - 1
        try:
            if last and not stat.S_ISDIR(mode := os.lstat(step, dir_fd=parent).st_mode):
                if not stat.S_ISREG(mode):
                    raise OSError("not a regular file")
                descriptor = os.open(step, FILE_FLAGS, dir_fd=parent)
            else:
                descriptor = os.open(step, DIRECTORY_FLAGS, dir_fd=parent)
        finally:
            os.close(parent)
    return descriptor
