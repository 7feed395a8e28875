"""Two hostile workspaces beside a small one: how long the small one waits, what memory they take, and how long a stop takes.

python benchmarks/hostile_workspaces.py [--megabytes 64]
"""

import argparse
import asyncio
import resource
import tempfile
import time
from pathlib import Path

from yoi_workspace_server.publishing.build_processes import BuildProcesses
from yoi_workspace_server.publishing.build_work import BuildJob, Built


def _write(directory: Path, text: str, *, files: int) -> None:
    directory.mkdir()
    (directory / "agents").mkdir()
    for number in range(files):
        agent = f"---\nname: a{number}\ndescription: One.\n---\n{number}\n{text}\n"
        (directory / "agents" / f"a{number}.md").write_text(agent, encoding="utf-8")


async def _build(processes: BuildProcesses, root: Path, workspace: str) -> tuple[str, float]:
    results = Path(tempfile.mkdtemp(dir=root))
    job = BuildJob(directory=str(root / workspace), workspace=workspace, results=str(results))
    began = time.perf_counter()
    try:
        answer = await processes.run(job, workspace=workspace)
    except Exception as error:  # noqa: BLE001 - how it ended is what is printed
        return type(error).__name__, time.perf_counter() - began
    built = isinstance(answer, Built) and answer.digest is not None
    return "built" if built else "refused", time.perf_counter() - began


async def _measure(root: Path, megabytes: int) -> None:
    _write(root / "small", "Be brief.", files=1)
    for name in ("first", "second"):
        _write(root / name, 'api_setting = "0"\n' * (1024 * 1024 // 18), files=megabytes)
    processes = BuildProcesses(root / "rules")
    print("cold  small", *await _build(processes, root, "small"))
    print("alone small", *await _build(processes, root, "small"))
    hostile = [asyncio.create_task(_build(processes, root, name)) for name in ("first", "second")]
    await asyncio.sleep(0)
    for _ in range(4):
        still = sum(not one.done() for one in hostile)
        print(f"small beside {still} hostile ones", *await _build(processes, root, "small"), flush=True)
    began = time.perf_counter()
    await processes.close()
    print(f"stop {time.perf_counter() - began:.2f} s")
    for one in hostile:
        print("hostile", *(await one))
    for who, name in ((resource.RUSAGE_CHILDREN, "a child"), (resource.RUSAGE_SELF, "this process")):
        print(f"largest resident memory of {name}: {resource.getrusage(who).ru_maxrss // 1024} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=64)
    megabytes = parser.parse_args().megabytes
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(_measure(Path(directory), megabytes))


if __name__ == "__main__":
    main()
