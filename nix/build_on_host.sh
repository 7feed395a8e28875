#!/usr/bin/env bash
# Build the flake for real with Debian's nix and the host's own Python in the place of nixpkgs (see docs/acceptance.md).
# Extra arguments go to `nix build`.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v nix > /dev/null; then
	apt-get install --yes --no-install-recommends nix-bin
fi
python=${PYTHON:-python3}
YOI_HOST_PYTHON_PREFIX=$("$python" -c "import sys; print(sys.base_prefix)")
YOI_HOST_PYTHON_VERSION=$("$python" -c "import platform; print(platform.python_version())")
export YOI_HOST_PYTHON_PREFIX YOI_HOST_PYTHON_VERSION
NIX_CONFIG=$'experimental-features = nix-command flakes\nsubstituters =\nsandbox = false\nbuild-users-group ='
export NIX_CONFIG
exec nix build .#yoi --no-link --impure --no-write-lock-file --override-input nixpkgs path:./nix/host --print-build-logs "$@"
