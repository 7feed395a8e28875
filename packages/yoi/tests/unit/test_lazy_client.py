"""What a command does not need it does not import."""

import json
import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["yoi.commands.workspace", "yoi.backend.workers", "yoi.runtime.remote"])
def test_the_http_library_is_imported_with_the_first_request(module: str) -> None:
    program = f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert module in found
    assert {"aiohttp", "opentelemetry"} & set(found) == set()
