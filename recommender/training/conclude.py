"""The end of every training, in one transaction: register the version, put it into use or say why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
from django.db import transaction
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from recommender.models import Run, Version
from recommender.registry import versions
from recommender.registry.proposals import propose
from recommender.training.judge import Verdict
from recommender.training.memory import peak_bytes
from recommender.training.watch import Watch


@dataclass(frozen=True)
class Conclusion:
    """What a training came to."""

    trained: versions.Trained
    metrics: Mapping[str, float]
    verdict: Verdict
    compared_with: Version | None  # the version in use that the verdict looked at
    fit_seconds: float
    measured: NDArray[np.floating] | None = None  # (n_tested,) the measure that decides, learner by learner


def conclude(watch: Watch, end: Conclusion) -> None:
    """Commit all of it or nothing.

    Raises:
        JobCancelled, LeaseLost: nothing of the run is kept.
    """
    run = cast("Run", watch.lease.job)
    watch.step(_("storing the version"), 1.0)
    with transaction.atomic():
        watch.lease.confirm(
            verdict=end.verdict.sentence,
            findings=[finding.as_json() for finding in end.verdict.findings],
            passes=end.verdict.passes,
            fit_seconds=end.fit_seconds,
            peak_memory_bytes=peak_bytes(),
        )
        version = versions.register(run, end.trained, end.metrics, end.measured)
        if end.verdict.asks:
            propose(version, end.verdict.sentence)
        if not end.verdict.promotes:
            return
        if versions.live(run.organisation, run.kind, run.course) != end.compared_with:
            late = _("Not put into use: another version was put into use while this one was trained. %(verdict)s")
            watch.lease.confirm(verdict=late % {"verdict": end.verdict.sentence})
            return
        versions.promote(version, by=run.requested_by, why=end.verdict.sentence)
