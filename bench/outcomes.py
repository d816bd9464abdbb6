"""How well outcomes are predicted, how long that takes, and a plain booster on clicks, types and scores beside it.

Asks the database that `NEURALINK_HOME` or `NEURALINK_DATABASE_URL` names for an organisation with OULAD imported: what
is measured is what a user gets. Trained on every run but those that began last (2014J), tested on these, by those who
are still registered on the day.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import django
import numpy as np

from bench.record import Measurement

QUICK = ("--predictors", "logistic")
FIT_SECONDS = 180
"""What a training may take on two cores."""
PEER = "HistGradientBoosting on clicks a week, activity types, scores, course"
PEER_WITHOUT_COURSE = "HistGradientBoosting on clicks a week, activity types, scores"
ALL_KNOWN = datetime(2016, 1, 1, tzinfo=UTC)
"""After the last course of OULAD: every outcome is known."""
RUNNING_ON = datetime(2014, 12, 15, tzinfo=UTC)
"""In the middle of 2014J."""

# Clicks by enrolment, day of the course and type.
_CLICKS = """
    SELECT e.id, clicked.day, clicked.type, clicked.clicks FROM (
        SELECT v.learner_id, a.course_id, floor(extract(epoch FROM v.occurred_at - c.opens_at) / 86400)::int8 AS day,
               hashtext(a.tags[2])::int8 AS type, sum(v.value)::float8 AS clicks
        FROM analytics_event v JOIN analytics_activity a ON a.id = v.activity_id
        JOIN analytics_activity c ON c.id = a.course_id
        WHERE v.organisation_id = %(organisation)s AND v.verb = 'viewed'
          AND v.occurred_at < c.opens_at + interval '121 days'
        GROUP BY 1, 2, 3, 4
    ) clicked JOIN analytics_enrolment e ON e.learner_id = clicked.learner_id AND e.course_id = clicked.course_id
"""
_CLICK_COLUMNS = {"enrolment": ">i8", "day": ">i8", "type": ">i8", "clicks": ">f8"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--organisation", default="oulad")
    parser.add_argument("--predictors", default="logistic,boosting,ensemble", help="with commas")
    parser.add_argument("--budget-seconds", type=float, default=FIT_SECONDS, help="of one fit; networks stop there")
    parser.add_argument("--seed", type=int, default=0)


def measure(arguments: argparse.Namespace) -> Iterator[Measurement]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "neuralink_site.settings")
    django.setup()
    from analytics.models import Organisation
    from recommender.algorithms.base import FitOptions
    from recommender.evaluation.outcome_protocol import outcome_split
    from recommender.study_history import studies

    organisation = Organisation.objects.filter(slug=arguments.organisation).first()
    if organisation is None:
        print(f"Skipped: there is no organisation {arguments.organisation!r} with OULAD here.", file=sys.stderr)
        return
    data = studies(organisation, until=ALL_KNOWN)
    split = outcome_split(data, arguments.seed)
    peer, blind_peer = _peers(organisation, split, arguments.seed)
    for name, value in blind_peer.items():
        yield Measurement("outcomes", "oulad/later_runs/peers", name, peer[name], "", PEER_WITHOUT_COURSE, value)
    for name in arguments.predictors.split(","):
        options = FitOptions(seed=arguments.seed, budget_seconds=arguments.budget_seconds)
        yield from _one(name, organisation, split, peer, options)


def _one(name: str, organisation: Any, split: Any, peer: dict[str, float], options: Any) -> Iterator[Measurement]:
    from recommender.evaluation.outcome_protocol import asked_about, evaluate_outcomes, trained_on
    from recommender.outcomes.catalogue import build_predictor
    from recommender.study_history import course_names

    case = f"oulad/later_runs/{name}"
    predictor = build_predictor(name)
    begun = time.perf_counter()
    examples = trained_on(split, with_weeks=predictor.uses_weeks)
    predictor.fit(examples, options)
    yield Measurement("outcomes", case, "fit_seconds", time.perf_counter() - begun, "s")
    asked = asked_about(split, with_weeks=predictor.uses_weeks)
    found = evaluate_outcomes(predictor, split, asked, course_names=lambda runs: course_names(split.truth, runs))
    for day, figures in found.details["days"].items():
        yield Measurement(
            "outcomes", case, f"roc_auc_day_{day}", figures["roc_auc"], "", PEER, peer[f"roc_auc_day_{day}"]
        )
        yield Measurement("outcomes", case, f"f1_day_{day}", figures["f1"], "", PEER, peer[f"f1_day_{day}"])
        yield Measurement("outcomes", case, f"calibration_error_day_{day}", figures["calibration_error"], "share")
    for measure_name in ("roc_auc", "pr_auc", "brier", "calibration_error", "lift_10", "days_of_warning"):
        yield Measurement("outcomes", case, measure_name, found.metrics[measure_name], "")
    for measure_name in ("grade_mae", "grade_r2"):
        yield Measurement("outcomes", case, measure_name, found.metrics[measure_name], "")
    yield from _scoring(case, organisation, split, predictor)


def _scoring(case: str, organisation: Any, split: Any, predictor: Any) -> Iterator[Measurement]:
    """From the database to lines that are ready to be stored, for all who run on a day of 2014J."""
    from recommender.serving.predict import lines_of, predicted, running_on
    from recommender.serving.predictor import LivePredictor
    from recommender.study_history import studies

    live = LivePredictor(None, predictor)  # type: ignore[arg-type]
    begun = time.perf_counter()
    data = studies(organisation, until=RUNNING_ON, only_running=True)
    running = running_on(data)
    lines = [line for batch in predicted(data, live, running) for line in lines_of(data, batch)]
    seconds = time.perf_counter() - begun
    yield Measurement("outcomes", case, "scored", len(lines), "enrolments")
    yield Measurement("outcomes", case, "scoring_seconds", seconds, "s")
    yield Measurement("outcomes", case, "scoring_seconds_of_30000", seconds * 30_000 / len(lines), "s")


def _peers(organisation: Any, split: Any, seed: int) -> tuple[dict[str, float], dict[str, float]]:
    """One booster per day, as scikit-learn brings it, on the same enrolments: told the course, and not told."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    from recommender.datasets.studies import NOT_FINISHED
    from recommender.evaluation.outcome_metrics import f1, roc_auc
    from recommender.evaluation.outcome_protocol import TEST_DAYS
    from recommender.history import copied
    from recommender.outcomes.seen import seen_on

    clicks = copied(_CLICKS, {"organisation": organisation.pk}, _CLICK_COLUMNS)
    came = split.truth.outcome == NOT_FINISHED
    subject = _subjects(split.truth.runs.course_id)[split.truth.run]
    told: dict[str, float] = {}
    not_told: dict[str, float] = {}
    for day in TEST_DAYS:
        seen = seen_on(split.studies, day)
        blind = _plain_features(clicks[clicks["day"] <= day], split.truth, seen)
        train, test = seen.who & split.train, seen.who & split.test
        for found, features in ((told, np.column_stack([blind, subject])), (not_told, blind)):
            booster = HistGradientBoostingClassifier(random_state=seed).fit(features[train], came[train])
            risk = booster.predict_proba(features[test])[:, 1]
            found[f"roc_auc_day_{day}"] = roc_auc(risk, came[test])
            found[f"f1_day_{day}"] = f1(risk, came[test])
    return told, not_told


def _subjects(course_ids: np.ndarray) -> np.ndarray:
    """(r,) the place of each run's subject in the alphabet: to a booster that takes it for a number, order matters."""
    from analytics.models import Activity

    tags = dict(Activity.objects.filter(pk__in=course_ids.tolist()).values_list("pk", "tags"))
    return np.unique([tags[pk][0] for pk in course_ids.tolist()], return_inverse=True)[1]


def _plain_features(table: np.ndarray, data: Any, seen: Any) -> np.ndarray:
    """What is told of the learner up to the day and no further: clicks a week, clicks a type, results."""
    order = np.argsort(data.enrolment_ids)
    owner = order[np.searchsorted(data.enrolment_ids[order], table["enrolment"])]
    week = table["day"].astype(int) // 7
    week -= week.min()
    kind = np.unique(table["type"], return_inverse=True)[1]
    by_week, by_kind = np.zeros((len(data), week.max() + 1)), np.zeros((len(data), kind.max() + 1))
    np.add.at(by_week, (owner, week), table["clicks"])
    np.add.at(by_kind, (owner, kind), table["clicks"])
    marked = np.isfinite(seen.work.result)
    owner, result = seen.work.owner[marked], seen.work.result[marked]
    n = np.bincount(owner, minlength=len(data))
    mean = np.where(n > 0, np.bincount(owner, result, len(data)) / np.maximum(n, 1), np.nan)
    least, most = np.full(len(data), np.inf), np.full(len(data), -np.inf)
    np.minimum.at(least, owner, result)
    np.maximum.at(most, owner, result)
    return np.column_stack([by_week, by_kind, n, mean, np.where(n > 0, least, np.nan), np.where(n > 0, most, np.nan)])
