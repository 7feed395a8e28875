"""Operations of an embedded Runtime: functions on one `Context`, one module a group.

One bundle, walked through:

1. `yoi_bundle.authoring.build.build_bundle` turns a directory into canonical bytes, which `yoi_bundle.digest` names.
2. `worker_runtime.sync.bundle_sync.sync_bundle` sends manifest and metadata to the Runtime, as a delta where it can.
3. `receiving.put_manifest` verifies them, and stages them under a lease that says which blobs are missing; a bundle of
   which no blob is missing is committed at once.
4. `pack_intake.take_pack` reads the blobs out of a pack, each verified against its digest as it comes.
5. `receiving.check_blob` looks into those whose content matters: `acceptance.verify_content`.
6. `receiving.stage_blobs` keeps batch by batch; `receiving.finish_upload` commits the last batch and the bundle in one
   transaction, `worker_runtime.store.bundles.put_bundle`.
7. `assignments.put` makes it the bundle of the workspace's new Workers, fenced by a generation that only grows.
8. `creating.create_worker` plans (`resolving.prepare_request`), gathers facts (`resolving.gather_facts`), decides every
   item, and stores spec, explanation and pins in one transaction.
9. `restoring.restore_workers` brings it back after a restart, from its pins alone; `worker_runtime.store.collector`
   deletes the bundle once neither assignment, lease nor Worker holds it.
"""
