"""One training of a predictor, from history to use: studies -> split -> fit -> measure -> refit -> register -> judge.

The same life as a recommender's (see `retrain`), with other questions: who will not finish, asked on days along the
runs that began last, beside the logistic line and the version in use.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
from django.conf import settings
from django.utils.translation import gettext as _

from recommender.datasets.studies import NOT_FINISHED, Studies
from recommender.day_history import n_events_stored
from recommender.errors import InvalidConfig, NotEnoughData, RecommenderError, UnknownName
from recommender.evaluation.outcome_protocol import (
    OutcomeEvaluation,
    OutcomeSplit,
    asked_about,
    evaluate_outcomes,
    outcome_split,
    trained_on,
)
from recommender.models import PromotionPolicy, Run, TargetKind
from recommender.outcomes.base import Predictor
from recommender.outcomes.catalogue import build_predictor
from recommender.outcomes.examples import training_examples
from recommender.registry import versions
from recommender.study_history import course_names, groups_of, studies
from recommender.training.conclude import Conclusion, conclude
from recommender.training.judge import cannot_answer
from recommender.training.judge_outcomes import InUse, judge_outcomes
from recommender.training.watch import Watch

BASELINE = "logistic"
NOBODY = np.zeros(0, np.int64)


def train_outcomes(run: Run, watch: Watch) -> None:
    """Do the run of kind `outcome` that the watch's lease is held for.

    Raises:
        RecommenderError: it cannot be done; the message says why.
        JobCancelled, LeaseLost: see `retrain`.
    """
    watch.step(_("reading how enrolments went"), 0.1)
    data = studies(run.organisation)
    if not data.settled.any():
        raise NotEnoughData(
            _("No enrolment has ended with an outcome yet. Import courses that have ended, with their outcomes.")
        )
    split = outcome_split(data, run.seed)
    candidate, baseline, in_use = _measure(run, data, split, watch)
    then = PromotionPolicy.of(run.organisation).after_gate
    verdict = judge_outcomes(run, candidate, baseline, in_use, then)
    watch.step(_("training on everything"), 0.97)
    begun = time.monotonic()
    predictor = build_predictor(run.algorithm, run.config)
    predictor.fit(
        training_examples(data, data.settled, with_weeks=predictor.uses_weeks),
        watch.options(run.seed, _budget_seconds(run)),
    )
    trained = versions.Trained(predictor, NOBODY, len(np.unique(data.learner[data.settled])))
    conclude(
        watch,
        Conclusion(
            trained=trained,
            metrics=_figures(candidate),
            verdict=verdict,
            compared_with=in_use.version if in_use else None,
            fit_seconds=time.monotonic() - begun,
        ),
    )


def _measure(
    run: Run, data: Studies, split: OutcomeSplit, watch: Watch
) -> tuple[OutcomeEvaluation, OutcomeEvaluation, InUse | None]:
    groups = groups_of(run.organisation, data)
    candidate_of = build_predictor(run.algorithm, run.config)

    def trial(predictor: Predictor) -> OutcomeEvaluation:
        predictor.fit(trained_on(split, with_weeks=predictor.uses_weeks), watch.options(run.seed, _budget_seconds(run)))
        return evaluate_outcomes(
            predictor,
            split,
            asked_about(split, with_weeks=predictor.uses_weeks),
            course_names=lambda runs: course_names(data, runs),
            groups=groups,
        )

    watch.step(_("training on the older part"), 0.4, records=True)
    candidate = trial(candidate_of)
    watch.step(_("measuring the logistic line"), 0.5)
    is_baseline = run.algorithm == BASELINE and not run.config
    baseline = candidate if is_baseline else trial(build_predictor(BASELINE))
    watch.step(_("measuring the version in use"), 0.6)
    in_use = _in_use(run, candidate, trial)
    watch.lease.report(
        0.6,
        metrics=_figures(candidate),
        baseline_metrics=_figures(baseline),
        protocol=split.name,
        protocol_hash=candidate.protocol_hash,
        data=_described(run, data, split)
        | {
            "in_use": in_use.as_json() if in_use else None,
            "outcomes": candidate.details | {"baseline": _parts(baseline)},
        },
    )
    return candidate, baseline, in_use


def _in_use(run: Run, candidate: OutcomeEvaluation, trial: Callable[[Predictor], OutcomeEvaluation]) -> InUse | None:
    """Its own files have seen the answers: its figures must be of these questions, or its recipe is trained again."""
    version = versions.live(run.organisation, TargetKind.OUTCOME)
    if version is None:
        return None
    try:
        versions.loaded_predictor(version)
    except RecommenderError as error:
        return InUse(version, remark=cannot_answer(error))
    if version.run.protocol_hash == candidate.protocol_hash:
        return InUse(version, dict(version.metrics))
    if (version.algorithm, version.run.config) == (run.algorithm, run.config):
        return InUse(version, remark=_("the same algorithm and parameters, learnt from older data"))
    try:
        evaluation = trial(build_predictor(version.algorithm, version.run.config))
    except (UnknownName, InvalidConfig, NotEnoughData) as error:
        return InUse(version, remark=_("it could not be measured: %(why)s") % {"why": error})
    return InUse(version, evaluation.metrics, evaluation)


def _budget_seconds(run: Run) -> float:
    """A run fits its recipe twice: to measure it, and on everything."""
    return float(run.budget_seconds or settings.NEURALINK_TRAIN_SECONDS) / 2


def _figures(evaluation: OutcomeEvaluation) -> dict[str, float]:
    return {**evaluation.metrics, "n_learners": evaluation.n_learners}


def _parts(baseline: OutcomeEvaluation) -> dict[str, dict[str, float | None]]:
    """ROC-AUC of the logistic line on each day and in each course, to stand beside the candidate's."""
    days, courses = baseline.details["days"], baseline.details["courses"]
    return {
        "days": {day: figures["roc_auc"] for day, figures in days.items()},
        "courses": {row["course"]: row["roc_auc"] for row in courses},
    }


def _described(run: Run, data: Studies, split: OutcomeSplit) -> dict[str, object]:
    """What was learnt from, and how it was split."""
    known = data.settled
    first = data.first_on[known]
    return {
        "n_events_stored": n_events_stored(run.organisation),
        "n_learners": len(np.unique(data.learner[known])),
        "n_enrolments": int(known.sum()),
        "n_not_finished": int((data.outcome[known] == NOT_FINISHED).sum()),
        "n_events": int(data.days.n_events.sum()),
        "first_at": _instant(first.min()),
        "cutoff_at": _instant(data.first_on[split.test].min()),
        "last_at": _instant(first.max()),
        "n_tested": len(np.unique(data.learner[split.test])),
    }


def _instant(days: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=int(days))).isoformat()
