"""How long an unfinished run will still take."""

from __future__ import annotations

from recommender.models import Run

LEAST_SHARE = 0.1
"""Before it, what a process takes to begin would be taken for its pace."""
LEAST_SECONDS = 3.0


def remaining_seconds(run: Run) -> float | None:
    """What is left at the pace so far; None while there is too little to tell it from."""
    elapsed = run.duration_seconds
    if run.is_finished or elapsed is None or elapsed < LEAST_SECONDS or run.progress_share < LEAST_SHARE:
        return None
    return elapsed * (1 - run.progress_share) / run.progress_share
