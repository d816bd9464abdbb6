"""Put the synthetic academy into the database, step by step; a step that was done before is skipped.

The organisation with its people and courses is written in one transaction, after the file with its events: so a kill
leaves nothing or all of it, and what is then missing, the import, finds its file.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from analytics.academy.behaviour import NOT_TAKEN
from analytics.academy.catalogue import COURSES
from analytics.academy.events_file import write_events
from analytics.academy.logins import add_members, give_passwords
from analytics.academy.story import Story, busiest_courses, outcome_of, tell
from analytics.aggregates.rollups import refresh
from analytics.errors import InvalidInput, NeuralinkError
from analytics.imports.run import run_import
from analytics.imports.start import create_import
from analytics.jobs import working_on
from analytics.models import Activity, DirtyDay, Enrolment, Import, JobState, Kind, Learner, Organisation

SLUG = "academy"
NAME = "Synthetic Academy"
N_TAUGHT = 3
WAIT_SECONDS = 1.0
Report = Callable[[str], None]


def create_academy(*, seed: int, n_learners: int, report: Report) -> Organisation:
    """Make what is missing of the academy; `report` gets one line per step.

    Raises:
        InvalidInput: an organisation with the academy's slug is somebody's own.
        NeuralinkError: its events could not be imported.
    """
    organisation = Organisation.objects.filter(slug=SLUG).first()
    if organisation is None:
        organisation = _found(seed, n_learners, report)
    elif not organisation.is_synthetic:
        raise InvalidInput(
            f'There is an organisation "{organisation.name}" with the slug "{SLUG}" already, and it is not synthetic. '
            "Give it another slug, then create the academy again."
        )
    _import_events(organisation, report)
    _refresh_day_tables(organisation, report)
    if give_passwords(organisation):
        report("Gave the academy's logins random passwords.")
    return organisation


def _found(seed: int, n_learners: int, report: Report) -> Organisation:
    story = tell(seed=seed, n_learners=n_learners, ends_at=timezone.now().replace(microsecond=0))
    n_rows = write_events(story, events_path(), seed=seed)
    report(f"Invented {n_learners} learners and {n_rows} rows of events (seed {seed}).")
    with transaction.atomic():
        organisation = Organisation.objects.create(slug=SLUG, name=NAME, is_synthetic=True)
        activities = _add_activities(organisation, story)
        learners = _add_learners(organisation, story)
        _add_enrolments(organisation, story, learners, activities)
        taught = [activities[COURSES[course].slug] for course in busiest_courses(story, N_TAUGHT)]
        add_members(organisation, learners[story.leader], taught)
    report(f"Wrote {len(activities)} activities and {len(learners)} learners with their enrolments.")
    return organisation


def events_path() -> Path:
    return Path(settings.HOME) / "academy" / "events.csv"


def _add_activities(organisation: Organisation, story: Story) -> dict[str, Activity]:
    """The tree from its top: courses, then modules, then parts; by external id."""
    courses = Activity.objects.bulk_create(
        [
            Activity(
                organisation=organisation,
                external_id=course.slug,
                kind=Kind.COURSE,
                name=course.name,
                position=number,
                tags=[course.subject, course.topic],
            )
            for number, course in enumerate(COURSES)
        ]
    )
    modules = Activity.objects.bulk_create(
        [
            Activity(
                organisation=organisation,
                external_id=f"{course.external_id}-m{place + 1}",
                kind=Kind.MODULE,
                name=topic,
                position=place,
                parent=course,
                course=course,
                tags=course.tags,
            )
            for number, course in enumerate(courses)
            for place, topic in enumerate(COURSES[number].modules)
        ]
    )
    n_modules = len(COURSES[0].modules)
    parts = Activity.objects.bulk_create(
        [
            Activity(
                organisation=organisation,
                external_id=part.external_id,
                kind=part.kind,
                name=part.name,
                position=place,
                parent=modules[part.course * n_modules + part.module],
                course=courses[part.course],
                tags=courses[part.course].tags,
            )
            for place, part in enumerate(story.catalogue.parts)
        ]
    )
    return {activity.external_id: activity for activity in (*courses, *modules, *parts)}


def _add_learners(organisation: Organisation, story: Story) -> list[Learner]:
    return Learner.objects.bulk_create(
        [
            Learner(
                organisation=organisation,
                external_id=story.learner_external_id(number),
                name=name,
                attributes=story.people.attributes[number],
            )
            for number, name in enumerate(story.people.names)
        ]
    )


def _add_enrolments(
    organisation: Organisation, story: Story, learners: list[Learner], activities: dict[str, Activity]
) -> None:
    taken = story.enrolments
    Enrolment.objects.bulk_create(
        [
            Enrolment(
                organisation=organisation,
                learner=learners[learner],
                course=activities[COURSES[course].slug],
                started_at=story.instant(taken.started_at[learner, course]),
                ended_at=_instant_or_none(story, taken.ended_at[learner, course]),
                outcome=outcome_of(taken.state[learner, course], taken.grade[learner, course]),
                grade_share=_number_or_none(taken.grade[learner, course]),
            )
            for learner, course in np.argwhere(taken.state != NOT_TAKEN)
        ]
    )


def _instant_or_none(story: Story, seconds: float) -> datetime | None:
    return None if np.isnan(seconds) else story.instant(seconds)


def _number_or_none(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)


def _import_events(organisation: Organisation, report: Report) -> None:
    """Through the door that every other organisation's events take."""
    imports = Import.objects.filter(organisation=organisation, source_name=events_path().name)
    if imports.filter(state=JobState.SUCCEEDED).exists():
        return
    import_ = imports.unfinished().first() or create_import(
        organisation, "csv", events_path(), source_name=events_path().name
    )
    _work_through(import_)
    if import_.state != JobState.SUCCEEDED:
        raise NeuralinkError(
            f"The academy's events were not imported: {import_.error or import_.state}. "
            "Correct the cause, then run create_academy again."
        )
    report(f"Imported {import_.n_accepted} events, {import_.n_rejected} rows rejected.")


def _work_through(import_: Import) -> None:
    """Do the import here, or wait: for the worker that took it, or for the lease of one that was killed to run out."""
    while not import_.is_finished:
        with working_on(Import, import_.pk) as lease:
            if lease is not None:
                run_import(lease)
        import_.refresh_from_db()
        if not import_.is_finished:
            time.sleep(WAIT_SECONDS)


def _refresh_day_tables(organisation: Organisation, report: Report) -> None:
    if DirtyDay.objects.filter(organisation=organisation).exists():
        refresh(organisation.pk)
        report("Brought the day tables up to date.")
