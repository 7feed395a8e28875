"""The one tool vocabulary: built-in tools and the arguments that rules may match (S-11)."""

from msgspec import Struct


class VocabularyEntry(Struct, frozen=True, kw_only=True):
    """A built-in tool.

    Attributes:
        arguments: Names of the arguments that a rule can match, with what they hold.
        needs: The host capability without which the tool does not work; empty for none.
    """

    summary: str
    arguments: dict[str, str]
    needs: str = ""


BUILTIN_TOOLS: dict[str, VocabularyEntry] = {
    "file.read": VocabularyEntry(summary="Read a file of a mount", arguments={"path": "path"}),
    "file.search": VocabularyEntry(
        summary="Find files by name or content", arguments={"path": "path", "pattern": "text"}
    ),
    "file.edit": VocabularyEntry(
        summary="Create, change or delete a file of a mount", arguments={"path": "path"}
    ),
    "notebook.edit": VocabularyEntry(summary="Change a cell of a notebook", arguments={"path": "path"}),
    "shell.run": VocabularyEntry(
        summary="Run a shell command", arguments={"command": "command"}, needs="shell"
    ),
    "web.fetch": VocabularyEntry(summary="Fetch a URL", arguments={"url": "url"}),
    "web.search": VocabularyEntry(summary="Search the web", arguments={"query": "text"}),
    "agent.spawn": VocabularyEntry(summary="Start another Worker", arguments={"profile": "text"}),
    "task.track": VocabularyEntry(summary="Keep a list of tasks", arguments={}),
    "user.ask": VocabularyEntry(summary="Ask the person", arguments={}),
    "skill.use": VocabularyEntry(summary="Load a skill", arguments={"skill": "text"}),
    "workflow.run": VocabularyEntry(summary="Run a workflow", arguments={"workflow": "text"}),
}
