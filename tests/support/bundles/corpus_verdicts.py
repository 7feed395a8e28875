"""Verdicts on the commands of the corpora under the deny rules of their settings files, counted.

    python tests/support/bundles/corpus_verdicts.py [--json FILE] [--against FILE]

Commands are those that allow rules name and those in fenced shell code. With `--against`, what an earlier version said
(`--json` writes it) is compared: calls that were denied and now pass, and calls that pass now and did not.
"""

import argparse
import collections
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from yoi_bundle.authoring.dialects.claude.rules import Saying, say_rule
from yoi_bundle.calls import CompiledPolicy, ToolCall
from yoi_bundle.manifest import Policy, Rule, compute_rule_id

_CORPORA = Path(__file__).resolve().parents[3].parent / "shared" / "corpora"
_FENCE = re.compile(r"^```(?:bash|sh|shell)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_ALLOWED = re.compile(r"Bash\(([^()]{1,200})\)")


def list_commands(corpora: Path) -> list[str]:
    """Return the commands of all files, each once, in their order."""
    found: dict[str, None] = {}
    for path in sorted(corpora.rglob("*")):
        if path.is_file() and path.suffix in (".md", ".json") and path.stat().st_size < 500_000:
            text = path.read_text(encoding="utf-8", errors="replace")
            for spec in _ALLOWED.findall(text):
                found[re.sub(r"[: ]?\*$", "", spec)] = None
            for block in _FENCE.findall(text):
                found[block.strip()] = None
                found.update(dict.fromkeys(line.strip() for line in block.split("\n") if line.strip()))
    return list(found)


def list_policies(corpora: Path) -> Iterator[tuple[str, CompiledPolicy]]:
    """Yield a policy for each settings file with deny rules: those rules, and all else is allowed."""
    for path in sorted(corpora.rglob("*.json")):
        try:
            denied = json.loads(path.read_text(encoding="utf-8"))["permissions"]["deny"]
        except (ValueError, KeyError, TypeError, OSError):
            continue
        rules: dict[str, Rule] = {}
        for written in denied:
            said = say_rule(written, "deny")
            for target in said.targets if isinstance(said, Saying) else ():
                effect = getattr(target, "effect", None) or "deny"
                rule = Rule(effect=effect, tool=target.pattern or "*", where=target.where)
                rules[compute_rule_id(rule)] = rule
        yield path.name, CompiledPolicy(Policy(default="allow", rules=rules))


def judge_all(corpora: Path) -> dict[str, dict[str, str]]:
    """Return the verdict on every command under every policy."""
    commands = list_commands(corpora)
    return {
        name: {
            one: policy.compute_verdict(ToolCall("shell.run", {"command": one})).effect for one in commands
        }
        for name, policy in list_policies(corpora)
    }


def main() -> int:
    """Print counts, and what changed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--against", type=Path)
    options = parser.parse_args()
    verdicts = judge_all(_CORPORA)
    for name, found in verdicts.items():
        counts = collections.Counter(found.values())
        sys.stdout.write(f"{name}: {len(found)} commands, {dict(sorted(counts.items()))}\n")
    if options.json:
        options.json.write_text(json.dumps(verdicts), encoding="utf-8")
    if options.against:
        before = json.loads(options.against.read_text(encoding="utf-8"))
        for name, found in verdicts.items():
            changes = [
                (before[name][one], new, one) for one, new in found.items() if before[name][one] != new
            ]
            counted = collections.Counter((old, new) for old, new, _ in changes)
            sys.stdout.write(f"{name}: changes {dict(counted)}\n")
            for old, new, one in changes:
                if new == "allow" or (old, new) == ("allow", "deny"):
                    sys.stdout.write(f"  {old} -> {new}: {one[:150]!r}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
