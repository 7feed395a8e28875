"""From sources and archives to revisions, on a real store."""

import asyncio
import io
import os
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import pytest

from support.backend.in_process_jobs import InProcessJobs
from support.bundles.secret_tokens import TOKEN_KINDS, make_token
from support.bundles.small_bundles import SmallBundle, build_empty_bundle, build_small_bundle
from yoi_bundle.archive import write_archive
from yoi_bundle.boundary.default_scanner import create_scanner
from yoi_bundle.boundary.scanner import SecretScanner
from yoi_bundle.errors import BundleInvalidError, LimitExceededError, SecretValueError
from yoi_bundle.verified import verify_manifest
from yoi_wire.backend.errors import WorkspaceNotFoundError
from yoi_wire.backend.workspaces import DirectorySource, GitSource, NewWorkspace, PublishedSource, Source
from yoi_wire.clock import SystemClock
from yoi_wire.errors import RequestInvalidError
from yoi_workspace_server.publishing.archives import Uploads
from yoi_workspace_server.publishing.builder import Builder
from yoi_workspace_server.publishing.source_follower import SourceFollower
from yoi_workspace_server.revisions import BuildRecord
from yoi_workspace_server.sources.checkout import Checkout
from yoi_workspace_server.sources.git import GitReader
from yoi_workspace_server.sources.git_program import GitProgram
from yoi_workspace_server.sources.reading import SourceReader
from yoi_workspace_server.store.database.migration import migrate
from yoi_workspace_server.store.store import Store, open_store

_CLOCK = SystemClock()
_AUTHOR = ("-c", "user.name=Writer", "-c", "user.email=writer@library.example")


@cache
def _create_scanner() -> SecretScanner:
    """Make one for all tests; compiling its rules takes seconds."""
    return create_scanner(cache_directory=None)


class _World:
    def __init__(self, directory: Path, store: Store) -> None:
        self.store = store
        self.source = directory / "library"
        self.temporary = directory / "temporary"
        self.temporary.mkdir()
        jobs = InProcessJobs(_create_scanner())
        git = GitReader(GitProgram(os.environ), temporary=self.temporary)
        self.builder = Builder(
            store, SourceReader(git, roots=(directory,)), jobs=jobs, temporary=self.temporary, clock=_CLOCK
        )
        self.uploads = Uploads(store, jobs=jobs, temporary=self.temporary, clock=_CLOCK)

    def write(self, text: str) -> None:
        path = self.source / "agents" / "guide.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"---\nname: guide\n---\n{text}\n", encoding="utf-8")

    async def add(self, *, directory: bool) -> None:
        source = DirectorySource(path=str(self.source)) if directory else PublishedSource()
        new = NewWorkspace(id="library", source=source)
        await self.store.workspaces.add_workspace(new, actor="ann", now=_CLOCK.now())

    async def get_active(self) -> int | None:
        found = await self.store.workspaces.get_workspace("library")
        return found.active.revision if found.active else None


@asynccontextmanager
async def _open(directory: Path) -> AsyncIterator[_World]:
    url = f"sqlite:///{directory / 'backend.db'}"
    await migrate(url)
    async with open_store(url) as store:
        yield _World(directory, store)


def _play(directory: Path, story: Callable[[_World], Awaitable[None]]) -> None:
    async def play() -> None:
        async with _open(directory) as world:
            await story(world)

    asyncio.run(play())


def _archive(bundle: SmallBundle) -> bytes:
    out = io.BytesIO()
    verified = verify_manifest(bundle.manifest, bundle.digest)
    write_archive(bundle.manifest, verified, bundle.blobs.__getitem__, out, metadata=bundle.metadata)
    return out.getvalue()


async def _send(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 1000):
        yield data[start : start + 1000]


@pytest.mark.req("K-01", "B-03")
def test_only_changed_content_makes_a_revision_and_activates_it(tmp_path: Path) -> None:
    async def story(world: _World) -> None:
        world.write("Guide.")
        await world.add(directory=True)
        first = await world.builder.build("library")
        assert (first.outcome, first.revision) == ("new", 1)
        again = await world.builder.build("library")
        assert (again.outcome, again.revision, again.digest) == ("unchanged", 1, first.digest)
        world.write("Guide well.")
        second = await world.builder.build("library")
        assert (second.outcome, second.revision) == ("new", 2)
        assert await world.get_active() == 2

    _play(tmp_path, story)


@pytest.mark.req("K-01")
def test_a_build_that_fails_leaves_the_last_good_bundle_active_and_says_why(tmp_path: Path) -> None:
    async def story(world: _World) -> None:
        world.write("Guide.")
        await world.add(directory=True)
        good = await world.builder.build("library")
        world.write(f"Use {make_token(TOKEN_KINDS[0])} for it.")
        failed = await world.builder.build("library")
        assert (failed.outcome, failed.digest) == ("failed", None)
        errors = [one for one in failed.diagnostics if one.severity == "error"]
        assert [(one.file, one.rule) for one in errors] == [("agents/guide.md", "bundle.secret_value")]
        found = await world.store.workspaces.get_workspace("library")
        assert found.active is not None
        assert found.active.digest == good.digest
        world.source.rename(tmp_path / "elsewhere")
        gone = await world.builder.build("library")
        assert gone.outcome == "failed"
        assert gone.problem is not None
        assert str(tmp_path) not in str(gone.problem)

    _play(tmp_path, story)


@pytest.mark.req("K-01")
def test_a_rollback_holds_what_is_built_afterwards_until_it_is_released(tmp_path: Path) -> None:
    async def story(world: _World) -> None:
        await world.add(directory=True)
        for text in ("One.", "Two."):
            world.write(text)
            await world.builder.build("library")
        await world.store.activations.activate(
            "library", 1, rollback=True, actor="ann", reason="two was wrong", now=_CLOCK.now()
        )
        world.write("Three.")
        await world.builder.build("library")
        assert await world.get_active() == 1
        await world.store.workspaces.release_workspace("library", actor="ann", now=_CLOCK.now())
        world.write("Four.")
        await world.builder.build("library")
        assert await world.get_active() == 4

    _play(tmp_path, story)


@pytest.mark.req("K-01", "K-10")
def test_a_revision_without_any_profile_waits_for_somebody_while_the_last_good_one_stays_active(
    tmp_path: Path,
) -> None:
    async def story(world: _World) -> None:
        world.write("Guide.")
        (world.source / ".yoi").mkdir()
        (world.source / ".yoi" / "workspace.toml").write_text('id = "library"\n')
        await world.add(directory=True)
        await world.builder.build("library")
        (world.source / "agents" / "guide.md").rename(world.source / "guide.txt")
        for _ in range(2):
            await world.builder.build("library")
            assert await _get_pointer(world) == (1, 2)
        records = await world.store.audit.read_after(0)
        (withheld,) = [one for one in records if one.action == "activation.withheld"]
        assert withheld.details == {"revision": 2, "active": 1, "reason": "no_profiles"}
        await world.store.activations.activate("library", 2, actor="ann", reason="meant", now=_CLOCK.now())
        assert await _get_pointer(world) == (2, None)
        world.write("Guide again.")
        await world.builder.build("library")
        assert await _get_pointer(world) == (3, None)

    _play(tmp_path, story)


@pytest.mark.req("K-01")
def test_a_published_bundle_without_any_profile_waits_and_one_with_a_profile_ends_the_wait(
    tmp_path: Path,
) -> None:
    async def story(world: _World) -> None:
        await world.add(directory=False)
        for bundle, pointer in (
            (build_empty_bundle(), (1, None)),
            (build_small_bundle(), (2, None)),
            (build_empty_bundle(), (2, 3)),
            (build_small_bundle(), (4, None)),
        ):
            await world.uploads.publish("library", _send(_archive(bundle)), publisher="ci")
            assert await _get_pointer(world) == pointer

    _play(tmp_path, story)


async def _get_pointer(world: _World) -> tuple[int | None, int | None]:
    found = await world.store.workspaces.get_workspace("library")
    return await world.get_active(), found.withheld_revision


@pytest.mark.req("K-01")
def test_a_source_that_changes_is_built_without_being_asked(tmp_path: Path) -> None:
    async def story(world: _World) -> None:
        world.write("Guide.")
        await world.add(directory=True)
        built: asyncio.Queue[BuildRecord] = asyncio.Queue()
        follower = SourceFollower(world.store, world.builder, poll_seconds=60, announce=built.put_nowait)
        stopping = asyncio.Event()
        running = asyncio.create_task(follower.run(stopping))
        async with asyncio.timeout(30):
            assert (await built.get()).revision == 1
            number = 1
            while True:
                # The watch may begin a moment after the first build; what changes before it is the timer's.
                number += 1
                world.write(f"Guide {number}.")
                try:
                    record = await asyncio.wait_for(built.get(), 2)
                except TimeoutError:
                    continue
                assert record.outcome == "new"
                break
            stopping.set()
            await running

    _play(tmp_path, story)


@pytest.mark.req("K-01", "B-13")
def test_a_finished_bundle_becomes_a_revision_once(tmp_path: Path) -> None:
    async def story(world: _World) -> None:
        await world.add(directory=False)
        bundle = build_small_bundle("library")
        recorded = await world.uploads.publish("library", _send(_archive(bundle)), publisher="ci")
        assert (recorded.created, recorded.revision.revision) == (True, 1)
        assert recorded.revision.metadata.publisher == "ci"
        again = await world.uploads.publish("library", _send(_archive(bundle)), publisher="ci")
        assert (again.created, again.revision.revision) == (False, 1)
        assert await world.get_active() == 1
        for digest, content in bundle.blobs.items():
            assert await world.store.bundles.get_blob("library", digest) == content
        assert list(world.temporary.iterdir()) == []

    _play(tmp_path, story)


@pytest.mark.req("K-01", "B-07", "B-10")
def test_nothing_of_an_unsound_archive_is_kept(tmp_path: Path) -> None:
    async def story(world: _World) -> None:
        await world.add(directory=False)
        sound = build_small_bundle("library")
        token = make_token(TOKEN_KINDS[0])
        leaky = build_small_bundle("library", prompts={"greeting": f"Use {token}.\n".encode()})
        cases = [
            (_archive(sound)[:-1500], BundleInvalidError),
            (_archive(leaky), SecretValueError),
            (_archive(build_small_bundle("archive")), RequestInvalidError),
        ]
        for data, expected in cases:
            with pytest.raises(expected) as caught:
                await world.uploads.publish("library", _send(data), publisher="ci")
            assert token not in str(caught.value.details())
        assert await world.store.revisions.find_latest("library") is None
        assert not await world.store.bundles.has_bundle("library", leaky.digest)
        assert list(world.temporary.iterdir()) == []
        with pytest.raises(WorkspaceNotFoundError):
            await world.uploads.publish("nowhere", _send(_archive(sound)), publisher="ci")

    _play(tmp_path, story)


_WRITER = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{
        f"GIT_{who}_{what}": "writer@example.invalid"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    },
}


def _commit(directory: Path, message: str) -> None:
    for words in (("init", "-q", "-b", "main"), ("add", "--all"), ("commit", "-q", "-m", message)):
        subprocess.run(["git", "-C", str(directory), *words], env=_WRITER, check=True, capture_output=True)


@pytest.mark.req("K-01")
def test_a_commit_that_came_while_the_pointer_was_held_is_activated_once_it_is_released(
    tmp_path: Path,
) -> None:
    async def story(world: _World) -> None:
        world.write("Guide.")
        await asyncio.to_thread(_commit, world.source, "First")
        source = GitSource(url=str(world.source), ref="main")
        new = NewWorkspace(id="library", source=source)
        await world.store.workspaces.add_workspace(new, actor="ann", now=_CLOCK.now())
        await world.builder.build("library")
        named = {"actor": "ann", "now": _CLOCK.now()}
        await world.store.activations.activate("library", 1, rollback=True, reason="", **named)  # type: ignore[arg-type]
        world.write("Guide well.")
        await asyncio.to_thread(_commit, world.source, "Second")
        await world.builder.build("library")
        assert (await world.get_active(), await world.builder.needs_build("library")) == (1, False)
        await world.store.workspaces.release_workspace("library", **named)  # type: ignore[arg-type]
        assert await world.builder.needs_build("library")
        await world.builder.build("library")
        assert (await world.get_active(), await world.builder.needs_build("library")) == (2, False)
        (world.source / ".yoi").mkdir()
        (world.source / ".yoi" / "workspace.toml").write_text('id = "library"\n')
        (world.source / "agents" / "guide.md").unlink()
        await asyncio.to_thread(_commit, world.source, "Third")
        await world.builder.build("library")
        assert (await _get_pointer(world), await world.builder.needs_build("library")) == ((2, 3), False)

    _play(tmp_path, story)


class _CountingSources(SourceReader):
    """Sources of which one can be made to break, as something nobody thought of would."""

    fault: Exception | None = None

    @asynccontextmanager
    async def open(self, source: Source, version_found: str | None = None) -> AsyncIterator[Checkout]:
        if self.fault is not None:
            raise self.fault
        async with super().open(source, version_found) as checkout:
            yield checkout


@pytest.mark.req("K-01", "K-10")
def test_a_fault_while_building_is_a_failed_build_on_record(tmp_path: Path) -> None:
    async def story(world: _World) -> None:
        world.write("Guide.")
        await world.add(directory=True)
        sources = _CountingSources(
            GitReader(GitProgram(os.environ), temporary=world.temporary), roots=(tmp_path,)
        )
        sources.fault = ValueError("embedded null byte")
        builder = Builder(
            world.store,
            sources,
            jobs=InProcessJobs(_create_scanner()),
            temporary=world.temporary,
            clock=_CLOCK,
        )
        record = await builder.build("library")
        assert record.problem is not None
        assert (record.outcome, record.problem.code) == ("failed", "internal")
        sources.fault = None
        assert (await builder.build("library")).outcome == "new"

    _play(tmp_path, story)


@pytest.mark.req("K-01", "K-10")
def test_what_stays_broken_is_on_record_once_and_a_commit_is_not_built_again(tmp_path: Path) -> None:
    def start() -> Path:
        repository = tmp_path / "repository"
        repository.mkdir()
        subprocess.run(["git", "-C", str(repository), "init", "--quiet", "-b", "main"], check=True)
        return repository

    def read_head(repository: Path) -> str:
        command = ["git", "-C", str(repository), "rev-parse", "HEAD"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def commit(repository: Path, text: str) -> None:
        (repository / "agents").mkdir(exist_ok=True)
        (repository / "agents" / "guide.md").write_text(text)
        for arguments in (["add", "--all"], ["commit", "--quiet", "-m", "x"]):
            subprocess.run(["git", "-C", str(repository), *_AUTHOR, *arguments], check=True)

    async def story(world: _World) -> None:
        repository = start()
        commit(repository, "---\nname: guide\ntools: 7\n---\nBroken.\n")
        source = GitSource(url=str(repository), ref="main")
        new = NewWorkspace(id="library", source=source)
        await world.store.workspaces.add_workspace(new, actor="ann", now=_CLOCK.now())
        assert await world.builder.needs_build("library")
        first = await world.builder.build("library")
        assert first.outcome == "failed"
        assert first.problem is not None
        assert first.problem.commit == read_head(repository)
        failures = await world.store.builds.list_failures(["library", "museum"])
        assert {name: one.id for name, one in failures.items()} == {"library": first.id}
        assert not await world.builder.needs_build("library")
        again = await world.builder.build("library")
        assert again.id == first.id
        asked = await world.builder.build("library", actor="ann")
        assert asked.id != first.id
        records = await world.store.audit.read_after(0)
        assert [one.actor for one in records if one.action == "build.failed"] == ["backend", "ann"]
        commit(repository, "---\nname: guide\n---\nRepaired.\n")
        assert await world.builder.needs_build("library")
        assert (await world.builder.build("library")).outcome == "new"
        assert await world.store.builds.list_failures(["library"]) == {}

    _play(tmp_path, story)


@pytest.mark.req("K-10", "B-11")
def test_a_publication_beyond_the_quota_is_refused_and_a_build_fails_for_it(tmp_path: Path) -> None:
    async def story(world: _World) -> None:
        world.write("Guide.")
        await world.add(directory=True)
        git = GitReader(GitProgram(os.environ), temporary=world.temporary)
        builder = Builder(
            world.store,
            SourceReader(git, roots=(tmp_path,)),
            jobs=InProcessJobs(_create_scanner()),
            temporary=world.temporary,
            clock=_CLOCK,
            quota_bytes=100,
        )
        record = await builder.build("library")
        assert record.problem is not None
        assert (record.outcome, record.problem.code) == ("failed", "limit.exceeded")
        uploads = Uploads(
            world.store,
            jobs=InProcessJobs(_create_scanner()),
            temporary=world.temporary,
            clock=_CLOCK,
            quota_bytes=100,
        )
        with pytest.raises(LimitExceededError):
            await uploads.publish("library", _send(_archive(build_small_bundle())), publisher="ci")
        assert (await world.store.revisions.list_revisions("library")).items == ()
        assert (await world.builder.build("library")).outcome == "new"

    _play(tmp_path, story)
