"""Day tables: what they hold is what the events say, in whatever order the events come and go."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics.aggregates import rollups
from analytics.aggregates.period import SPANS
from analytics.aggregates.rollups import mark_dirty, refresh, request_refresh
from analytics.imports.events import add_events
from analytics.imports.partitions import ensure_months
from analytics.imports.rollback import roll_back
from analytics.jobs import working_on
from analytics.models import (
    COMPLETING_VERBS,
    Activity,
    ActivityDay,
    ActivityLearners,
    CourseTotal,
    DayLearners,
    DirtyDay,
    Event,
    Import,
    JobState,
    Kind,
    Learner,
    LearnerDay,
    LearnerTotal,
    Organisation,
    OrganisationDay,
    RollupRefresh,
    Spread,
    VerbDay,
)
from analytics.tasks import refresh_rollups, sweep

SUMS = ("n_events", "n_completions", "seconds", "clicks", "result_sum", "n_results")
FIRST = date(2024, 1, 25)


@pytest.fixture(autouse=True)
def months(db: None) -> None:
    ensure_months(FIRST + timedelta(days=n) for n in range(0, 70, 10))


@pytest.fixture
def organisation(db: None) -> Organisation:
    return Organisation.objects.create(slug="counted", name="Counted")


def sums_of(events: Iterable[Event]) -> tuple[float, ...]:
    found = list(events)

    def total(unit: str) -> float:
        return sum(event.value or 0.0 for event in found if event.unit == unit)

    n_completions = sum(event.verb in COMPLETING_VERBS for event in found)
    n_results = sum(event.unit == "share" and event.value is not None for event in found)
    return (len(found), n_completions, total("seconds"), total("clicks"), total("share"), n_results)


def course_of(activity: Activity) -> int | None:
    return activity.pk if activity.kind == Kind.COURSE else activity.course_id


def grouped(events: list[Event], *keys: Any) -> dict[tuple[Any, ...], list[Event]]:
    groups: dict[tuple[Any, ...], list[Event]] = defaultdict(list)
    for event in events:
        groups[tuple(key(event) for key in keys)].append(event)
    return groups


def learner(event: Event) -> int:
    return event.learner_id


def activity(event: Event) -> int:
    return event.activity_id


def day(event: Event) -> date:
    return event.occurred_at.astimezone(UTC).date()


def verb(event: Event) -> str:
    return event.verb


def course(event: Event) -> int | None:
    return course_of(event.activity)


def assert_right(organisation: Organisation) -> None:
    """Reckon every table from the events, by hand, and compare."""
    events = list(Event.objects.filter(organisation=organisation).select_related("activity"))

    def n(key: Any, each: list[Event]) -> int:
        return len({key(event) for event in each})

    parts = [event for event in events if course(event) != event.activity_id]
    in_courses = [event for event in events if course(event) is not None]
    assert rows(ActivityDay, organisation, "activity_id", "on", "n_learners") == {
        key: (n(learner, each), *sums_of(each))
        for key, each in [*grouped(parts, activity, day).items(), *grouped(in_courses, course, day).items()]
    }
    assert rows(LearnerDay, organisation, "learner_id", "course_id", "on", "n_activities") == {
        key: (n(activity, each), *sums_of(each)) for key, each in grouped(events, learner, course, day).items()
    }
    met = LearnerDay.objects.filter(organisation=organisation).values_list("learner", "course", "on", "activities")
    assert {tuple(key): sorted(activities) for *key, activities in met} == {
        key: sorted({activity(event) for event in each}) for key, each in grouped(events, learner, course, day).items()
    }
    assert rows(OrganisationDay, organisation, "on", "n_learners") == {
        key: (n(learner, each), *sums_of(each)) for key, each in grouped(events, day).items()
    }
    assert rows(VerbDay, organisation, "course_id", "verb", "on", "n_learners") == {
        key: (n(learner, each), *sums_of(each)) for key, each in grouped(events, course, verb, day).items()
    }
    for each_day in OrganisationDay.objects.filter(organisation=organisation):
        hours = [event.occurred_at.astimezone(UTC).hour for event in events if day(event) == each_day.on]
        assert each_day.n_events_by_hour == [hours.count(hour) for hour in range(24)]
    assert rows(LearnerTotal, organisation, "learner_id", "n_days", "first_on", "last_on", n_keys=1) == {
        key: (n(day, each), min(map(day, each)), max(map(day, each)), *sums_of(each))
        for key, each in grouped(events, learner).items()
    }
    assert rows(CourseTotal, organisation, "learner_id", "course_id", "n_days", "first_on", "last_on", n_keys=2) == {
        key: (n(day, each), min(map(day, each)), max(map(day, each)), *sums_of(each))
        for key, each in grouped(in_courses, learner, course).items()
    }
    assert bits(DayLearners, organisation, "learners", "course_id", "on") == {
        **{key: set(map(learner, each)) for key, each in grouped(in_courses, course, day).items()},
        **{(None, *key): set(map(learner, each)) for key, each in grouped(events, day).items()},
    }
    assert bits(ActivityLearners, organisation, "met", "activity_id") == {
        key: set(map(learner, each)) for key, each in grouped(events, activity).items()
    }
    assert_spreads(organisation, events)
    completing = [event for event in events if event.verb in COMPLETING_VERBS]
    completed = bits(ActivityLearners, organisation, "completed", "activity_id")
    assert {key: learners for key, learners in completed.items() if learners} == {
        key: set(map(learner, each)) for key, each in grouped(completing, activity).items()
    }


def assert_spreads(organisation: Organisation, events: list[Event]) -> None:
    """Of each week and month: a learner's value is that of their events there, and numpy spreads the values."""
    wanted: dict[Any, list[float]] = {}
    for name, span in SPANS.items():

        def first(event: Event, span: Any = span) -> date:
            return span(day(event))[0]  # type: ignore[no-any-return]

        places = grouped([event for event in events if course(event)], course, first) | {
            (None, *key): each for key, each in grouped(events, first).items()
        }
        for (of, on), those in places.items():
            for (_learner,), each in grouped(those, learner).items():
                n_events, n_completions, seconds, clicks, result_sum, n_results = sums_of(each)
                told = {
                    **{"events": n_events, "completions": n_completions, "hours": seconds / 3600, "clicks": clicks},
                    **{"results": n_results, "active_days": len(set(map(day, each)))},
                    "result_share": result_sum / n_results if n_results else None,
                }
                for measure, value in told.items():
                    of_span = wanted.setdefault((of, name, on, measure), [])
                    of_span += [] if value is None else [value]
    rows_there = list(Spread.objects.filter(organisation=organisation))
    found = {(row.course_id, row.span, row.on, row.measure): row for row in rows_there}
    assert len(found) == len(rows_there)
    assert found.keys() == wanted.keys()
    for key, values in wanted.items():
        row = found[key]
        assert row.n_learners == len(values)
        if not values:
            assert row.mean is row.median is row.most is None
            continue
        shares = np.percentile(values, [0, 10, 25, 50, 75, 90, 100])
        stored = [row.least, row.p10, row.p25, row.median, row.p75, row.p90, row.most]
        assert stored == pytest.approx(list(shares))
        assert row.mean == pytest.approx(np.mean(values))
        assert row.deviation == (pytest.approx(np.std(values, ddof=1)) if len(values) > 1 else None)


def bits(model: Any, organisation: Organisation, name: str, *keys: str) -> dict[Any, set[int]]:
    """Key -> ids of the learners whose bits are set."""
    found: dict[Any, set[int]] = defaultdict(set)
    for block, text, *key in model.objects.filter(organisation=organisation).values_list("block", name, *keys):
        found[tuple(key)] |= {block * len(text) + n for n, bit in enumerate(text) if bit == "1"}
    return dict(found)


def rows(model: Any, organisation: Organisation, *names: str, n_keys: int | None = None) -> dict[Any, Any]:
    found = model.objects.filter(organisation=organisation).values_list(*names, *SUMS)
    n_keys = len(names) - 1 if n_keys is None else n_keys
    assert len(found) == len({row[:n_keys] for row in found})
    return {row[:n_keys]: row[n_keys:] for row in found}


def some_rows(chance: random.Random, n: int) -> list[dict[str, Any]]:
    found = []
    for _ in range(n):
        at = datetime.combine(FIRST, datetime.min.time(), UTC) + timedelta(minutes=chance.randrange(60 * 24 * 45))
        unit = chance.choice(["", "seconds", "clicks", "share"])
        number = chance.randrange(12)
        in_course = {"course": f"c{number % 3}"} if number % 4 else {}
        found.append(
            {
                "learner": f"l{chance.randrange(6)}",
                "activity": in_course.get("course", "alone") if number > 9 else f"a{number}",
                "verb": chance.choice(["viewed", "completed", "submitted", "answered"]),
                "at": at,
                # 64ths add up exactly, in whatever order.
                "value": chance.randrange(65) / 64 if unit and chance.random() < 0.9 else None,
                "unit": unit,
                **in_course,
            }
        )
    return found


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("few", [0, 3, 1000])
def test_any_order_of_writes_roll_backs_and_refreshes(
    organisation: Organisation, monkeypatch: pytest.MonkeyPatch, seed: int, few: int
) -> None:
    monkeypatch.setattr(rollups, "FEW_LEARNERS", few)
    monkeypatch.setattr(rollups, "FEW_DAYS", few)
    chance = random.Random(seed)
    for _ in range(10):
        step = chance.choice(["write", "write", "refresh", "roll back"])
        if step == "write":
            source = f"s{chance.randrange(3)}"
            add_events(organisation, some_rows(chance, chance.randrange(1, 12)), source=source)
        elif step == "refresh":
            refresh(organisation.pk)
            assert_right(organisation)
        elif standing := list(Import.objects.filter(organisation=organisation, rolled_back_at=None)):
            roll_back(chance.choice(standing))
    refresh(organisation.pk)
    assert not DirtyDay.objects.exists()
    assert_right(organisation)

    before = [rows(model, organisation, "pk", *SUMS) for model in (ActivityDay, LearnerDay)]
    pks = set(DayLearners.objects.values_list("pk", flat=True))
    mark_dirty(organisation.pk, {day(event) for event in Event.objects.all()})
    refresh(organisation.pk)
    assert [rows(model, organisation, "pk", *SUMS) for model in (ActivityDay, LearnerDay)] == before
    assert set(DayLearners.objects.values_list("pk", flat=True)) == pks
    assert_right(organisation)


def test_other_organisations_stay_as_they_are(organisation: Organisation) -> None:
    other = Organisation.objects.create(slug="other", name="Other")
    chance = random.Random(1)
    for each in (organisation, other):
        add_events(each, some_rows(chance, 30), source="s")
    refresh(organisation.pk)
    assert_right(organisation)
    assert not OrganisationDay.objects.filter(organisation=other).exists()
    assert DirtyDay.objects.filter(organisation=other).exists()
    refresh(other.pk)
    assert_right(organisation)
    assert_right(other)


def test_a_live_write_writes_few_rows(organisation: Organisation) -> None:
    add_events(
        organisation, [row | {"at": "2024-02-01T10:00Z"} for row in some_rows(random.Random(2), 300)], source="s"
    )
    refresh(organisation.pk)
    known = set(LearnerDay.objects.values_list("pk", flat=True))
    event = {"learner": "l1", "activity": "a1", "verb": "viewed", "at": "2024-02-01T11:00Z"}
    add_events(organisation, [event], source="s")
    assert refresh(organisation.pk) == 1
    assert_right(organisation)
    changed = set(LearnerDay.objects.values_list("pk", flat=True)) - known
    assert len(changed) == 1
    with CaptureQueriesContext(connection) as queries:
        assert refresh(organisation.pk) == 0
    assert len(queries) <= 7


def test_learners_deleted_while_their_days_are_counted(
    organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Foreign keys are not looked at then, so nothing may be written of whoever is gone."""
    add_events(organisation, some_rows(random.Random(5), 200), source="s")
    gone = Learner.objects.filter(organisation=organisation)[2].pk
    tables = ("event", "enrolment")
    deletes = [f"DELETE FROM analytics_{table} WHERE learner_id = {gone}" for table in tables]
    deletes.append(f"DELETE FROM analytics_learner WHERE id = {gone}")
    monkeypatch.setattr(rollups, "STAGED", (*rollups.STAGED, *deletes))
    refresh(organisation.pk)
    assert not LearnerDay.objects.filter(learner=gone).exists()
    assert_right(organisation)


def test_activities_deleted_while_their_days_are_counted(
    organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_events(organisation, some_rows(random.Random(6), 200), source="s")
    gone = Activity.objects.get(organisation=organisation, external_id="c1").pk
    parts = f"SELECT id FROM analytics_activity WHERE {gone} IN (id, course_id)"
    deletes = [
        f"DELETE FROM analytics_event WHERE activity_id IN ({parts})",
        f"DELETE FROM analytics_enrolment WHERE course_id = {gone}",
        f"DELETE FROM analytics_activity WHERE {gone} IN (id, course_id)",
    ]
    monkeypatch.setattr(rollups, "FRESH", (*rollups.FRESH, *deletes))
    refresh(organisation.pk)
    assert not VerbDay.objects.filter(course=gone).exists()
    assert_right(organisation)


def test_lost_events_touch_only_the_bits_of_their_activities(organisation: Organisation) -> None:
    kept = add_events(organisation, some_rows(random.Random(7), 100), source="kept").from_import
    event = {"learner": "l9", "activity": "a1", "verb": "completed", "at": "2024-02-01T11:00Z"}
    lost = add_events(organisation, [event], source="lost").from_import
    refresh(organisation.pk)
    before = dict(ActivityLearners.objects.values_list("activity__external_id", "pk"))
    roll_back(lost)
    assert set(DirtyDay.objects.values_list("on", "lost_activities__len")) == {(date(2024, 2, 1), 1)}
    refresh(organisation.pk)
    assert_right(organisation)
    after = dict(ActivityLearners.objects.values_list("activity__external_id", "pk"))
    assert {name for name in before if before[name] != after[name]} == {"a1"}
    roll_back(kept)
    refresh(organisation.pk)
    assert not ActivityLearners.objects.exists()


def test_days_that_do_not_say_what_was_lost_make_all_bits_anew(organisation: Organisation) -> None:
    add_events(organisation, some_rows(random.Random(8), 50), source="s")
    refresh(organisation.pk)
    ActivityLearners.objects.all().delete()
    first = OrganisationDay.objects.order_by("on")[0].on
    mark_dirty(organisation.pk, [first], [])
    mark_dirty(organisation.pk, [first])
    refresh(organisation.pk)
    assert_right(organisation)


def test_one_refresh_waits_at_a_time(organisation: Organisation, woken: list[Any]) -> None:
    first = request_refresh(organisation.pk)
    assert request_refresh(organisation.pk) == first
    RollupRefresh.objects.filter(pk=first.pk).update(state=JobState.RUNNING)
    assert request_refresh(organisation.pk) != first


def test_the_task_does_what_the_row_says(organisation: Organisation) -> None:
    add_events(organisation, some_rows(random.Random(3), 20), source="s")
    job = RollupRefresh.objects.get()
    refresh_rollups(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error) == (JobState.SUCCEEDED, "")
    assert job.n_days == OrganisationDay.objects.count()
    assert_right(organisation)
    refresh_rollups(job.pk)
    job.refresh_from_db()
    assert job.attempt == 1


def test_a_cancelled_refresh_leaves_the_rest_dirty(organisation: Organisation) -> None:
    add_events(organisation, some_rows(random.Random(4), 60), source="s")
    job = RollupRefresh.objects.get()
    with working_on(RollupRefresh, job.pk) as lease:
        assert lease is not None
        refresh(organisation.pk, lease, lambda share, text: lease._cancelled.set())
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert DirtyDay.objects.exists()
    refresh(organisation.pk)
    assert_right(organisation)


def test_sweep_forgets_old_refreshes(organisation: Organisation, woken: list[Any]) -> None:
    old = RollupRefresh.objects.create(organisation=organisation, state=JobState.SUCCEEDED)
    RollupRefresh.objects.update(finished_at=datetime(2024, 1, 1, tzinfo=UTC))
    waiting = RollupRefresh.objects.create(organisation=organisation)
    sweep()
    assert not RollupRefresh.objects.filter(pk=old.pk).exists()
    assert [(message.task_name, message.args) for message in woken] == [
        ("analytics.tasks.refresh_rollups", (waiting.pk,))
    ]
