"""A dry run tells what the import would do, and keeps nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analytics.imports.start import create_import
from analytics.jobs import Lease
from analytics.models import Event, EventKey, Import, JobState, Learner, Organisation
from tests.analytics.imports.conftest import worked_on

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


def test_a_dry_run_that_was_killed_begins_anew(
    organisation: Organisation, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.NEURALINK_BATCH_ROWS = 2
    path = tmp_path / "learners.csv"
    path.write_text("learner,name\n" + "".join(f"l{n},L\n" for n in (1, 2, 3, 1, 4)) + ",nobody\n")
    import_ = create_import(organisation, "learners", path, is_dry_run=True)
    confirm = Lease.confirm

    def die_later(lease: Lease, **fields: Any) -> None:
        confirm(lease, **fields)
        monkeypatch.setattr(Lease, "confirm", die)

    def die(lease: Lease, **fields: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Lease, "confirm", die_later)
    with pytest.raises(KeyboardInterrupt):
        worked_on(import_)
    monkeypatch.setattr(Lease, "confirm", confirm)
    import_.refresh_from_db()
    assert (import_.n_read, import_.checkpoint != {}) == (2, True)
    Import.objects.filter(pk=import_.pk).update(state=JobState.QUEUED)
    tried = worked_on(import_)
    assert (tried.n_read, tried.n_accepted, tried.n_merged, tried.n_rejected) == (6, 4, 1, 1)
    assert tried.counts_by_code == {"known_learner": 1, "learner_missing": 1}
    assert not Learner.objects.exists()
