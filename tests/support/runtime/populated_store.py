"""A store that holds something of everything, to be damaged and repaired."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from support.bundles.small_bundles import SmallBundle, build_small_bundle
from support.runtime.manual_clock import ManualClock
from support.runtime.runtime_under_test import EmbeddedUnderTest, build_caller, create_worker, store_bundle
from worker_runtime.contract.assignments import AssignmentRequest
from worker_runtime.embedded.repair import repair_data_directory
from yoi_wire.worker_requests import WorkerInput

TEXT = b"A text that stands in one blob only.\n"


class Populated:
    """A store with an assigned bundle and some Workers, the third one ended, and what its readers saw of it."""

    def __init__(
        self,
        runtime: EmbeddedUnderTest,
        *,
        keys: Sequence[str] = ("one", "two", "three"),
        prompts: Mapping[str, bytes] | None = None,
    ) -> None:
        self.runtime = runtime
        self.bundle: SmallBundle = build_small_bundle(prompts=prompts or {"p": TEXT})
        store_bundle(runtime, build_caller(), self.bundle)
        request = AssignmentRequest(digest=self.bundle.digest, revision=1, generation=4)
        self.assignment = self.ask("put_assignment", "library", request)
        self.workers = [create_worker(runtime, build_caller(), self.bundle, key=key).id for key in keys]
        for worker in self.workers:
            self.ask("send_worker_input", worker, WorkerInput(text=f"spoken to {worker}"))
        self.ask("cancel_worker", self.workers[2])
        self.seen = {worker: self.look_at(worker) for worker in self.workers}

    def ask(self, operation: str, *arguments: Any) -> Any:
        return self.runtime.run(getattr(self.runtime.api, operation)(build_caller(), *arguments))

    def look_at(self, worker: str) -> tuple[Any, ...]:
        return (
            self.ask("get_worker", worker),
            self.ask("get_worker_spec", worker),
            self.ask("get_worker_explanation", worker),
            self.ask("list_worker_events", worker),
        )

    def damage(self, apply: Callable[[Path], object]) -> None:
        self.runtime.api.close()
        apply(self.runtime.directory)
        self.runtime.restart()

    def repair(self) -> Any:
        self.runtime.api.close()
        report = repair_data_directory(self.runtime.directory, host=self.runtime.host, clock=ManualClock())
        self.runtime.restart()
        return report
