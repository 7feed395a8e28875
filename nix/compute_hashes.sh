#!/usr/bin/env bash
# Print the hash of the wheelhouse of each Python given, for nix/wheelhouse-hashes.json: compute_hashes.sh 3.11 3.13 …
set -euo pipefail
cd "$(dirname "$0")/.."
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
for version in "$@"; do
	.venv/bin/python -m pip -qq --disable-pip-version-check download --no-deps --only-binary :all: --require-hashes \
		--python-version "$version" --implementation cp \
		--platform manylinux_2_39_x86_64 --platform manylinux_2_35_x86_64 --platform manylinux_2_34_x86_64 --platform manylinux_2_31_x86_64 \
		--platform manylinux_2_28_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 --platform manylinux_2_5_x86_64 \
		--platform manylinux1_x86_64 --requirement requirements/runtime.txt --dest "$directory/$version"
	printf '"%s": "%s"\n' "$version" "$(nix --extra-experimental-features nix-command hash path "$directory/$version")"
done
