"""A school whose right answers are known: learners of even number learn red things, those of odd number blue ones.

Everyone is enrolled in both courses and has met eight of the twelve parts of their colour, one a day. Whatever is
left of their own colour is the right recommendation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
from django.utils import timezone

from analytics.models import Activity, Enrolment, Event, Import, JobState, Kind, Learner, Organisation, Verb

COLOURS = ("red", "blue")
N_LEARNERS, N_PARTS, N_MET = 60, 12, 8
N_DAYS = 40


@dataclass
class School:
    organisation: Organisation
    courses: dict[str, Activity] = field(default_factory=dict)
    parts: dict[str, list[Activity]] = field(default_factory=dict)
    learners: list[Learner] = field(default_factory=list)
    from_import: Import | None = None

    def own_colour(self, learner: Learner) -> str:
        return COLOURS[self.learners.index(learner) % 2]

    def meet(self, learner: Learner, activity: Activity, at: datetime | None = None) -> None:
        Event.objects.create(
            organisation=self.organisation,
            learner=learner,
            activity=activity,
            verb=Verb.VIEWED,
            occurred_at=at or timezone.now(),
            from_import=self.from_import,
        )

    def not_met(self, learner: Learner) -> set[int]:
        """Ids of the parts of the learner's own colour that are left."""
        met = set(Event.objects.filter(learner=learner).values_list("activity_id", flat=True))
        return {part.pk for part in self.parts[self.own_colour(learner)]} - met


def build_school(slug: str = "school", *, seed: int = 0, n_learners: int = N_LEARNERS) -> School:
    organisation = Organisation.objects.create(slug=slug, name=slug.title())
    school = School(organisation)
    for colour in COLOURS:
        course = Activity.objects.create(
            organisation=organisation, external_id=colour, kind=Kind.COURSE, name=colour.title()
        )
        school.courses[colour] = course
        school.parts[colour] = Activity.objects.bulk_create(
            Activity(
                organisation=organisation,
                external_id=f"{colour}-{position}",
                kind=Kind.READING,
                name=f"{colour.title()} {position}",
                course=course,
                parent=course,
                position=position,
            )
            for position in range(N_PARTS)
        )
    school.learners = Learner.objects.bulk_create(
        Learner(organisation=organisation, external_id=f"l{number}") for number in range(n_learners)
    )
    Enrolment.objects.bulk_create(
        Enrolment(organisation=organisation, learner=learner, course=course)
        for learner in school.learners
        for course in school.courses.values()
    )
    school.from_import = Import.objects.create(
        organisation=organisation, format="csv", source_name="school.csv", state=JobState.SUCCEEDED
    )
    Event.objects.bulk_create(_events(school, np.random.default_rng(seed)))
    return school


def _events(school: School, generator: np.random.Generator) -> list[Event]:
    first = datetime.combine(timezone.now().date(), datetime.min.time(), UTC) - timedelta(days=N_DAYS)
    events = []
    for learner in school.learners:
        met = generator.permutation(N_PARTS)[:N_MET]
        begun = int(generator.integers(0, N_DAYS - N_MET))
        events += [
            Event(
                organisation=school.organisation,
                learner=learner,
                activity=school.parts[school.own_colour(learner)][part],
                verb=Verb.VIEWED,
                occurred_at=first + timedelta(days=begun + day, hours=12),
                from_import=school.from_import,
            )
            for day, part in enumerate(met)
        ]
    return events
