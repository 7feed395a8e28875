"""Items compared field by field; every field has a direction, and a new one would have to be given its own."""

from collections.abc import Iterator, Mapping

from yoi_bundle.diff.change import ChangeClass, Delta
from yoi_bundle.diff.members import (
    ReadBlob,
    compare_asked,
    compare_asks,
    compare_contents,
    compare_field,
    compare_sets,
)
from yoi_bundle.faults import join_pointer
from yoi_bundle.manifest import (
    AllTools,
    BundleModel,
    HostModel,
    HttpTool,
    Item,
    McpServer,
    Member,
    Model,
    Plugin,
    Prompt,
    Skill,
    SkillFile,
    Tool,
    ToolSelection,
    Workflow,
    WorkflowText,
)


def compare_labels(old: Item, new: Item) -> Iterator[Delta]:
    """Compare what all items have; `features` follow from the content."""
    yield from compare_field("/title", "metadata", old.title, new.title)
    yield from compare_field("/description", "metadata", old.description, new.description)
    yield from compare_field("/origin", "metadata", old.origin, new.origin)


def compare_models(old: Model, new: Model) -> Iterator[Delta]:
    """Compare models: where data and a credential go is a right, which model it is is none."""
    if isinstance(old, BundleModel) and isinstance(new, BundleModel):
        for field in ("provider", "model", "parameters"):
            yield from compare_field(f"/{field}", "model", getattr(old, field), getattr(new, field))
        removed: ChangeClass = "narrowing" if new.credential is None else "widening"
        yield from compare_field("/credential", removed, old.credential, new.credential)
        yield from compare_field("/endpoint", "widening", old.endpoint, new.endpoint)
    elif isinstance(old, HostModel) and isinstance(new, HostModel):
        yield from compare_field("/alias", "model", old.alias, new.alias)
    else:
        yield from compare_field("", classify_added_model(new), old, new)


def classify_added_model(model: Model | None) -> ChangeClass:
    """Say what a model brings beside itself: a credential or an endpoint widens."""
    brings_rights = isinstance(model, BundleModel) and (
        model.credential is not None or model.endpoint is not None
    )
    return "widening" if brings_rights or model is None else "model"


def compare_prompts(old: Prompt, new: Prompt, read_blob: ReadBlob) -> Iterator[Delta]:
    """Compare prompts: all of it is text."""
    yield from compare_contents("/content", "text", old.content, new.content, read_blob)
    yield from compare_sets(
        "/applies_to", old.applies_to, new.applies_to, added="text", removed="text", changed="text"
    )


def compare_workflows(old: Workflow, new: Workflow, read_blob: ReadBlob) -> Iterator[Delta]:
    """Compare workflows; one that is fetched from elsewhere is not seen, so that any change of it may widen."""
    if isinstance(old.body, WorkflowText) and isinstance(new.body, WorkflowText):
        yield from compare_contents("/body/content", "text", old.body.content, new.body.content, read_blob)
    else:
        changed: ChangeClass = "text" if isinstance(new.body, WorkflowText) else "widening"
        yield from compare_field("/body", changed, old.body, new.body)
    yield from compare_field("/argument_hint", "metadata", old.argument_hint, new.argument_hint)
    yield from compare_selections("/tools", old.tools, new.tools)
    yield from compare_layers(old.policies, new.policies)
    yield from compare_field("/models", "model", old.models, new.models)
    yield from compare_asks("/asks", old.asks, new.asks)


def compare_layers(old: Mapping[str, Member], new: Mapping[str, Member]) -> Iterator[Delta]:
    """Compare which layers of policy vote: one more narrows, one less widens."""
    yield from compare_sets("/policies", old, new, added="narrowing", removed="widening")


def compare_selections(pointer: str, old: ToolSelection | None, new: ToolSelection | None) -> Iterator[Delta]:
    """Compare which tools are taken; None, in a workflow, confines nothing."""
    if old is None or new is None:
        yield from compare_field(pointer, "narrowing" if old is None else "widening", old, new)
    elif isinstance(new, AllTools):
        yield from compare_field(pointer, "widening", old, new)
    elif isinstance(old, AllTools):
        # `all` speaks of the manifest's tools; a pattern may reach a plugin's too.
        beyond = any(name == "*" or name.startswith("plugin:") for name in new.tools)
        yield from compare_field(pointer, "widening" if beyond else "narrowing", old, new)
    else:
        yield from compare_asked(f"{pointer}/tools", old.tools, new.tools)


def compare_skills(old: Skill, new: Skill, read_blob: ReadBlob) -> Iterator[Delta]:
    """Compare skills file by file; what can be executed may do anything, so that its text is more than text."""
    yield from compare_field("/license", "metadata", old.license, new.license)
    for path in sorted(old.files.keys() | new.files.keys()):
        pointer = join_pointer("/files", path)
        before, after = old.files.get(path), new.files.get(path)
        if before is None or after is None:
            yield from compare_field(pointer, _classify_file(before, after), before, after)
        else:
            lost: ChangeClass = "widening" if after.executable else "narrowing"
            yield from compare_field(f"{pointer}/executable", lost, before.executable, after.executable)
            runs: ChangeClass = "widening" if after.executable else "text"
            yield from compare_contents(f"{pointer}/content", runs, before.content, after.content, read_blob)


def _classify_file(before: SkillFile | None, after: SkillFile | None) -> ChangeClass:
    if after is not None:
        return "widening" if after.executable else "text"
    return "narrowing" if before is not None and before.executable else "text"


def compare_tools(old: Tool, new: Tool) -> Iterator[Delta]:
    """Compare tools: whatever a tool runs or reaches widens when it changes."""
    if isinstance(old, McpServer) and isinstance(new, McpServer):
        yield from compare_field("/transport", "widening", old.transport, new.transport)
        yield from _compare_exposed(old, new)
        hidden: ChangeClass = "narrowing" if old.private_to is None else "widening"
        yield from compare_field("/private_to", hidden, old.private_to, new.private_to)
        yield from compare_field("/plugin", "widening", old.plugin, new.plugin)
    elif isinstance(old, HttpTool) and isinstance(new, HttpTool):
        for field in ("url", "method", "headers", "query", "input_schema"):
            yield from compare_field(f"/{field}", "widening", getattr(old, field), getattr(new, field))


def _compare_exposed(old: McpServer, new: McpServer) -> Iterator[Delta]:
    if old.exposes is None or new.exposes is None:
        changed: ChangeClass = "narrowing" if old.exposes is None else "widening"
        yield from compare_field("/exposes", changed, old.exposes, new.exposes)
    else:
        yield from compare_sets("/exposes", old.exposes, new.exposes)


def compare_plugins(old: Plugin, new: Plugin) -> Iterator[Delta]:
    """Compare plugins: other code at the same name widens, whatever its version says."""
    yield from compare_field("/name", "metadata", old.name, new.name)
    for field in ("version", "package", "config"):
        before, after = getattr(old, field), getattr(new, field)
        taken: ChangeClass = "narrowing" if field == "package" and after is None else "widening"
        yield from compare_field(f"/{field}", taken, before, after)
    yield from compare_sets("/surfaces", old.surfaces, new.surfaces)
    yield from compare_asked("/permissions", old.permissions, new.permissions)
