"""Differential test of verdicts on shell commands: what real shells run, against what the verdict let pass.

Scripts of a grammar run in an empty folder with a PATH of canaries, which write down that they ran. Long form:

    python tests/support/bundles/shell_differential.py --minutes 60
"""

import argparse
import collections
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from msgspec import Struct

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

import contextlib

from support.bundles.shell_scripts import draw_script
from yoi_bundle.calls import CompiledPolicy, ToolCall
from yoi_bundle.manifest import Effect, Policy, compute_rule_id
from yoi_bundle.rule_text import parse_rule

HARMLESS = ("ls", "cat", "true", "echo", "test", "[", "printf")
_CANARIES = ("ls", "git", "rm", "make", "sudo", "touch")
_REAL = ("cat", "timeout", "nice", "nohup", "env", "xargs", "stdbuf", "setsid", "find", "bash", "dash", "sh")
_LIMITS = 'ulimit -t 2; ulimit -f 2000; ulimit -v 500000; exec "$@"'
_SECRET = "what-only-the-secret-file-holds"
_LONGEST_SECONDS = 5
_PERL = "/usr/bin/perl"


def make_policy(default: Effect, *rules: str) -> CompiledPolicy:
    """Make a policy of rules as texts."""
    parsed = [parse_rule(rule) for rule in rules]
    return CompiledPolicy(Policy(default=default, rules={compute_rule_id(rule): rule for rule in parsed}))


ALLOW_LIST = make_policy(
    "deny",
    *(
        f"allow shell.run(command prefix: {name})"
        for name in (*HARMLESS, "bash", "sh", "dash", "find", "xargs")
    ),
)
DENY_LIST = make_policy(
    "allow", "deny shell.run(command prefix: rm)", "deny shell.run(command glob: git push*)"
)
DENY_PATH = make_policy("allow", "deny shell.run(command path: secret.txt)")


class Run(Struct, frozen=True):
    """Attributes: canaries: Name and arguments of every canary that ran; output: What was written."""

    canaries: tuple[tuple[str, ...], ...]
    output: str


class CanaryShell:
    """A folder with canaries in which scripts run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._log = folder / "log"
        bin_folder = folder / "bin"
        bin_folder.mkdir()
        for name in _CANARIES:
            self._write_canary(bin_folder / name, name)
        for name in _REAL:
            if found := shutil.which(name):
                (bin_folder / name).symlink_to(found)

    def run(self, shell: str, script: str) -> Run:
        """Run a script in a fresh folder; ends every process of it."""
        work = Path(tempfile.mkdtemp(dir=self._folder))
        self._log.write_bytes(b"")
        (work / "bin").symlink_to(self._folder / "bin")
        (work / "sub").mkdir()
        (work / "a.txt").write_text("a\n")
        (work / "secret.txt").write_text(_SECRET)
        for name in ("time", "command"):
            self._write_canary(work / name, f"./{name}")
        child = subprocess.Popen(
            ["/bin/sh", "-c", _LIMITS, "sh", shell, "-c", script],
            cwd=work,
            env={"PATH": str(self._folder / "bin"), "HOME": str(work / "sub")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            output, _ = child.communicate(timeout=_LONGEST_SECONDS)
        except subprocess.TimeoutExpired:
            output = b""
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.kill()
            child.communicate()
        records = self._log.read_text(errors="replace").split("\x1f\x1e\x1f")[:-1]
        canaries = tuple(tuple(record.split("\x1f")) for record in records)
        # What went to a file was read just as well.
        written = [path.read_text(errors="replace") for path in work.glob("**/*") if _is_new(path)]
        shutil.rmtree(work, ignore_errors=True)
        return Run(canaries, "\n".join([output.decode(errors="replace"), *written]))

    def _write_canary(self, path: Path, name: str) -> None:
        # One write for the whole record: canaries of a pipeline run at the same time. No shell takes the text for a
        # script, as it takes no real program for one: whoever allows `sh FILE` allows what the file holds.
        path.write_text(
            f'#!{_PERL}\nmy @record = ("{name}", @ARGV, "\\x1e");\n'
            f'open(my $log, ">>", "{self._log}"); syswrite($log, join("", map {{ "$_\\x1f" }} @record));\n'
        )
        path.chmod(0o755)


def _is_new(path: Path) -> bool:
    return (
        path.is_file()
        and not path.is_symlink()
        and path.name not in ("secret.txt", "a.txt", "time", "command")
    )


def judge(policy: CompiledPolicy, script: str) -> str:
    """Return a verdict's effect."""
    return policy.compute_verdict(ToolCall("shell.run", {"command": script})).effect


def find_breaches(shells: CanaryShell, script: str, programs: tuple[str, ...]) -> list[str]:
    """Run a script that some policy allows, and return what it did that its verdict forbade."""
    verdicts = {name: judge(policy, script) for name, policy in _POLICIES.items()}
    if "allow" not in verdicts.values():
        return []
    return [
        f"{name} in {Path(program).name}: {breach}"
        for program in programs
        for run in [shells.run(program, script)]
        for name, verdict in verdicts.items()
        if verdict == "allow"
        for breach in _BREACHES[name](run)
    ]


def _list_forbidden(run: Run) -> list[str]:
    return sorted({one[0] for one in run.canaries} - set(HARMLESS))


def _list_denied(run: Run) -> list[str]:
    pushes = [one for one in run.canaries if one[0] == "git" and [*_drop_options(one[1:]), ""][0] == "push"]
    return ["rm" for one in run.canaries if one[0] == "rm"] + ["git push" for _ in pushes]


def _drop_options(words: tuple[str, ...]) -> list[str]:
    rest = list(words)
    while rest and rest[0].startswith("-"):
        rest = rest[2:] if rest[0] == "-C" else rest[1:]
    return rest


def _list_readings(run: Run) -> list[str]:
    return ["secret.txt was read"] if _SECRET in run.output else []


_POLICIES = {"allow list": ALLOW_LIST, "deny list": DENY_LIST, "path deny": DENY_PATH}
_BREACHES = {"allow list": _list_forbidden, "deny list": _list_denied, "path deny": _list_readings}


def find_shells() -> tuple[str, ...]:
    """Return the shells of this machine that the test compares with."""
    return tuple(found for name in ("bash", "dash") if (found := shutil.which(name)))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Run for a while; print each script that did more than its verdict, and counts of verdicts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(2**32)
    source = random.Random(seed)
    ends_at = time.monotonic() + options.minutes * 60
    counts: collections.Counter[str] = collections.Counter()
    shown: dict[str, list[str]] = collections.defaultdict(list)
    breached = 0
    with tempfile.TemporaryDirectory() as folder:
        shells = CanaryShell(Path(folder))
        while time.monotonic() < ends_at:
            script = draw_script(source.choice)
            for name, policy in _POLICIES.items():
                kind = f"{name}: {judge(policy, script)}"
                counts[kind] += 1
                if len(shown[kind]) < 5:
                    shown[kind].append(script)
            found = find_breaches(shells, script, find_shells())
            if found:
                breached += 1
                _say(f"BREACH {script!r}: {'; '.join(found)}")
    _say(f"seed {seed}, {counts.total() // len(_POLICIES)} scripts, {breached} breaches")
    for kind, count in sorted(counts.items()):
        _say(f"{count:8} {kind}; such as {shown[kind]!r}")
    return 1 if breached else 0


if __name__ == "__main__":
    sys.exit(main())
