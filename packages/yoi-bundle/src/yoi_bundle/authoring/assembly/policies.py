"""Policies, and who is governed by which; what depends on a policy that is left out goes too (B-14)."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from yoi_bundle.authoring.assembly.ledger import ItemKey, Ledger
from yoi_bundle.authoring.assembly.names import NameIndex
from yoi_bundle.authoring.assembly.tool_scope import ToolScope
from yoi_bundle.authoring.assembly.tools import make_origin
from yoi_bundle.authoring.drafts.diagnostics import Place, show_name, show_path
from yoi_bundle.authoring.drafts.draft import (
    NameReference,
    PolicyDraft,
    ProfileDraft,
    UnsaidRule,
    WorkflowDraft,
)
from yoi_bundle.authoring.source.tree import GOVERNING_FILES, WORKSPACE_FILE
from yoi_bundle.manifest import Effect, Policy, Rule


class Governing(Struct, frozen=True):
    """Policies that every profile of the workspace is under.

    Attributes:
        lost: What of them is left out, in words, or empty; then no profile can stay.
    """

    policies: tuple[str, ...]
    lost: str = ""


class PolicyBook:
    """All policies by id, those of files and those that profiles and workflows bring of their own."""

    def __init__(self, ledger: Ledger, homes: Mapping[str, str]) -> None:
        """Take the files of hooks, each with the directory for which it holds."""
        self.policies: dict[str, Policy] = {}
        self.owners: dict[str, ItemKey] = {}
        self._homes = homes
        self._index = NameIndex()
        self._ledger = ledger

    def add_files(self, drafts: Mapping[str, PolicyDraft], scope: ToolScope) -> None:
        """Enter the policies that are files; one with a restriction that cannot be said is lost."""
        for name, draft in drafts.items():
            key: ItemKey = ("policies", name)
            if self.can_be_said(key, draft.unsaid, Place(draft.path, draft.line)):
                self.policies[name] = Policy(
                    title=draft.title,
                    description=draft.description,
                    origin=make_origin(draft.path, draft.dialect),
                    default=draft.default,
                    rules=scope.resolve_rules(draft.rules, path=draft.path),
                )
        for section, name in self._ledger.places:
            if section == "policies":
                place = self._ledger.places[(section, name)]
                self._index.add(name, place.file, (name, name.rsplit("/", 1)[-1]))

    def can_be_said(self, key: ItemKey, unsaid: Iterable[UnsaidRule], place: Place) -> bool:
        """Tell whether only permissions are lost; otherwise the item is lost with its restriction."""
        lost = [rule for rule in unsaid if rule.effect != "allow"]
        if lost:
            self._ledger.lose(
                key,
                "item.incomplete",
                Place(place.file, lost[0].line or place.line),
                f"left out, because {len(lost)} of its restrictions cannot be said; without them it would allow more",
                "write the restriction in a form that docs/guides/authoring.md lists",
            )
        return not lost

    def add_own(
        self,
        name: str,
        owner: ItemKey,
        default: Effect,
        rules: Mapping[str, Rule],
        draft: ProfileDraft | WorkflowDraft,
    ) -> str:
        """Enter a policy that a profile or workflow brings; returns its id."""
        key: ItemKey = ("policies", name)
        if name in self.policies:
            self._ledger.lose(
                key,
                "id.collision",
                Place(draft.path),
                f"two policies have the id `{name}`",
                "rename the file",
            )
        self._ledger.places.setdefault(key, Place(draft.path, draft.line))
        self.owners[name] = owner
        self.policies[name] = Policy(
            origin=make_origin(draft.path, draft.dialect), default=default, rules=dict(rules)
        )
        return name

    def resolve(self, references: Iterable[NameReference], owner: ItemKey, path: str) -> list[str] | None:
        """Return ids of policies by name; None when one of them is not to be had, and then the owner is lost."""
        found: list[str] = []
        complete = True
        for reference in references:
            ids = self._index.find(reference.written, path)
            if len(ids) == 1 and ("policies", ids[0]) not in self._ledger.lost:
                found.append(ids[0])
                continue
            complete = False
            reason = "is left out" if ids else "does not exist"
            if len(ids) > 1:
                reason = f"may be any of {', '.join(ids[:4])}"
            self._ledger.lose(
                owner,
                "policy.unresolved",
                Place(path, reference.line),
                f"the policy `{show_name(reference.written)}` that confines it {reason}",
                "name a policy of `.yoi/policies/`, by its id",
            )
        return found if complete else None

    def find_hooks(self, path: str) -> Governing:
        """Return the policies of the hooks that hold for a file's directory, but not for the whole workspace."""
        held = [key for key, home in self._list_homes() if home and path.startswith(f"{home}/")]
        lost = [name for section, name in held if (section, name) in self._ledger.lost]
        return Governing(
            tuple(name for _, name in held if name not in lost), ", ".join(show_path(name) for name in lost)
        )

    def _list_homes(self) -> list[tuple[ItemKey, str]]:
        """Return each policy of a file of hooks, also one that is lost, with the directory for which it holds."""
        if not self._homes:
            return []
        return sorted(
            (key, self._homes[place.file])
            for key, place in self._ledger.places.items()
            if key[0] == "policies" and key[1] not in self.owners and place.file in self._homes
        )

    def find_governing(self, names: Iterable[str], failed: frozenset[str], line: int) -> Governing:
        """Return the policies of the workspace's own settings and hooks, and of `policies` in `workspace.toml`.

        Args:
            names: That list.
            failed: Files that could not be read at all.
            line: Of that list in `workspace.toml`.
        """
        policies: list[str] = []
        lost: list[str] = [path for path in GOVERNING_FILES if path in failed]
        for (section, name), place in sorted(self._ledger.places.items(), key=lambda pair: pair[0]):
            if section == "policies" and (place.file in GOVERNING_FILES or self._homes.get(place.file) == ""):
                (lost if (section, name) in self._ledger.lost else policies).append(name)
        for name in names:
            ids = self._index.find(name, WORKSPACE_FILE)
            if len(ids) == 1 and ("policies", ids[0]) not in self._ledger.lost:
                policies.append(ids[0])
            else:
                lost.append(name)
                self._ledger.report(
                    "error",
                    "policy.unresolved",
                    Place(WORKSPACE_FILE, line),
                    f"the policy `{show_name(name)}` that governs every profile is not to be had",
                    "name one policy of `.yoi/policies/`, by its id, and mend it if it is at fault",
                )
        shown = ", ".join(show_path(name) for name in lost)
        return Governing(tuple(dict.fromkeys(policies)), shown)
