"""What each built-in profile is for and what it asks."""

from msgspec import Struct

from yoi_bundle.manifest import Access, HostCapability


class BuiltinProfile(Struct, frozen=True, kw_only=True):
    """A recipe in brief; `builtin_set` writes it out.

    Attributes:
        allowed: Tools whose calls pass without asking; calls of the other tools are asked.
        access: To the mount `workspace`.
    """

    title: str
    description: str
    tools: tuple[str, ...]
    allowed: tuple[str, ...]
    access: Access = "ro"
    host: tuple[HostCapability, ...] = ()


_READING = ("file.read", "file.search")

PROFILES: dict[str, BuiltinProfile] = {
    "coder": BuiltinProfile(
        title="Coder",
        description="Writes and changes code, and runs its tests",
        tools=(*_READING, "file.edit", "notebook.edit", "shell.run", "task.track", "user.ask"),
        allowed=(*_READING, "file.edit", "notebook.edit", "task.track", "user.ask"),
        access="rw",
        host=("git", "shell"),
    ),
    "companion": BuiltinProfile(
        title="Companion",
        description="Answers questions and finds things; changes nothing",
        tools=(*_READING, "user.ask"),
        allowed=(*_READING, "user.ask"),
    ),
    "intake": BuiltinProfile(
        title="Intake",
        description="Turns requests into tasks that somebody can start on",
        tools=(*_READING, "task.track", "user.ask"),
        allowed=(*_READING, "task.track", "user.ask"),
    ),
    "orchestrator": BuiltinProfile(
        title="Orchestrator",
        description="Splits a large task, hands out the parts and joins the results",
        tools=(*_READING, "agent.spawn", "task.track", "user.ask"),
        allowed=(*_READING, "task.track", "user.ask"),
    ),
    "reviewer": BuiltinProfile(
        title="Reviewer",
        description="Reviews changes; changes nothing",
        tools=_READING,
        allowed=_READING,
    ),
}

DEFAULT_PROFILE = "companion"
"""What `default` means without a bundle."""
