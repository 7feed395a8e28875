"""What is mutated, and which tests should notice."""

from pathlib import Path
from typing import NamedTuple

_RUNTIME = "packages/worker-runtime"
_BUNDLE = "packages/yoi-bundle"
_SERVER = "packages/yoi-workspace-server"


class Group(NamedTuple):
    """Source files that share their tests.

    Attributes:
        sources: Files and folders, from the root of the repository.
        tests: Quick ones first; the first that fails decides.
        deep_tests: Slow ones, only with `--deep`.
        sample: How many mutants are drawn, or None for all.
    """

    name: str
    sources: tuple[str, ...]
    tests: tuple[str, ...]
    deep_tests: tuple[str, ...] = ()
    sample: int | None = None

    def list_sources(self, root: Path) -> list[Path]:
        """Return the modules, sorted."""
        found: set[Path] = set()
        for source in self.sources:
            path = root / source
            found.update([path] if path.suffix == ".py" else path.rglob("*.py"))
        return sorted(path for path in found if path.name != "__init__.py")

    def name_module(self, root: Path, path: Path) -> str:
        """Return the dotted name under which tests import a source file."""
        inside = path.relative_to(root).as_posix().partition("/src/")[2]
        return inside.removesuffix(".py").replace("/", ".")


GROUPS = (
    Group(
        name="resolution",
        sources=(f"{_RUNTIME}/src/worker_runtime/resolution",),
        tests=(
            f"{_RUNTIME}/tests/unit/test_resolution_reasons.py",
            f"{_RUNTIME}/tests/unit/test_explained_decisions.py",
            f"{_RUNTIME}/tests/unit/test_precomputed_items.py",
            f"{_RUNTIME}/tests/unit/test_settling_needs.py",
            f"{_RUNTIME}/tests/unit/test_workflow_models.py",
            f"{_RUNTIME}/tests/unit/test_rights.py",
            f"{_RUNTIME}/tests/unit/test_host_patterns.py",
            f"{_RUNTIME}/tests/unit/test_intent_layer.py",
            f"{_RUNTIME}/tests/unit/test_facts_layer.py",
            f"{_RUNTIME}/tests/unit/test_host_layer.py",
            f"{_RUNTIME}/tests/unit/test_entries_of_tool_lists.py",
            f"{_RUNTIME}/tests/unit/test_call_decision.py",
            f"{_RUNTIME}/tests/unit/test_spec_diff.py",
            f"{_RUNTIME}/tests/unit/test_selectors.py",
            f"{_RUNTIME}/tests/unit/test_url_origins.py",
            f"{_RUNTIME}/tests/unit/test_plan_cache.py",
            f"{_RUNTIME}/tests/unit/test_spec_cache_entries.py",
            f"{_RUNTIME}/tests/unit/test_spec_cache.py",
            f"{_RUNTIME}/tests/unit/test_malicious_bundles.py",
        ),
        deep_tests=(f"{_RUNTIME}/tests/property/test_resolution_properties.py",),
    ),
    Group(
        name="calls",
        sources=(f"{_BUNDLE}/src/yoi_bundle/calls",),
        tests=(
            f"{_BUNDLE}/tests/unit/test_call_verdicts.py",
            f"{_BUNDLE}/tests/unit/test_shell_verdicts.py",
            f"{_BUNDLE}/tests/unit/test_reported_verdicts.py",
            f"{_BUNDLE}/tests/unit/test_shells_that_differ.py",
            f"{_BUNDLE}/tests/unit/test_commands_that_run_others.py",
            f"{_BUNDLE}/tests/unit/test_hooks_that_guard.py",
            f"{_BUNDLE}/tests/unit/test_recorded_verdicts.py",
            f"{_BUNDLE}/tests/unit/test_rule_text.py",
        ),
        deep_tests=(f"{_BUNDLE}/tests/property/test_verdict_properties.py",),
    ),
    Group(
        name="receiving",
        sources=tuple(
            f"{_RUNTIME}/src/worker_runtime/embedded/operations/{name}.py"
            for name in ("receiving", "pack_intake", "acceptance")
        ),
        tests=(
            f"{_RUNTIME}/tests/contract/test_text_recheck_contract.py",
            f"{_RUNTIME}/tests/contract/test_bundles_contract.py",
            f"{_RUNTIME}/tests/unit/test_malicious_bundles.py",
            f"{_RUNTIME}/tests/unit/test_rejected_profiles.py",
        ),
        sample=40,
    ),
    Group(
        name="creating",
        sources=(
            f"{_RUNTIME}/src/worker_runtime/embedded/operations/creating.py",
            f"{_SERVER}/src/yoi_workspace_server/workers/creation.py",
        ),
        tests=(
            f"{_RUNTIME}/tests/contract/test_workers_contract.py",
            f"{_SERVER}/tests/rest/test_keys_of_workers.py",
            f"{_SERVER}/tests/rest/test_creating_workers.py",
        ),
        sample=40,
    ),
    Group(
        name="boundary",
        sources=(f"{_BUNDLE}/src/yoi_bundle/boundary",),
        tests=(
            f"{_BUNDLE}/tests/unit/test_free_json.py",
            f"{_BUNDLE}/tests/unit/test_boundary_of_manifest.py",
            f"{_BUNDLE}/tests/unit/test_literals.py",
            f"{_BUNDLE}/tests/unit/test_placeholders.py",
            f"{_BUNDLE}/tests/unit/test_host_places.py",
            f"{_BUNDLE}/tests/unit/test_hidden_text.py",
            f"{_BUNDLE}/tests/unit/test_redaction.py",
            f"{_BUNDLE}/tests/unit/test_file_names.py",
            f"{_BUNDLE}/tests/unit/test_text_blobs.py",
            f"{_BUNDLE}/tests/unit/test_secret_scanner.py",
            f"{_BUNDLE}/tests/unit/test_secret_matrix.py",
            f"{_BUNDLE}/tests/unit/test_allowances.py",
            f"{_BUNDLE}/tests/unit/test_encoded_names.py",
        ),
        sample=100,
    ),
)
