"""Authoring: from a directory that people edit by hand to a verified bundle and its digest (B-14).

1. `source.walk.walk_directory` reads the directory, never leaves it, and gives a `source.tree.SourceTree`.
2. `build.build_bundle` is the whole of the rest, and what callers use.
3. `read.read_source` reads `.yoi/workspace.toml` first, then gives each file its kind (`source.classify.classify_files`).
4. The reader of each kind (`read._READERS`, in `dialects`) turns a file into drafts (`drafts.draft.Contribution`).
5. `assembly.assemble.Assembly` gives ids, resolves names, flattens inheritance, and makes a `Manifest` with its blobs.
6. `boundary_checks.check_boundaries` looks for credentials, host places and hidden text in all that would enter.
7. `canonical.encode_canonical` and `digest.compute_digest` make the bytes and the digest; `verified.verify_manifest` judges
   them as a receiver would.
8. A lenient build leaves out the items at fault and what depends on them, and begins again at 5.
9. `source.file_account.account_files` accounts for every file, read or left out, and paths are made printable.
"""
