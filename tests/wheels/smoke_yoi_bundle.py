"""Build a bundle of the example, and read it back as a receiver would."""

import sys
from pathlib import Path

from yoi_bundle.authoring.build import build_bundle
from yoi_bundle.authoring.source.walk import walk_directory
from yoi_bundle.boundary.default_scanner import create_scanner
from yoi_bundle.builtin import load_builtin_set
from yoi_bundle.limits import DEFAULT_LIMITS
from yoi_bundle.verified import verify_manifest

tree = walk_directory(Path(sys.argv[1]), limits=DEFAULT_LIMITS)
built = build_bundle(tree, scanner=create_scanner(cache_directory=None), builtins=load_builtin_set()).bundle
assert built is not None
assert verify_manifest(built.manifest, built.digest).digest == built.digest
