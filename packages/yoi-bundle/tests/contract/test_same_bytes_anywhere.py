"""The same workspace gives the same bytes in another place, locale, time zone, umask, hash seed and directory order."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.req("B-03", "B-14")

PROGRAM = """
import sys
from pathlib import Path
from yoi_bundle.authoring.build import build_bundle
from yoi_bundle.authoring.source.walk import walk_directory

class NoScanner:
    def scan(self, texts):
        return []

result = build_bundle(walk_directory(Path(sys.argv[1])), scanner=NoScanner())
print(result.bundle.digest, [(one.file, one.line, one.rule) for one in result.diagnostics])
"""

FILES = {
    ".yoi/profiles/案内係.md": "---\ntitle: 案内係\nasks:\n  secrets: [B_TOKEN, A_TOKEN]\n---\nこんにちは\n",
    "p/.claude-plugin/plugin.json": '{"name": "p"}',
    "p/.mcp.json": '{"mcpServers": {"own": {"command": "${CLAUDE_PLUGIN_ROOT}/run.py"}}}',
    "p/run.py": "print()\n",
    "p/agents/Ä.md": "---\nname: ae\ntools: Read, mcp__own, Bash(git:*)\n---\nHilf.\n",
    "p/skills/s/SKILL.md": "---\nname: s\ndescription: d\n---\nx\n",
    "notes.txt": "left out\n",
}


def write(root: Path, *, backwards: bool, umask: int) -> Path:
    """Write the files, in one order or the other; only the owner's executable bit of one of them is set."""
    held = os.umask(umask)
    try:
        for path, text in sorted(FILES.items(), reverse=backwards):
            place = root / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        script = root / "p" / "run.py"
        script.chmod(script.stat().st_mode | 0o100)
    finally:
        os.umask(held)
    return root


def build(root: Path, environment: dict[str, str]) -> str:
    command = [sys.executable, "-X", "utf8=0", "-c", PROGRAM, str(root)]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return done.stdout


def test_nothing_around_the_workspace_is_in_the_bytes(tmp_path: Path) -> None:
    one = build(
        write(tmp_path / "one", backwards=False, umask=0o022),
        {"PYTHONHASHSEED": "1", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
    )
    other = build(
        write(tmp_path / "elsewhere" / "deeper", backwards=True, umask=0o077),
        {"PYTHONHASHSEED": "2", "LC_ALL": "POSIX", "TZ": "Asia/Tokyo"},
    )
    assert one == other
    assert one.startswith("sha256:")
