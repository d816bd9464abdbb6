"""One training: guard -> history -> split -> fit -> measure -> judge -> refit -> register -> promote or say why not.

Everything that outlives the run is committed in one transaction at its end, under the lease: a run that is killed
at any moment either has left nothing and begins again, or is done. So one run ends in one version.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

import numpy as np
from django.conf import settings
from django.utils.translation import gettext as _

from analytics.public import Enrolment, Lease, NeuralinkError
from recommender.algorithms.base import Algorithm
from recommender.algorithms.catalogue import build
from recommender.datasets.interactions import Interactions
from recommender.datasets.splits import Split, time_split
from recommender.day_history import n_events_stored
from recommender.errors import NotEnoughData, RecommenderError, TrainingStopped
from recommender.evaluation.bootstrap import interval
from recommender.evaluation.protocol import MEASURE, Evaluation, evaluate
from recommender.history import activity_features, interactions, unmet
from recommender.models import PromotionPolicy, Run, Version
from recommender.registry import versions
from recommender.training import guard
from recommender.training.conclude import Conclusion, conclude
from recommender.training.judge import (
    BASELINE,
    LEAST_OF_COURSE,
    Candidate,
    Groups,
    Incumbent,
    incumbent_of,
    judge,
    segments_of,
)
from recommender.training.memory import forget_peak
from recommender.training.outcomes import train_outcomes
from recommender.training.watch import Listener, Watch, nobody
from recommender.training.working import working_folder

TRAINED_SHARE = 0.9
"""Of all interactions, in the order of time; the rest asks the questions."""
TIMED_LISTS = 50
_NO_SIZES = {"teacher", "precision"}
MIN_TESTED, MAX_TESTED = 5, 20_000
"""Learners that the figures are a mean of. More than the maximum would only make them later."""


@dataclass(frozen=True)
class Measured:
    """What was found on the questions of the split."""

    candidate: Candidate
    baseline: Evaluation
    incumbent: Incumbent | None
    groups: Groups


def retrain(lease: Lease, listener: Listener = nobody) -> None:
    """Do the run that the lease is held for.

    Raises:
        NeuralinkError: it cannot be done; the message says why.
        JobCancelled: somebody asked for the end.
        LeaseLost: another process does it now.
    """
    run = cast("Run", lease.job)
    if Version.objects.filter(run=run).exists():
        return  # the process died after the commit and before it could say so
    forget_peak()
    with working_folder(run) as folder:
        _retrain(run, Watch(lease, listener, folder))


def _retrain(run: Run, watch: Watch) -> None:
    try:
        _guard(run, watch)
        if run.predicts_outcomes:
            train_outcomes(run, watch)
        else:
            _train_recommender(run, watch)
    except TrainingStopped:
        watch.lease.check()
        raise
    except RecommenderError as error:
        raise NeuralinkError(str(error)) from error


def _guard(run: Run, watch: Watch) -> None:
    watch.step(_("looking at the data"), 0.01)
    findings = guard.look(run.organisation, run.course)
    watch.lease.report(0.01, guard=[finding.as_json() for finding in findings])
    stopping = next((finding for finding in findings if finding.is_stopping), None)
    if stopping is not None and not run.override:
        raise NeuralinkError(
            _("Not trained, because the data look broken. %(sentence)s Mend that, or start again and say why to train.")
            % {"sentence": stopping.sentence}
        )


def _train_recommender(run: Run, watch: Watch) -> None:
    data = _history(run, watch)
    split = _split(data)
    measured = _measure(run, data, split, watch)
    then = PromotionPolicy.of(run.organisation).after_gate
    verdict = judge(run, measured.candidate, measured.baseline, measured.incumbent, measured.groups, then)
    trained, fit_seconds = _refit(run, data, watch)
    evaluation = measured.candidate.evaluation
    conclude(
        watch,
        Conclusion(
            trained=trained,
            metrics=_figures(evaluation),
            verdict=verdict,
            compared_with=measured.incumbent.version if measured.incumbent else None,
            fit_seconds=fit_seconds,
            measured=evaluation.per_learner[MEASURE],
        ),
    )


def _history(run: Run, watch: Watch) -> Interactions:
    watch.step(_("reading what learners met"), 0.05)
    data = interactions(run.organisation, kind=run.kind, course=run.course)
    if not len(data):
        raise NotEnoughData(_("There is nothing to learn from: no events with such activities. Import history first."))
    return data


def _split(data: Interactions) -> Split:
    split = time_split(data, TRAINED_SHARE, max_learners=MAX_TESTED)
    if split.n_tested < MIN_TESTED:
        raise NotEnoughData(
            _(
                "Only %(n)d learners met something new both before and after %(cutoff)s, where the data are split to "
                "measure; at least %(least)d are needed. Import more history first."
            )
            % {"n": split.n_tested, "cutoff": _instant(split.parameters["cutoff"])[:10], "least": MIN_TESTED}
        )
    return split


def _measure(run: Run, data: Interactions, split: Split, watch: Watch) -> Measured:
    def trial(algorithm: Algorithm) -> Evaluation:
        algorithm.fit(split.train, watch.options(run.seed, _budget_seconds(run)))
        return evaluate(algorithm, split, check_stop=watch.lease.check)

    watch.step(_("training on the older part"), 0.5, records=True)
    challenger = build(run.algorithm, run.config)
    candidate = trial(challenger)
    facts = Candidate(candidate, _latency_ms(challenger, split), _bytes(challenger))
    watch.step(_("measuring popularity"), 0.53)
    baseline = trial(build(BASELINE))
    watch.step(_("measuring the version in use"), 0.6)
    in_use = versions.live(run.organisation, run.kind, run.course)
    incumbent = incumbent_of(run, in_use, candidate, trial)
    watch.lease.report(
        0.6,
        metrics=_figures(candidate),
        baseline_metrics=_figures(baseline),
        protocol=split.name,
        protocol_hash=candidate.protocol_hash,
        data=_described(run, data, split)
        | {"in_use": incumbent.as_json() if incumbent else None, "sizes": _sizes(challenger, facts, split, watch)},
    )
    return Measured(facts, baseline, incumbent, _groups(run, split, candidate))


def _sizes(algorithm: Algorithm, facts: Candidate, split: Split, watch: Watch) -> list[dict[str, object]]:
    """The model before and after it was made smaller, measured alike, largest first; nothing where it was not."""
    measured = [(algorithm, facts)]
    while (before := measured[0][0].before) is not None:
        found = evaluate(before, split, check_stop=watch.lease.check)
        measured.insert(0, (before, Candidate(found, _latency_ms(before, split), _bytes(before))))
    if len(measured) == 1:
        return []
    return [
        {
            "model": _named(model, algorithm),
            "precision": model.config.as_dict().get("precision"),
            "ndcg_10": one.evaluation.metrics["ndcg_10"],
            "hr_10": one.evaluation.metrics["hr_10"],
            "n_bytes": one.n_bytes,
            "latency_ms": one.latency_ms,
        }
        for model, one in measured
    ]


def _named(model: Algorithm, smallest: Algorithm) -> str:
    """What one of the sizes is: `teacher, embedding_size=128`."""
    own, final = model.config.as_dict(), smallest.config.as_dict()
    if not final.get("teacher"):
        return ""
    if own["teacher"]:
        return _("student")
    different = [f"{name}={own[name]}" for name in own if own[name] != final[name] and name not in _NO_SIZES]
    return ", ".join([_("teacher"), *different])


def _bytes(algorithm: Algorithm) -> int:
    return sum(array.nbytes for array in algorithm.state().values())


def _latency_ms(algorithm: Algorithm, split: Split) -> float:
    """The 95th of 100 times that one list takes to score, in milliseconds."""
    times = []
    for history in itertools.islice(split.test_inputs, TIMED_LISTS):
        begun = time.perf_counter()
        algorithm.score([history])
        times.append(1000 * (time.perf_counter() - begun))
    return float(np.quantile(times, 0.95))


def _groups(run: Run, split: Split, candidate: Evaluation) -> Groups:
    """Segments by what learners bring, and the larger courses; of one course alone only the former."""
    groups = dict(segments_of(candidate))
    if run.course is not None:
        return groups
    learner_ids = split.train.learner_ids[split.tested]
    enrolments = Enrolment.objects.filter(organisation=run.organisation, learner_id__in=learner_ids.tolist())
    members: dict[str, list[int]] = {}
    for course, learner_id in enrolments.order_by("course_id").values_list("course__name", "learner_id"):
        members.setdefault(course, []).append(learner_id)
    large = {name: ids for name, ids in members.items() if len(ids) >= LEAST_OF_COURSE}
    return groups | {name: np.isin(learner_ids, ids) for name, ids in large.items()}


def _refit(run: Run, data: Interactions, watch: Watch) -> tuple[versions.Trained, float]:
    """The same recipe on everything there is: what is served should know the latest weeks too."""
    watch.step(_("training on everything"), 0.97)
    begun = time.monotonic()
    algorithm = build(run.algorithm, run.config)
    algorithm.fit(data, watch.options(run.seed, _budget_seconds(run)))
    return _with_unmet(run, algorithm, data), time.monotonic() - begun


def _with_unmet(run: Run, algorithm: Algorithm, data: Interactions) -> versions.Trained:
    """Where features are enough, activities that nobody has met yet are served too."""
    ids = data.activity_ids
    new = unmet(run.organisation, ids, kind=run.kind, course=run.course) if algorithm.learns_new_activities else ids[:0]
    if len(new):
        places = np.searchsorted(ids, new)
        algorithm = algorithm.with_activities(activity_features(run.organisation, new), places)
        ids = np.insert(ids, places, new)
    return versions.Trained(algorithm, ids, data.n_learners)


def _budget_seconds(run: Run) -> float:
    """A run fits its recipe twice: to measure it, and on everything."""
    return float(run.budget_seconds or settings.NEURALINK_TRAIN_SECONDS) / 2


def _figures(evaluation: Evaluation) -> dict[str, float]:
    sure = interval(evaluation.per_learner[MEASURE])
    bounds = {f"{MEASURE}_low": sure.low, f"{MEASURE}_high": sure.high}
    return {**evaluation.metrics, **bounds, "n_learners": evaluation.n_learners}


def _described(run: Run, data: Interactions, split: Split) -> dict[str, object]:
    """What was learnt from, and how it was split."""
    return {
        "n_events_stored": n_events_stored(run.organisation),
        "n_learners": data.n_learners,
        "n_activities": data.n_activities,
        "n_interactions": len(data),
        "n_events": int(data.weight.sum(dtype=np.float64)),
        "first_at": _instant(data.at.min()),
        "last_at": _instant(data.at.max()),
        "cutoff_at": _instant(split.parameters["cutoff"]),
        "n_tested": split.n_tested,
        "n_unknown_targets": split.parameters["n_unknown_targets"],
    }


def _instant(seconds: float | None) -> str:
    return datetime.fromtimestamp(int(seconds or 0), UTC).isoformat()
