"""Run the program: its help, and a check of the example."""

import subprocess
import sys
from pathlib import Path

program = Path(sys.executable).with_name("yoi")
assert "Ship agent configuration" in subprocess.check_output([program, "--help"], text=True)
subprocess.run([program, "bundle", "lint", sys.argv[1]], check=True, stdout=subprocess.DEVNULL)
