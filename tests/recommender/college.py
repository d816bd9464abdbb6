"""A college in the database: a course that ran twice and runs again, by the rule of `toy_studies`.

Two runs of algebra have ended; the third stands at day 40 of 100 by the organisation's clock. The diligent (even
numbers) are active on most days and hand in, the others hardly; ten in a hundred do the opposite in the end.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from analytics.imports.partitions import ensure_months
from analytics.models import (
    Activity,
    Enrolment,
    Event,
    Import,
    JobState,
    Kind,
    Learner,
    LearnerDay,
    Organisation,
    Outcome,
    Unit,
    Verb,
)

N_A_RUN = 60
LENGTH_DAYS = 100
TODAY_DAY = 40
BEGINS = (datetime(2022, 10, 1, tzinfo=UTC), datetime(2023, 10, 1, tzinfo=UTC), datetime(2024, 10, 1, tzinfo=UTC))
DUE_DAYS = (15, 35, 70)
N_READINGS = 30


@dataclass
class College:
    organisation: Organisation
    courses: list[Activity] = field(default_factory=list)
    work: list[list[Activity]] = field(default_factory=list)
    readings: list[list[Activity]] = field(default_factory=list)
    enrolments: list[list[Enrolment]] = field(default_factory=list)


def build_college(slug: str = "college", seed: int = 0) -> College:
    today = BEGINS[-1] + timedelta(days=TODAY_DAY, hours=12)
    college = College(Organisation.objects.create(slug=slug, name=slug.title(), as_of=today))
    generator = np.random.default_rng(seed)
    for place, begins in enumerate(BEGINS):
        _add_run(college, place, begins, generator)
    return college


def _add_run(college: College, place: int, begins: datetime, generator: np.random.Generator) -> None:
    organisation = college.organisation
    course = Activity.objects.create(
        organisation=organisation, external_id=f"algebra-{begins.year}", kind=Kind.COURSE,
        name=f"Algebra {begins.year}", tags=["algebra"],
        opens_at=begins, closes_at=begins + timedelta(days=LENGTH_DAYS),
    )  # fmt: skip
    work = [
        Activity.objects.create(
            organisation=organisation, external_id=f"{course.external_id}-{due}", kind=Kind.ASSIGNMENT,
            name=f"Assignment due on day {due}", course=course, parent=course,
            closes_at=begins + timedelta(days=due + 1),
        )
        for due in DUE_DAYS
    ]  # fmt: skip
    readings = Activity.objects.bulk_create(
        Activity(
            organisation=organisation, external_id=f"{course.external_id}-reading-{number}", kind=Kind.READING,
            name=f"Reading {number}", course=course, parent=course,
        )
        for number in range(N_READINGS)
    )  # fmt: skip
    learners = Learner.objects.bulk_create(
        Learner(
            organisation=organisation,
            external_id=f"{begins.year}-{number}",
            attributes={"shoe": "large" if number % 4 < 2 else "small"},
        )
        for number in range(N_A_RUN)
    )
    surprises = generator.random(N_A_RUN) < 0.1
    finishes = (np.arange(N_A_RUN) % 2 == 0) ^ surprises
    is_over = place < len(BEGINS) - 1
    enrolments = Enrolment.objects.bulk_create(
        Enrolment(
            organisation=organisation,
            learner=learner,
            course=course,
            course_run=str(begins.year),
            started_at=begins - timedelta(days=int(generator.integers(0, 20))),
            outcome=(Outcome.COMPLETED if finished else Outcome.FAILED) if is_over else Outcome.ACTIVE,
            grade_share=(0.8 if finished else 0.35) if is_over else None,
        )
        for learner, finished in zip(learners, finishes, strict=True)
    )
    college.courses.append(course)
    college.work.append(work)
    college.enrolments.append(enrolments)
    college.readings.append(readings)
    _study(college, place, learners, begins, LENGTH_DAYS if is_over else TODAY_DAY + 1, generator)


def _study(
    college: College, place: int, learners: list[Learner], begins: datetime, n_days: int, generator: np.random.Generator
) -> None:
    """Of the readings everybody opens the two that belong to the week, on each day of activity."""
    organisation, course = college.organisation, college.courses[place]
    work, readings = college.work[place], [reading.pk for reading in college.readings[place]]
    share = np.where(np.arange(N_A_RUN) % 2 == 0, 0.6, 0.15)
    active = generator.random((N_A_RUN, n_days)) < share[:, None]
    LearnerDay.objects.bulk_create(
        LearnerDay(
            organisation=organisation, learner=learners[who], course=course,
            on=(begins + timedelta(days=int(day))).date(), n_events=5, clicks=10, n_activities=2,
            activities=readings[2 * (day // 7) % N_READINGS :][:2],
        )
        for who, day in zip(*np.nonzero(active), strict=True)
    )  # fmt: skip
    ensure_months((begins + timedelta(days=day)).date() for day in range(n_days))
    from_import = Import.objects.create(organisation=organisation, format="csv", state=JobState.SUCCEEDED)
    hands = generator.random((N_A_RUN, len(DUE_DAYS))) < np.where(np.arange(N_A_RUN) % 2 == 0, 0.97, 0.4)[:, None]
    Event.objects.bulk_create(
        Event(
            organisation=organisation, learner=learners[who], activity=work[which], verb=Verb.SUBMITTED,
            occurred_at=begins + timedelta(days=DUE_DAYS[which] - 2, hours=9), unit=Unit.SHARE,
            value=0.8 if who % 2 == 0 else 0.4, from_import=from_import,
        )
        for who, which in zip(*np.nonzero(hands), strict=True)
        if DUE_DAYS[which] - 2 < n_days
    )  # fmt: skip
