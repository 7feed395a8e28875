#!/usr/bin/env python3
"""Serves the readings of the shelf sensors; this example has no sensors and answers with an empty list."""

import json
import sys

for line in sys.stdin:
    request = json.loads(line)
    if "id" in request:
        print(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": {"readings": []}}), flush=True)
