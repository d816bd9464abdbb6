"""Enrolments whose outcome follows a rule that is known: who studies often and hands in, finishes."""

from __future__ import annotations

import numpy as np

from recommender.datasets.studies import (
    FINISHED,
    MATERIAL_KINDS,
    NOT_FINISHED,
    Materials,
    Runs,
    Studies,
    StudyDays,
    Work,
)

LENGTH_DAYS = 100
RUN_STARTS = (0, 200, 400, 600)
DUE_DAYS = (15, 40, 70)
N_MATERIALS = 30
"""Of each run: readings, of which everybody opens one more on every day of activity, until all are opened."""


def toy_studies(n_a_run: int = 60, seed: int = 0) -> Studies:
    """Four runs of one course, one after the other; diligence decides activity, hand-ins, results and the outcome.

    Even enrolments are diligent: active on 60 % of the days, hand everything in with 0.8, finish. Odd ones are active
    on 15 %, hand in half with 0.4, and do not finish. One in ten of either kind does as the other in the end.
    """
    generator = np.random.default_rng(seed)
    n = n_a_run * len(RUN_STARTS)
    run = np.repeat(np.arange(len(RUN_STARTS)), n_a_run)
    diligent = np.arange(n) % 2 == 0
    surprises = generator.random(n) < 0.1
    active = generator.random((n, LENGTH_DAYS)) < np.where(diligent, 0.6, 0.15)[:, None]
    owner, day = np.nonzero(active)
    n_events = generator.integers(1, 10, len(owner)).astype(float)
    nth = np.arange(len(owner)) - np.searchsorted(owner, owner)
    is_new = nth < N_MATERIALS
    n_by_kind = np.zeros((len(owner), len(MATERIAL_KINDS)), np.float32)
    n_by_kind[:, 0] = 1
    hands = generator.random((n, len(DUE_DAYS))) < np.where(diligent, 0.97, 0.5)[:, None]
    who, which = np.nonzero(hands)
    result = np.clip(np.where(diligent, 0.8, 0.4)[who] + generator.normal(0, 0.05, len(who)), 0, 1)
    handed_on = np.array(DUE_DAYS)[which] - generator.integers(0, 4, len(who))
    order = np.lexsort((handed_on, who))
    outcome = np.where(diligent ^ surprises, FINISHED, NOT_FINISHED)
    return Studies(
        enrolment_ids=1000 + np.arange(n),
        learner=np.arange(n),
        run=run,
        first_on=np.array(RUN_STARTS)[run],
        start_day=-generator.integers(0, 20, n).astype(float),
        end_day=np.full(n, float(LENGTH_DAYS)),
        attempt=np.full(n, np.nan),
        outcome=outcome,
        grade_share=np.where(outcome == FINISHED, 0.8, 0.35),
        runs=Runs(subject=np.zeros(4, int), course_id=np.arange(4), season=np.full(4, 10)),
        days=StudyDays(owner, day, n_events, n_events * 2, np.minimum(n_events, 3.0), n_by_kind),
        materials=Materials(
            run=np.repeat(np.arange(4), N_MATERIALS),
            kind=np.zeros(4 * N_MATERIALS, int),
            owner=owner[is_new],
            material=(run[owner] * N_MATERIALS + nth)[is_new],
            day=day[is_new],
        ),
        work=Work(
            run=np.repeat(np.arange(4), len(DUE_DAYS)),
            due_day=np.tile(np.array(DUE_DAYS, float), 4),
            owner=who[order],
            work=(run[who] * len(DUE_DAYS) + which)[order],
            day=handed_on[order],
            result=result[order],
        ),
        today_on=1000,
    )
