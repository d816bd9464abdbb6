"""Where a run keeps what it needs to go on after it was killed: checkpoints of its trainings."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from analytics.public import JobCancelled, LeaseLost, NeuralinkError
from recommender.errors import RecommenderError
from recommender.models import Run
from recommender.registry import versions


@contextmanager
def working_folder(run: Run) -> Iterator[Path]:
    """The folder of a run, gone when the run is done, fails for good or is cancelled.

    It stays when the process is killed or told to end, and when another process has taken the run over: whoever
    works on it next goes on from there.
    """
    everything = versions.data_folder() / "working"
    folder = everything / f"run-{run.pk}"
    _sweep(everything)
    try:
        yield folder
    except LeaseLost:
        raise
    except (JobCancelled, NeuralinkError, RecommenderError):
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)


def _sweep(everything: Path) -> None:
    """Drop what runs left that ended otherwise: given up by the sweeper, or deleted."""
    left = {folder for folder in everything.glob("run-*") if folder.is_dir()}
    alive = {everything / f"run-{pk}" for pk in Run.objects.unfinished().values_list("pk", flat=True)}
    for folder in left - alive:
        shutil.rmtree(folder, ignore_errors=True)
