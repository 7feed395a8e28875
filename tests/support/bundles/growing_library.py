"""A workspace that people go on writing at."""

import random

from support.bundles.small_bundles import SmallBundle, build_small_bundle

_PROMPTS = 24
_PROMPT_BYTES = 2048
_CHANGES = 5


class GrowingLibrary:
    """Revisions of which each changes some prompts, and sets one back to what it was; the same for each seed."""

    def __init__(self, workspace: str, seed: int) -> None:
        self._workspace = workspace
        self._source = random.Random(seed)
        self._history: list[dict[str, bytes]] = []

    def build_next(self) -> SmallBundle:
        if not self._history:
            prompts = {f"p{number}": self._write() for number in range(_PROMPTS)}
        else:
            prompts = dict(self._history[-1])
            older = self._source.choice(self._history)
            for name in self._source.sample(sorted(prompts), _CHANGES):
                prompts[name] = self._write()
            name = self._source.choice(sorted(prompts))
            prompts[name] = older[name]
        self._history.append(prompts)
        return build_small_bundle(self._workspace, prompts=prompts, revision=len(self._history))

    def _write(self) -> bytes:
        return self._source.randbytes(_PROMPT_BYTES // 2).hex().encode()
