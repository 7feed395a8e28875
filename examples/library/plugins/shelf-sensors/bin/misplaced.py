#!/usr/bin/env python3
"""Lists misplaced books of one bay from readings on standard input, the shortest list of moves first."""

import json
import sys
from itertools import pairwise


def find_misplaced(readings: list[dict[str, str]]) -> list[str]:
    marks = [reading["mark"] for reading in readings]
    return [mark for before, mark in pairwise(marks) if mark < before]


if __name__ == "__main__":
    json.dump(find_misplaced(json.load(sys.stdin)), sys.stdout)
