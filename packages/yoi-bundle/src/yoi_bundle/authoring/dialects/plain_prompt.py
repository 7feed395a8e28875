"""Instructions as one prompt: `AGENTS.md`, `CLAUDE.md`, `copilot-instructions.md`, agents without frontmatter (B-14)."""

from yoi_bundle.authoring.drafts.diagnostics import FileDiagnostics
from yoi_bundle.authoring.drafts.draft import Contribution, PromptDraft, SourceFile
from yoi_bundle.authoring.drafts.reader import NO_CONTEXT, ReadingContext
from yoi_bundle.manifest import Dialect

_DIALECTS: dict[str, Dialect] = {"CLAUDE.md": "claude", "copilot-instructions.md": "copilot"}


def read_plain_prompt(file: SourceFile, context: ReadingContext = NO_CONTEXT) -> Contribution:
    """Take a file of instructions as it is; a fence in it is text."""
    name = file.path.rpartition("/")[2]
    draft = PromptDraft(path=file.path, dialect=_DIALECTS.get(name, "agents-md"), body=file.data)
    return Contribution(prompts=(draft,))


def read_agent_without_frontmatter(file: SourceFile, context: ReadingContext = NO_CONTEXT) -> Contribution:
    """Take Markdown in an agents folder as a prompt: without frontmatter nothing says what it may use."""
    diagnostics = FileDiagnostics(file.path)
    message = "an agent without frontmatter; taken as a prompt"
    remedy = "begin it with `---`, `name: …`, `description: …`, `tools: …`, `---` to make it a profile"
    diagnostics.warn("profile.no_frontmatter", 1, message, remedy)
    draft = PromptDraft(path=file.path, dialect="claude", body=file.data)
    return Contribution(prompts=(draft,), diagnostics=diagnostics.collect())
