"""A dry run tells what the import would do, and keeps nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from analytics.models import Event, EventKey, Import

HEADER = "id,learner,activity,verb,at\n"


def row(number: int) -> str:
    return f"e{number},l1,a1,viewed,2024-03-01T10:00Z\n"


def test_ids_that_come_again_in_a_later_batch_are_merged(import_csv: Callable[..., Import], settings: Any) -> None:
    settings.NEURALINK_BATCH_ROWS = 4
    content = (HEADER + "".join(row(n) for n in (1, 2, 3, 3, 4, 1, 5, 6, 2, 7, 1))).encode()
    for _again in range(2):  # another dry run of the same session remembers nothing of the first
        tried = import_csv(content, dry=True)
        assert (tried.n_read, tried.n_accepted, tried.n_merged) == (11, 7, 4)
        assert tried.counts_by_code == {"repeated_id": 4}
    assert not Event.objects.filter(from_import=tried).exists()
    assert not EventKey.objects.exists()
    done = import_csv(content)
    assert (done.n_accepted, done.n_merged) == (7, 4)


def test_without_that_step_ids_are_not_looked_at(import_csv: Callable[..., Import], settings: Any) -> None:
    settings.NEURALINK_BATCH_ROWS = 1
    tried = import_csv((HEADER + row(1) + row(1)).encode(), dry=True, steps_off=["merge_duplicates"])
    assert (tried.n_accepted, tried.n_merged) == (2, 0)
