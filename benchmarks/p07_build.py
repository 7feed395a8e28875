"""P-07: build of 2,000 files, 20 MB, all checks on.

At most 5 x (read, hash and YAML-parse the same files) + the secret scanner's own time, its start included.
Both run in processes of their own, interleaved; the scanner's time is taken inside the build.

    .venv/bin/python benchmarks/p07_build.py [DIRECTORY]

Without a directory the workspace is generated: agents, commands, skills and instructions with frontmatter and
prose of random words, the same on every run.
"""

import contextlib
import hashlib
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 7
FILES = 2_000
TOTAL_BYTES = 20_000_000
SYLLABLES = [
    "ka",
    "ro",
    "mi",
    "ten",
    "sul",
    "ba",
    "nor",
    "el",
    "ti",
    "gra",
    "von",
    "du",
    "ris",
    "om",
    "pe",
    "lan",
]


def main() -> None:
    if len(sys.argv) == 5 and sys.argv[1] == "part":
        PARTS[sys.argv[2]](Path(sys.argv[3]), Path(sys.argv[4]))
        return
    with tempfile.TemporaryDirectory() as scratch:
        workspace = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(scratch, "workspace")
        if len(sys.argv) == 1:
            write_workspace(workspace)
        files = [path for path in workspace.rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files)
        print(f"workspace: {len(files)} files, {size / 1e6:.1f} MB; median of {ROUNDS} interleaved rounds")
        cache = Path(scratch, "cache")
        cache.mkdir()
        run_part("build", workspace, cache)  # the scanner compiles its rules once a machine
        rounds = [
            (*run_part("bare", workspace, cache), *run_part("build", workspace, cache)) for _ in range(ROUNDS)
        ]
        report(rounds)


def report(rounds: list[tuple[float, ...]]) -> None:
    bare, build, scanner = (statistics.median(one[index] for one in rounds) for index in range(3))
    ratio = statistics.median((one[1] - one[2]) / one[0] for one in rounds)
    allowed = statistics.median(one[1] / (5 * one[0] + one[2]) for one in rounds)
    print(f"  read, hash and parse  {bare:7.3f} s")
    print(f"  build, all checks on  {build:7.3f} s, of which the scanner {scanner:.3f} s, its start included")
    print(
        f"P-07: (build - scanner) / bare = {ratio:.2f}, at most 5; build / allowed = {allowed:.2f}, at most 1"
    )


def run_part(name: str, workspace: Path, cache: Path) -> list[float]:
    """Run one part in a process of its own; it prints its seconds, without the interpreter's start."""
    command = [sys.executable, __file__, "part", name, str(workspace), str(cache)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [float(one) for one in printed.split()]


def read_hash_parse(workspace: Path, _cache: Path) -> None:
    """The denominator: the same files read, hashed, and their frontmatter parsed, and nothing else."""
    import yaml12

    started = time.perf_counter()
    for path in sorted(workspace.rglob("*")):
        if not path.is_file():
            continue
        data = path.read_bytes()
        hashlib.sha256(data).hexdigest()
        if path.suffix == ".md" and data.startswith(b"---\n"):
            end = data.find(b"\n---", 4)
            with contextlib.suppress(ValueError):
                yaml12.parse_yaml(data[4:end].decode())
    print(time.perf_counter() - started)


def build(workspace: Path, cache: Path) -> None:
    from yoi_bundle.authoring.build import build_bundle
    from yoi_bundle.authoring.source.walk import walk_directory
    from yoi_bundle.boundary.default_scanner import create_scanner
    from yoi_bundle.limits import DEFAULT_LIMITS

    spent = 0.0

    class TimedScanner:
        """The real scanner, with its time told apart."""

        def __init__(self) -> None:
            self.scanner = create_scanner(cache_directory=cache)

        def scan(self, texts):
            nonlocal spent
            texts = list(texts)
            started = time.perf_counter()
            found = self.scanner.scan(texts)
            spent += time.perf_counter() - started
            return found

    started = time.perf_counter()
    tree = walk_directory(workspace, limits=DEFAULT_LIMITS)
    build_bundle(tree, workspace="bench", scanner=TimedScanner(), limits=DEFAULT_LIMITS, lenient=True)
    print(time.perf_counter() - started, spent)


PARTS = {"bare": read_hash_parse, "build": build}


def write_workspace(root: Path) -> None:
    choose = random.Random(7)
    words = ["".join(choose.choices(SYLLABLES, k=choose.randint(1, 4))) for _ in range(4_000)]
    kinds = ("plugins/p{}/agents/a{}.md", "plugins/p{}/commands/c{}.md", "plugins/p{}/skills/s{}/SKILL.md")
    for index in range(FILES):
        relative = kinds[index % len(kinds)].format(index % 60, index)
        path = root / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        name = f"name: {path.parent.name if path.name == 'SKILL.md' else path.stem}\n"
        description = " ".join(choose.choices(words, k=30))
        body = write_prose(choose, words, TOTAL_BYTES // FILES)
        path.write_text(f"---\n{name}description: {description}\n---\n{body}", encoding="utf-8")


def write_prose(choose: random.Random, words: list[str], size: int) -> str:
    lines = []
    while size > 0:
        line = " ".join(choose.choices(words, k=12)).capitalize() + "."
        lines.append(line)
        size -= len(line) + 1
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
