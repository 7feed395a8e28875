"""Build a bundle of the example, and read it back as a receiver would."""

import sys
from pathlib import Path

import yoi_bundle

tree = yoi_bundle.walk_directory(Path(sys.argv[1]))
scanner = yoi_bundle.create_scanner(cache_directory=None)
built = yoi_bundle.build_bundle(tree, scanner=scanner, builtins=yoi_bundle.load_builtin_set()).bundle
assert built is not None
assert yoi_bundle.verify_manifest(built.manifest, built.digest).digest == built.digest
for name in yoi_bundle.__all__:
    assert getattr(yoi_bundle, name) is not None
