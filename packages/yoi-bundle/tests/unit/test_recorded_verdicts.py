"""Verdicts as they were recorded: none changes unseen."""

import pytest

from support.bundles.recorded_verdicts import TABLE, write_table

pytestmark = pytest.mark.req("S-11")


def test_no_verdict_changed_since_the_table_was_written() -> None:
    recorded = TABLE.read_text(encoding="utf-8").splitlines()
    changed = [
        f"{old}\n  is now {new[:12]}"
        for old, new in zip(recorded, write_table().splitlines(), strict=True)
        if old != new
    ]
    assert not changed, "\n".join(
        [
            f"{len(changed)} changed; when that is meant: PYTHONPATH=tests python -m support.bundles.recorded_verdicts",
            *changed[:20],
        ]
    )
