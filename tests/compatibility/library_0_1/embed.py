import asyncio
import os
from contextlib import closing
from pathlib import Path

import worker_runtime as runtimes
import yoi_bundle as bundles

LIBRARY, DATA, WORKSPACE = Path("library"), Path("data"), "town-library"


def build() -> runtimes.BundleSource:
    scanner = bundles.create_scanner(cache_directory=Path("cache"))
    built = bundles.build_bundle(bundles.walk_directory(LIBRARY), scanner=scanner, workspace=WORKSPACE)
    if (bundle := built.bundle) is None:
        raise SystemExit("\n".join(f"{one.file}:{one.line}: {one.message}" for one in built.diagnostics))
    provenance = bundles.describe_provenance(LIBRARY, builder="embed.py", builder_version="1")
    now = runtimes.format_instant(runtimes.SystemClock().now())
    metadata = bundles.BundleMetadata(
        workspace=WORKSPACE, digest=bundle.digest, revision=1, created_at=now, provenance=provenance
    )

    async def read_blob(digest: str) -> bytes:
        return bundle.blobs[digest]

    return runtimes.BundleSource(metadata=metadata, manifest=bundle.manifest, read_blob=read_blob)


async def run(runtime: runtimes.EmbeddedRuntime, source: runtimes.BundleSource) -> None:
    await runtime.start()
    caller = runtimes.build_local_caller(WORKSPACE)
    await runtimes.sync_bundle(runtime, caller, source, generation=1)
    request = runtimes.WorkerRequest(selector="workspace:guide", bundle_digest=source.metadata.digest)
    question = runtimes.PreviewRequest(workspace=WORKSPACE, request=request)
    (preview,) = await runtime.resolve_worker(caller, question)
    print("refused:", [reason.message for reason in preview.refused])
    order = runtimes.CreateWorkerRequest(workspace=WORKSPACE, key="first", request=request)
    worker = await runtime.create_worker(caller, order)
    print("Worker:", worker.selector, worker.state)
    for one in (await runtime.get_worker_explanation(caller, worker.id)).decisions:
        print(one.outcome, one.kind, one.id, "-", runtimes.RULE_SENTENCES[one.steps[-1].rule])


host = runtimes.LocalHost(Path("host-policy.toml"), data_directory=DATA, environment=os.environ)
with closing(runtimes.EmbeddedRuntime(DATA, host=host)) as embedded:
    asyncio.run(run(embedded, build()))
