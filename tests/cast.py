"""A small known cast: two organisations whose external ids are the same, so that a leak between them shows.

North is where the stories play; South is the neighbour that must never be seen from there. In North, learner i
(from 0) has met the first `3 + i % 4` parts of each of their courses, one part a day, ending at `LAST_DAY`;
the last learner is enrolled and has not done anything yet, and the last but one has withdrawn.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.utils import timezone

from analytics.models import (
    Activity,
    Enrolment,
    Event,
    Import,
    JobState,
    Kind,
    Learner,
    Member,
    Organisation,
    Outcome,
    Role,
    Unit,
    Verb,
)

PASSWORD = "correct horse battery staple"
COURSES = {"algebra": "mathematics", "biology": "science", "ceramics": "arts"}
PARTS = (Kind.VIDEO, Kind.READING, Kind.QUIZ, Kind.VIDEO, Kind.FORUM, Kind.ASSIGNMENT)
NAMES = (
    "Amara Okafor",
    "Bruno Silva",
    "Chen Wei",
    "Daria Novak",
    "Emre Yıldız",
    "Fatima Zahra",
    "Grace O'Neill",
    "Hiro Tanaka",
    "Ines García",
    "Jonas Lindqvist",
    "Kavita Rao",
    "Lars van der Berg",
)
TAUGHT = "algebra"
"""The only course that the instructors teach."""
SECOND_VERB = {
    Kind.VIDEO: (Verb.COMPLETED, 300.0, Unit.SECONDS),
    Kind.READING: (Verb.COMPLETED, 120.0, Unit.SECONDS),
    Kind.QUIZ: (Verb.ANSWERED, 0.5, Unit.SHARE),
    Kind.FORUM: (Verb.POSTED, None, Unit.NONE),
    Kind.ASSIGNMENT: (Verb.SUBMITTED, 0.75, Unit.SHARE),
}


@dataclass
class House:
    """One organisation of the cast and everyone in it; lists are in the order of the ids."""

    organisation: Organisation
    courses: dict[str, Activity] = field(default_factory=dict)
    parts: dict[str, list[Activity]] = field(default_factory=dict)
    learners: list[Learner] = field(default_factory=list)
    members: dict[str, Member] = field(default_factory=dict)
    enrolments: list[Enrolment] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    from_import: Import | None = None

    def events_of(self, learner: Learner) -> list[Event]:
        return [event for event in self.events if event.learner_id == learner.pk]


@dataclass
class Cast:
    north: House
    south: House

    def house(self, slug: str) -> House:
        return {"north": self.north, "south": self.south}[slug]


def last_day() -> datetime:
    """Yesterday at noon, UTC: every event of the cast is at or before it."""
    return datetime.combine(timezone.now().astimezone(UTC).date(), datetime.min.time(), UTC) - timedelta(hours=12)


def courses_of(learner_number: int) -> list[str]:
    """Algebra for the first eight, biology for the last eight, ceramics for every third."""
    chosen = {"algebra": learner_number < 8, "biology": learner_number >= 4, "ceramics": learner_number % 3 == 0}
    return [course for course, is_chosen in chosen.items() if is_chosen]


def build_cast() -> Cast:
    north, south = Organisation.objects.bulk_create(
        [
            Organisation(slug="north", name="North College", time_zone="Europe/Madrid"),
            Organisation(slug="south", name="South College"),
        ]
    )
    cast = Cast(House(north), House(south))
    for house, n_learners in ((cast.north, len(NAMES)), (cast.south, 3)):
        add_activities(house)
        add_learners(house, n_learners)
        add_events(house)
    add_members(cast)
    return cast


def add_activities(house: House) -> None:
    courses = [
        Activity(organisation=house.organisation, external_id=slug, kind=Kind.COURSE, name=slug.title(), tags=[subject])
        for slug, subject in COURSES.items()
    ]
    house.courses = {course.external_id: course for course in Activity.objects.bulk_create(courses)}
    parts = [
        Activity(
            organisation=house.organisation,
            external_id=f"{slug}-{position + 1}",
            kind=kind,
            name=f"{slug.title()}: {kind} {position + 1}",
            parent=course,
            course=course,
            position=position,
            tags=course.tags,
        )
        for slug, course in house.courses.items()
        for position, kind in enumerate(PARTS)
    ]
    for part in Activity.objects.bulk_create(parts):
        house.parts.setdefault(part.course.external_id, []).append(part)


def add_learners(house: House, n_learners: int) -> None:
    house.learners = Learner.objects.bulk_create(
        [
            Learner(organisation=house.organisation, external_id=f"learner-{number + 1:02}", name=name)
            for number, name in enumerate(NAMES[:n_learners])
        ]
    )
    start = last_day() - timedelta(days=27)
    house.enrolments = Enrolment.objects.bulk_create(
        [
            Enrolment(organisation=house.organisation, learner=learner, course=house.courses[slug], started_at=start)
            for number, learner in enumerate(house.learners)
            for slug in courses_of(number)
        ]
    )
    if n_learners == len(NAMES):
        for enrolment in house.enrolments:
            if enrolment.learner_id == house.learners[-2].pk:
                enrolment.outcome, enrolment.ended_at = Outcome.WITHDRAWN, last_day()
                enrolment.save(update_fields=["outcome", "ended_at"])


def add_events(house: House) -> None:
    """Two events a part: it was opened, and an hour later its kind's verb with a value."""
    house.from_import = Import.objects.create(
        organisation=house.organisation, format="csv", source_name="cast.csv", state=JobState.SUCCEEDED
    )
    events = [
        Event(
            organisation=house.organisation,
            learner=learner,
            activity=part,
            verb=verb,
            occurred_at=at,
            value=value,
            unit=unit,
            from_import=house.from_import,
        )
        for number, learner in enumerate(house.learners)
        if number < len(NAMES) - 1
        for slug in courses_of(number)
        for part, at in met_parts(house.parts[slug], number)
        for verb, at, value, unit in (
            (Verb.VIEWED, at, 2.0, Unit.CLICKS),
            (SECOND_VERB[part.kind][0], at + timedelta(hours=1), *SECOND_VERB[part.kind][1:]),
        )
    ]
    house.events = Event.objects.bulk_create(sorted(events, key=lambda event: event.occurred_at))
    n_rows = len(events)
    Import.objects.filter(pk=house.from_import.pk).update(n_read=n_rows, n_accepted=n_rows)
    house.from_import.refresh_from_db()


def met_parts(parts: list[Activity], learner_number: int) -> list[tuple[Activity, datetime]]:
    """The parts that learner number i has met, each with the instant; the latest on `last_day`."""
    n_met = 3 + learner_number % 4
    first = last_day() - timedelta(days=n_met - 1, hours=learner_number % 3 + 1)
    return [(part, first + timedelta(days=day)) for day, part in enumerate(parts[:n_met])]


def add_members(cast: Cast) -> None:
    password = make_password(PASSWORD)
    houses = {"north": cast.north, "south": cast.south}
    logins = User.objects.bulk_create(
        [User(username=f"{slug}-{role}", password=password) for slug in houses for role in Role.values]
    )
    members = Member.objects.bulk_create(
        [
            Member(
                organisation=houses[slug].organisation,
                login=login,
                role=role,
                learner=houses[slug].learners[0] if role == Role.LEARNER else None,
            )
            for login, (slug, role) in zip(
                logins, [(slug, role) for slug in houses for role in Role.values], strict=True
            )
        ]
    )
    for member in members:
        house = houses[member.organisation.slug]
        house.members[member.role] = member
        if member.role == Role.INSTRUCTOR:
            member.courses.add(house.courses[TAUGHT])
