"""P-07: build of 2,000 files, 20 MB, all checks on.

At most 5 x (read, hash and YAML-parse the same files) + the secret scanner's own time, its start included.
Every part runs in a process of its own, several times, interleaved; the least of each counts.

    .venv/bin/python benchmarks/p07_build.py [DIRECTORY]

Without a directory the workspace is generated: agents, commands, skills and instructions with frontmatter and
prose of random words, the same on every run.
"""

import hashlib
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 5
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
        if len(sys.argv) > 1:
            workspace = Path(sys.argv[1])
        else:
            workspace = Path(scratch, "workspace")
            write_workspace(workspace)
        files = [path for path in workspace.rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files)
        print(f"workspace: {len(files)} files, {size / 1e6:.1f} MB; least of {ROUNDS} rounds each")
        cache = Path(scratch, "cache")
        cache.mkdir()
        run_part("scanner", workspace, cache)  # the scanner compiles its rules once a machine
        best = {name: float("inf") for name in PARTS}
        for _ in range(ROUNDS):
            for name in PARTS:
                best[name] = min(best[name], run_part(name, workspace, cache))
        report(best)


def report(best: dict[str, float]) -> None:
    for name, seconds in best.items():
        print(f"  {name:<10} {seconds:7.3f} s")
    allowed = 5 * best["bare"] + best["scanner"]
    ratio = (best["build"] - best["scanner"]) / best["bare"]
    print(
        f"P-07: (build - scanner) / bare = {ratio:.2f}, at most 5; build / allowed = {best['build'] / allowed:.2f}"
    )


def run_part(name: str, workspace: Path, cache: Path) -> float:
    """Run one part in a process of its own; the part prints its seconds, without the interpreter's start."""
    command = [sys.executable, __file__, "part", name, str(workspace), str(cache)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


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
            try:
                yaml12.parse_yaml(data[4:end].decode())
            except ValueError:
                continue
    print(time.perf_counter() - started)


def scan(workspace: Path, cache: Path) -> None:
    from yoi_bundle.boundary.scanner import create_scanner

    texts = [(str(path), path.read_bytes()) for path in sorted(workspace.rglob("*")) if path.is_file()]
    started = time.perf_counter()
    create_scanner(cache_directory=cache).scan(texts)
    print(time.perf_counter() - started)


def build(workspace: Path, cache: Path) -> None:
    from yoi_bundle.authoring.build import build_bundle
    from yoi_bundle.boundary.scanner import create_scanner

    from yoi_bundle.authoring.walk import walk_directory
    from yoi_bundle.limits import DEFAULT_LIMITS

    started = time.perf_counter()
    tree = walk_directory(workspace, limits=DEFAULT_LIMITS)
    build_bundle(
        tree,
        workspace="bench",
        scanner=create_scanner(cache_directory=cache),
        limits=DEFAULT_LIMITS,
        lenient=True,
    )
    print(time.perf_counter() - started)


PARTS = {"bare": read_hash_parse, "scanner": scan, "build": build}


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
