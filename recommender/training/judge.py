"""Is the new model good enough to be used? Measured beside popularity and the version in use, on one split."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from recommender.algorithms.base import Algorithm
from recommender.algorithms.catalogue import algorithm_class, build
from recommender.errors import InvalidConfig, NotEnoughMemory, UnknownName
from recommender.evaluation.protocol import MEASURE, Evaluation
from recommender.models import Run, Version

BASELINE = "popularity"

Trial = Callable[[Algorithm], Evaluation]
"""Fit on the training part of the run's split and measure on its questions."""


@dataclass(frozen=True)
class Incumbent:
    """The version in use, and what is known of it on the split of the run; `remark` says what is not."""

    version: Version
    metrics: dict[str, float] | None = None
    evaluation: Evaluation | None = None
    remark: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "version_id": self.version.pk,
            "name": str(self.version),
            "metrics": self.metrics,
            "remark": self.remark,
        }


@dataclass(frozen=True)
class Verdict:
    promotes: bool
    sentence: str


def incumbent_of(run: Run, version: Version | None, candidate: Evaluation, trial: Trial) -> Incumbent | None:
    """Measure the version in use on the run's questions, by the cheapest way that is fair.

    Its own files cannot be asked: it was refitted on everything, so it has seen the answers if they are older than
    it. Where it was measured on these very questions the figures stand; else its recipe is trained once more.
    """
    if version is None:
        return None
    if version.run.protocol_hash == candidate.protocol_hash:
        return Incumbent(version, dict(version.metrics))
    if _recipe(version.run) == _recipe(run):
        return Incumbent(version, remark=_("the same algorithm and parameters, learnt from older data"))
    try:
        evaluation = trial(build(version.algorithm, version.run.config))
    except (UnknownName, InvalidConfig, NotEnoughMemory) as error:
        return Incumbent(version, remark=_("it could not be measured: %(why)s") % {"why": error})
    return Incumbent(version, evaluation.metrics, evaluation)


def judge(run: Run, candidate: Evaluation, baseline: Evaluation, incumbent: Incumbent | None) -> Verdict:
    """No worse than popularity and than the version in use: then it may be used."""
    figure = candidate.metrics[MEASURE]
    is_good = figure >= baseline.metrics[MEASURE]
    if incumbent is not None and incumbent.metrics is not None:
        is_good = is_good and figure >= incumbent.metrics[MEASURE]
    if not is_good:
        begin = _("Not put into use, because it is worse")
    else:
        begin = _("Put into use") if run.promotes else _("Not put into use, as asked")
    sentence = _(
        "%(begin)s: NDCG@10 is %(figure).4f on %(n)d learners, popularity has %(baseline).4f%(incumbent)s."
    ) % {
        "begin": begin,
        "figure": figure,
        "n": candidate.n_learners,
        "baseline": baseline.metrics[MEASURE],
        "incumbent": _beside(candidate, incumbent),
    }
    return Verdict(is_good and run.promotes, sentence)


def _beside(candidate: Evaluation, incumbent: Incumbent | None) -> str:
    if incumbent is None:
        return _(", and no version was in use before")
    if incumbent.metrics is None:
        return _(", %(version)s in use was not compared (%(remark)s)") % {
            "version": incumbent.version,
            "remark": incumbent.remark,
        }
    text = _(", %(version)s in use has %(figure).4f") % {
        "version": incumbent.version,
        "figure": incumbent.metrics[MEASURE],
    }
    if incumbent.evaluation is None:
        return text
    difference = candidate.compared_with(incumbent.evaluation).difference
    return text + _(" (difference %(mean)+.4f, 95%% interval %(low)+.4f to %(high)+.4f)") % {
        "mean": difference.mean,
        "low": difference.low,
        "high": difference.high,
    }


def _recipe(run: Run) -> tuple[str, object]:
    """Algorithm and every parameter, also those left at their defaults."""
    try:
        return run.algorithm, algorithm_class(run.algorithm).config_class.from_dict(run.config)
    except (UnknownName, InvalidConfig):
        return run.algorithm, run.config
