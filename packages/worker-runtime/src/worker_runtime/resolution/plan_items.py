"""The items of a profile as candidates: what it names, and what the bundle holds of it."""

from collections.abc import Iterator, Mapping

from worker_runtime.resolution.decision import Candidate, Kind, Step
from worker_runtime.resolution.payloads import (
    GrantedModel,
    GrantedPolicy,
    GrantedPrompt,
    GrantedSkill,
    GrantedTool,
    GrantedWorkflow,
)
from worker_runtime.resolution.selectors import SelectedProfile
from worker_runtime.resolution.tool_rules import covers, find_first_blocker, index_rules
from yoi_bundle.closure import list_spelled, spell_entry
from yoi_bundle.faults import join_pointer
from yoi_bundle.manifest import BundleModel, Manifest, Profile, ToolList, Workflow, WorkflowText
from yoi_bundle.schema import Unsupported
from yoi_bundle.selection import SelectedTool, select_tools


class ItemPlanner:
    """Turns one profile into candidates, a method a kind."""

    def __init__(
        self, manifest: Manifest, unsupported: Unsupported, chosen: SelectedProfile, profile: Profile
    ) -> None:
        self.manifest = manifest
        self.unsupported = unsupported
        self.chosen = chosen
        self.profile = profile
        self.pointer = chosen.pointer
        self.selected = select_tools(manifest.tools, profile.tools, profile=chosen.name)
        self.layers = [
            index_rules(manifest.policies[name], join_pointer("/policies", name))
            for name in sorted(profile.policies)
            if name in manifest.policies
        ]

    def plan(self) -> Iterator[Candidate]:
        yield from self._plan_unsupported()
        yield from self._plan_prompts()
        yield from self._plan_models()
        yield from self._plan_tools()
        yield from self._plan_policies()
        yield from self._plan_skills()
        yield from self._plan_workflows()

    def _asked(self, pointer: str) -> Step:
        return Step("profile", "gives", pointer, "profile.asks")

    def _declared(self, section: str, name: str) -> Step:
        return Step("bundle", "gives", join_pointer(f"/{section}", name), "bundle.declares")

    def _plan_unsupported(self) -> Iterator[Candidate]:
        """Items that need a feature which this Runtime lacks refuse the profile, whatever they are (B-06)."""
        profile = self.profile
        if self.chosen.profile is None:
            step = Step("bundle", "withholds", self.pointer, "bundle.feature")
            yield Candidate("profile", self.chosen.selector, None, (step,), required=True)
        references: dict[str, tuple[Kind, set[str]]] = {
            "prompts": ("prompt", {use.prompt for use in profile.prompts}),
            "models": ("model", set(profile.models)),
            "tools": ("tool", self._list_unread_tools()),
            "policies": ("policy", set(profile.policies)),
            "skills": ("skill", set(profile.skills)),
            "workflows": ("workflow", set(profile.workflows)),
            "plugins": ("plugin", set(profile.plugins)),
        }
        for name in profile.workflows:
            if name in self.manifest.workflows:
                references["models"][1].update(self.manifest.workflows[name].models)
                references["policies"][1].update(self.manifest.workflows[name].policies)
        for section, (kind, names) in references.items():
            for name in sorted(names & self.unsupported.get(section, {}).keys()):
                step = Step("bundle", "withholds", join_pointer(f"/{section}", name), "bundle.feature")
                yield Candidate(kind, name, None, (self._asked(self.pointer), step), required=True)

    def _list_unread_tools(self) -> set[str]:
        names = set(self.unsupported.get("tools", {}))
        if isinstance(self.profile.tools, ToolList):
            known = list_spelled(self.manifest) | names
            patterns = [spell_entry(entry, known) for entry in self.profile.tools.tools]
            return {
                name
                for name in names
                if covers(patterns, name) or any(one.startswith(f"{name}/") for one in patterns)
            }
        return names

    def _plan_prompts(self) -> Iterator[Candidate]:
        seen: set[str] = set()
        for position, use in enumerate(self.profile.prompts):
            prompt = self.manifest.prompts.get(use.prompt)
            if prompt is None or use.prompt in seen:
                continue
            seen.add(use.prompt)
            granted = GrantedPrompt(
                id=use.prompt,
                position=position,
                content=prompt.content,
                applies_to=tuple(sorted(prompt.applies_to)),
            )
            steps = (
                self._asked(f"{self.pointer}/prompts/{position}"),
                self._declared("prompts", use.prompt),
            )
            yield Candidate("prompt", use.prompt, granted, steps, use.required)

    def _plan_models(self) -> Iterator[Candidate]:
        own = dict.fromkeys(self.profile.models)
        for position, name in enumerate(own):
            yield from self._plan_model(name, self._asked(f"{self.pointer}/models/{position}"))
        if not own:
            name = name_host_choice(self.manifest)
            empty = GrantedModel(id=name, source="host", provider="", model="", consumer="")
            yield Candidate("model", name, empty, (self._asked(f"{self.pointer}/models"),))
        for name, user in self._list_workflow_models().items():
            if name not in own:
                place = join_pointer(f"{self.pointer}/workflows", user)
                yield from self._plan_model(name, Step("profile", "gives", place, "profile.needs"))

    def _list_workflow_models(self) -> dict[str, str]:
        """Return each model that a workflow of the profile names, with the first such workflow."""
        models: dict[str, str] = {}
        for workflow in sorted(self.profile.workflows.keys() & self.manifest.workflows.keys()):
            for name in self.manifest.workflows[workflow].models:
                models.setdefault(name, workflow)
        return models

    def _plan_model(self, name: str, asked: Step) -> Iterator[Candidate]:
        model = self.manifest.models.get(name)
        if model is None:
            return
        if isinstance(model, BundleModel):
            granted = GrantedModel(
                id=name,
                source="bundle",
                provider=model.provider,
                model=model.model,
                consumer="",
                parameters=model.parameters,
                endpoint=model.endpoint,
                credential=model.credential,
            )
        else:
            granted = GrantedModel(id=name, source="host", provider="", model=model.alias, consumer="")
        yield Candidate("model", name, granted, (asked, self._declared("models", name)))

    def _plan_tools(self) -> Iterator[Candidate]:
        for name, chosen in self.selected.items():
            exposes = None if chosen.exposes is None else tuple(sorted(chosen.exposes))
            granted = GrantedTool(id=name, declaration=chosen.tool, exposes=exposes)
            steps = (self._asked(f"{self.pointer}/tools{chosen.pointer}"), self._declared("tools", name))
            parts = chosen.required_parts
            candidate = Candidate("tool", name, granted, steps, chosen.required, parts=parts)
            if exposes == () or (exposes is not None and not parts.issubset(exposes)):
                place = join_pointer("/tools", name) + "/exposes"
                candidate = candidate.withhold("bundle", place, "bundle.exposes_nothing")
            yield self._block(candidate)

    def _block(self, candidate: Candidate) -> Candidate:
        blocker = find_first_blocker(self.layers, candidate.id, candidate.parts)
        if blocker is None:
            return candidate
        return candidate.withhold("bundle", blocker, "bundle.policy_denies")

    def _plan_policies(self) -> Iterator[Candidate]:
        for name in sorted(self.profile.policies):
            policy = self.manifest.policies.get(name)
            if policy is not None:
                step = Step("bundle", "gives", join_pointer("/policies", name), "bundle.votes")
                granted = GrantedPolicy(id=name, layer="bundle", policy=policy)
                # A Worker without a layer that tightens would be a wider one.
                yield Candidate("policy", name, granted, (step,), required=True)

    def _plan_skills(self) -> Iterator[Candidate]:
        for name, ask in sorted(self.profile.skills.items()):
            skill = self.manifest.skills.get(name)
            if skill is not None:
                steps = (
                    self._asked(join_pointer(f"{self.pointer}/skills", name)),
                    self._declared("skills", name),
                )
                yield Candidate("skill", name, GrantedSkill(id=name, files=skill.files), steps, ask.required)

    def _plan_workflows(self) -> Iterator[Candidate]:
        for name, ask in sorted(self.profile.workflows.items()):
            workflow = self.manifest.workflows.get(name)
            if workflow is not None:
                steps = (
                    self._asked(join_pointer(f"{self.pointer}/workflows", name)),
                    self._declared("workflows", name),
                )
                yield Candidate("workflow", name, self._grant_workflow(name, workflow), steps, ask.required)

    def _grant_workflow(self, name: str, workflow: Workflow) -> GrantedWorkflow:
        body = workflow.body
        tools = None
        if workflow.tools is not None:
            tools = tuple(
                name_parts(select_tools(self.manifest.tools, workflow.tools, profile=self.chosen.name))
            )
        return GrantedWorkflow(
            id=name,
            digest=body.content.digest if isinstance(body, WorkflowText) else body.digest,
            url="" if isinstance(body, WorkflowText) else body.url,
            tools=tools,
            policies=tuple(
                GrantedPolicy(id=policy, layer="bundle", policy=self.manifest.policies[policy])
                for policy in sorted(workflow.policies)
                if policy in self.manifest.policies
            ),
            limits=workflow.asks.limits,
        )


def name_host_choice(manifest: Manifest) -> str:
    """Return the id of the decision on the model that a profile leaves to the host; none of the manifest's own."""
    return "host:default" if "default" in manifest.models else "default"


def name_parts(selected: Mapping[str, SelectedTool]) -> Iterator[str]:
    """Yield the name of each selected tool; of a server that is taken in part, the name of each part."""
    for name, chosen in selected.items():
        if chosen.exposes is None:
            yield name
        else:
            yield from (f"{name}/{part}" for part in sorted(chosen.exposes))
