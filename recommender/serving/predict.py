"""Risk of every running enrolment on a day: read -> examples by course day -> predict -> explain -> store.

Everything is done for all of them at once; memory follows the days that people studied in courses that run.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
from django.db import connection, transaction
from django.utils import timezone
from numpy.typing import NDArray

from analytics.public import Organisation
from recommender.datasets.studies import Flags, Ints, Studies
from recommender.evaluation.outcome_metrics import AT_RISK_SHARE
from recommender.models import Confidence, Risk
from recommender.outcomes.base import FACTOR_NAMES, Prediction, medians
from recommender.outcomes.examples import Examples, examples_on
from recommender.outcomes.factors import INSTEAD, TELLINGS
from recommender.serving.predictor import LivePredictor
from recommender.study_history import studies

FIRST_KNOWN_DAY = 3
"""Before that day of a course, and of an enrolment that began later, there is not enough data yet."""
SURE_DAY, FAIRLY_SURE_DAY = 30, 14
SURE_TRUST = 1 / 3
"""Of `Examples.trust`: the course has run before, with some hundred enrolments."""
MOST_TOLD = 4
"""Factors, and strengths: more nobody reads."""
LEAST_EFFECT = 0.01
"""Of a factor that is told: a percentage point."""
SLIGHT_EFFECT = 0.001
"""Of a factor that raises the risk of somebody at risk for whom no factor does more."""
_COLUMNS = (
    "organisation_id", "enrolment_id", "version_id", "on", "course_day", "is_known", "risk_share", "grade_share",
    "confidence", "factors", "strengths", "calculated_at",
)  # fmt: skip


@dataclass(frozen=True)
class Batch:
    """Predictions for the enrolments that stand on one course day."""

    examples: Examples
    found: Prediction
    peers: NDArray[np.float32]  # (k, n_tellings) medians of what is told of the cohort


@dataclass(frozen=True)
class Predicted:
    on: date
    n_enrolments: int
    n_known: int


def predict_running(
    organisation: Organisation, live: LivePredictor, check_stop: Callable[[], None] = lambda: None
) -> Predicted:
    """Predict for every enrolment that runs by the organisation's clock, and store it as of its today.

    What was predicted before on the same day is replaced; other days stay, as history.
    """
    data = studies(organisation, only_running=True)
    today = data.today_on
    running = running_on(data)
    batches = []
    for batch in predicted(data, live, running):
        check_stop()
        batches.append(batch)
    early = np.flatnonzero(running & ~has_begun(data))
    on = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=today)).date()
    lines = [line for batch in batches for line in lines_of(data, batch)]
    lines += _unknown_lines(data, early, today)
    _store(organisation, live, on, lines)
    return Predicted(on, len(lines), len(lines) - len(early))


def running_on(data: Studies) -> Flags:
    """(n,) who is enrolled and has not ended today."""
    day = data.today_on - data.first_on
    return ~(data.start_day > day) & (data.end_day > day)


def has_begun(data: Studies) -> Flags:
    """(n,) whose enrolment has run for long enough to say something: one who came yesterday has missed nothing yet."""
    since = data.today_on - data.first_on - np.maximum(np.nan_to_num(data.start_day), 0)
    return np.asarray(since >= FIRST_KNOWN_DAY)


def predicted(data: Studies, live: LivePredictor, running: Flags) -> Iterator[Batch]:
    """Cohorts that began together are asked about together, on their own course day."""
    day = data.today_on - data.first_on
    asked = running & has_begun(data)
    for each in np.unique(day[asked]):
        examples = examples_on(
            data,
            int(each),
            only=asked & (day == each),
            with_weeks=live.predictor.uses_weeks,
        )
        yield Batch(examples, live.predictor.predict(examples), _peers(examples))


def confidence_of(examples: Examples) -> NDArray[np.str_]:
    """(k,) how much is known: days of the course, and whether it has run before."""
    sure = (examples.day >= SURE_DAY) & (examples.trust >= SURE_TRUST)
    fairly = examples.day >= FAIRLY_SURE_DAY
    return np.where(sure, Confidence.HIGH.value, np.where(fairly, Confidence.MEDIUM.value, Confidence.LOW.value))


def _peers(examples: Examples) -> NDArray[np.float32]:
    _cohorts, place = np.unique(examples.cohort, return_inverse=True)
    return np.column_stack([medians(place, column)[place] for column in examples.told.T])


def lines_of(data: Studies, batch: Batch) -> list[str]:
    """One line of COPY per example, without what is the same for all."""
    examples, found = batch.examples, batch.found
    rows = zip(
        data.enrolment_ids[examples.owner].tolist(),
        examples.day.tolist(),
        found.risk_share.tolist(),
        found.grade_share.tolist(),
        confidence_of(examples).tolist(),
        told_of(examples.told, batch.peers, found.effects, 1, found.risk_share >= AT_RISK_SHARE),
        told_of(examples.told, batch.peers, found.effects, -1),
        strict=True,
    )
    return [
        f"{enrolment}\t{day}\tt\t{risk:.6f}\t{_number(grade)}\t{confidence}\t{up}\t{down}"
        for enrolment, day, risk, grade, confidence, up, down in rows
    ]


def told_of(
    values: NDArray[np.float32],
    peers: NDArray[np.float32],
    effects: NDArray[np.float32],
    sign: int,
    needs_reason: Flags | None = None,
) -> list[str]:
    """Per example a JSON list of what raises (sign 1) or lowers (-1) its risk, strongest first: see `FactorShare`.

    Written as text at once: a dictionary for each of some hundred thousand shares took longer than predicting them.

    Args:
        values: (k, n_tellings) of the learners.
        peers: (k, n_tellings) of their peers.
        effects: (k, n_factors).
        sign: 1 or -1.
        needs_reason: (k,) of whom slight effects are told where there is no other.
    """
    names = list(TELLINGS)
    effects = _told_once(values, effects)
    strength = np.where(np.isfinite(values), sign * effects, 0.0)
    is_told = strength >= LEAST_EFFECT
    if needs_reason is not None:
        is_told |= (needs_reason & ~is_told.any(axis=1))[:, None] & (strength >= SLIGHT_EFFECT)
    strength = np.where(is_told, strength, 0.0)
    places = np.argsort(-strength, axis=1, kind="stable")[:, :MOST_TOLD]
    told = np.take_along_axis(strength, places, axis=1) > 0
    columns = (np.take_along_axis(each, places, axis=1)[told].tolist() for each in (values, peers, effects))
    shares = [
        f'{{"feature": "{names[place]}", "value": {value:.3f}, "peers_value": '
        f'{f"{others:.3f}" if others == others else "null"}, "effect": {effect:.4f}}}'
        for place, value, others, effect in zip(places[told].tolist(), *columns, strict=True)
    ]
    ends = np.cumsum(told.sum(axis=1)).tolist()
    return [f"[{', '.join(shares[begin:end])}]" for begin, end in zip([0, *ends[:-1]], ends, strict=True)]


def _told_once(values: NDArray[np.float32], effects: NDArray[np.float32]) -> NDArray[np.float32]:
    """(k, n_tellings) the effect of each factor at the telling that stands for it, 0 at the other."""
    names = list(TELLINGS)
    found = effects[:, [FACTOR_NAMES.index(INSTEAD.get(name, name)) for name in names]]
    for name, factor in INSTEAD.items():
        found[np.isfinite(values[:, names.index(name)]), names.index(factor)] = 0.0
    return found


def _unknown_lines(data: Studies, early: Ints, today: int) -> list[str]:
    days = (today - data.first_on[early]).tolist()
    ids = data.enrolment_ids[early].tolist()
    return [f"{each}\t{day}\tf\t\\N\t\\N\t\t[]\t[]" for each, day in zip(ids, days, strict=True)]


def _number(value: float) -> str:
    return f"{value:.6f}" if value == value else "\\N"


def _store(organisation: Organisation, live: LivePredictor, on: date, lines: list[str]) -> None:
    """Replace the day's rows in one transaction. The lines hold numbers and our own names: nothing to escape."""
    at = timezone.now().isoformat()
    text = io.StringIO()
    for line in lines:
        enrolment, rest = line.split("\t", 1)
        text.write(f"{organisation.pk}\t{enrolment}\t{live.version.pk}\t{on}\t{rest}\t{at}\n")
    text.seek(0)
    quoted = ", ".join(f'"{column}"' for column in _COLUMNS)
    with transaction.atomic(), connection.wrap_database_errors, connection.cursor() as cursor:
        Risk.objects.filter(organisation=organisation, on=on).delete()
        cursor.copy_expert(f"COPY {Risk._meta.db_table} ({quoted}) FROM STDIN", text)
