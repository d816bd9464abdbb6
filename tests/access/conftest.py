"""Rows to ask for; versions are written to a folder of the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analytics.jobs import working_on
from recommender.models import Run
from recommender.registry import versions
from recommender.serving import live, predictor
from recommender.training.retrain import retrain
from recommender.training.start import start_run
from tests.access.rows import arguments_of
from tests.cast import Cast


@pytest.fixture
def arguments(
    cast: Cast, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, list[Any]]]:
    """What stands in the addresses of North, by the name of the row; North has a version in use."""
    monkeypatch.setattr(versions, "data_folder", lambda: tmp_path)
    monkeypatch.setattr("recommender.training.retrain.MIN_TESTED", 2)  # the cast is small
    settings.NEURALINK_SWAP_SECONDS = 0
    live.forget()
    predictor.forget()
    run = start_run(cast.north.organisation, "popularity")
    with working_on(Run, run.pk) as lease:
        assert lease is not None
        retrain(lease)
    run.refresh_from_db()
    assert run.version is not None, run.error
    yield arguments_of(cast.north, run)
    live.forget()
    predictor.forget()
