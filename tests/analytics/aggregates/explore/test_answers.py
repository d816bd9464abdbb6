"""Answers against the same numbers worked out from the events with pandas, and small cells that stay hidden."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest
from django.db.models import F

from analytics.aggregates.explore import sources
from analytics.aggregates.explore.answers import Answer, answer
from analytics.aggregates.explore.dimensions import BY
from analytics.aggregates.explore.question import CHOICES, Question
from analytics.aggregates.explore.sources import STATISTICS, VALUES, whole_spans
from analytics.aggregates.measures import MEASURES
from analytics.aggregates.query import Dimension, Query
from analytics.aggregates.segments import LEVELS
from analytics.charts.explore import sentence_of
from analytics.errors import InvalidInput
from analytics.models import COMPLETING_VERBS, Enrolment, Event, ExploredAnswer, Learner, LearnerDay, LearnerTotal, Verb
from tests.cast import Cast


@pytest.fixture(autouse=True)
def small_cells_shown(settings: Any) -> None:
    settings.NEURALINK_SMALL_CELL = 1


def ask(cast: Cast, course_ids: list[int] | None = None, **given: str) -> Answer:
    return answer(Question.read({"period": "28", **given}, cast.north.organisation, course_ids))


def values(found: Answer) -> dict[Any, float | None]:
    return {cell.key: cell.value for cell in found.cells if cell.value is not None}


def frame(cast: Cast) -> pd.DataFrame:
    rows = Event.objects.filter(organisation=cast.north.organisation)
    columns = ("learner", "activity__course", "activity__kind", "verb", "occurred_at", "value", "unit")
    events = pd.DataFrame(list(rows.values(*columns)))
    events["day"] = events["occurred_at"].dt.date
    events["clicks"] = events["value"].where(events["unit"] == "clicks", 0.0)
    events["completes"] = events["verb"].isin([verb.value for verb in COMPLETING_VERBS])
    return events


def test_the_formulas_are_those_of_the_measures() -> None:
    assert VALUES.keys() == MEASURES.keys()


def test_the_levels_are_those_of_the_segments(cast: Cast) -> None:
    found = ask(cast, measure="learners", by="level", period="all")
    for level in LEVELS[1:]:
        last = next((each.least_days for each in LEVELS if each.least_days > level.least_days), 10**6)
        n = LearnerTotal.objects.filter(organisation=cast.north.organisation, n_days__gte=level.least_days)
        assert values(found).get(level.name, 0) == n.filter(n_days__lt=last).count()


@pytest.mark.parametrize("measure", [name for name in MEASURES if name != "active_days"])
@pytest.mark.parametrize("period", ["28", "all"])
def test_courses_agree_with_the_other_query(cast: Cast, measure: str, period: str) -> None:
    found = ask(cast, measure=measure, by="course", period=period)
    other = Query(cast.north.organisation, [measure], found.question.period, Dimension.COURSE).rows()
    assert values(found) == pytest.approx({row["key"]: row[measure] for row in other})


def test_days_weeks_and_months_have_no_holes(cast: Cast) -> None:
    by_day = frame(cast).groupby("day").size().to_dict()
    found = ask(cast, by="day")
    assert len(found.cells) == 28
    assert {cell.key: cell.value for cell in found.cells if cell.value} == by_day
    for by in ("week", "month", "weekday", "hour"):
        assert sum(value or 0 for value in values(ask(cast, by=by)).values()) == len(cast.north.events), by


@pytest.mark.parametrize(
    ("by", "column"), [("kind", "activity__kind"), ("verb", "verb"), ("course", "activity__course")]
)
def test_sums_as_pandas_has_them(cast: Cast, by: str, column: str) -> None:
    events = frame(cast)
    assert values(ask(cast, by=by)) == events.groupby(column).size().to_dict()
    assert values(ask(cast, by=by, measure="clicks")) == events.groupby(column)["clicks"].sum().to_dict()
    assert values(ask(cast, by=by, measure="completions")) == events.groupby(column)["completes"].sum().to_dict()


def test_learners_by_day_course_and_cohort(cast: Cast) -> None:
    events = frame(cast)
    assert values(ask(cast, measure="learners", by="course")) == (
        events.groupby("activity__course")["learner"].nunique().to_dict()
    )
    by_day = {key: n for key, n in values(ask(cast, measure="learners", by="day")).items() if n}
    assert by_day == events.groupby("day")["learner"].nunique().to_dict()
    starts = ask(cast, measure="learners", by="start")
    assert sum(values(starts).values()) == 11  # type: ignore[arg-type]
    assert values(ask(cast, measure="learners", by="outcome")) == {"active": 10, "withdrawn": 1}


def test_statistics_are_those_of_pandas(cast: Cast) -> None:
    found = ask(cast, measure="clicks", by="course", show="statistics")
    each = frame(cast).groupby(["activity__course", "learner"])["clicks"].sum()
    for cell in found.cells:
        told = each[cell.key].describe(percentiles=[0.1, 0.25, 0.5, 0.75, 0.9])
        wanted = {
            **{"mean": told["mean"], "deviation": told["std"], "least": told["min"], "most": told["max"]},
            **{"p10": told["10%"], "p25": told["25%"], "median": told["50%"], "p75": told["75%"], "p90": told["90%"]},
        }
        assert cell.values == pytest.approx(wanted)
        assert cell.n_learners == told["count"]
    assert found.columns == tuple(STATISTICS)


@pytest.mark.parametrize("by", ["week", "month"])
@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("first", [0, 3, 40])
def test_statistics_of_whole_spans_are_those_of_their_days(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, by: str, measure: str, first: int
) -> None:
    """Kept or worked out, cut by the period or whole, of everything, a chosen course or the one that somebody has."""
    today = cast.north.organisation.now().date()
    algebra = cast.north.courses["algebra"].pk
    both = [algebra, cast.north.courses["biology"].pk]
    questions: list[tuple[dict[str, str], list[int] | None]] = [({}, None), ({"course": str(algebra)}, None)]
    questions += [({}, [algebra]), ({"course": str(algebra)}, both)]
    if measure == "learners":
        questions += [({"split": "course"}, None), ({"split": "course"}, both), ({"by": "course", "split": by}, None)]
    for given, mine in questions:
        period = {"from": f"{today - timedelta(days=60 + first)}", "to": f"{today - timedelta(days=first // 2)}"}
        asked = {"by": by, "measure": measure, "period": "", **period, **given}
        asked["show"] = "total" if measure == "learners" else "statistics"
        question = Question.read(asked, cast.north.organisation, mine)
        assert whole_spans(question)
        kept = answer(question)
        with monkeypatch.context() as context:
            context.setattr(sources, "whole_spans", lambda question: None)
            ExploredAnswer.objects.all().delete()
            worked_out = answer(question)
        told = [[(cell.key, cell.split) for cell in found.cells] for found in (kept, worked_out)]
        assert told[0] == told[1]
        for cell, other in zip(kept.cells, worked_out.cells, strict=True):
            assert (cell.n_learners, cell.values) == (other.n_learners, pytest.approx(other.values))


def test_spreads_are_read_only_where_they_are_kept(cast: Cast) -> None:
    plain = {"by": "week", "show": "statistics"}
    mine = [course.pk for course in cast.north.courses.values()]
    assert whole_spans(ask(cast, **plain).question)
    assert whole_spans(ask(cast, mine, course=str(mine[0]), **plain).question)
    assert whole_spans(ask(cast, mine, by="course", split="month", measure="learners", period="90").question)
    assert whole_spans(ask(cast, mine, by="month", measure="learners", period="90").question) is None
    assert whole_spans(ask(cast, by="month", split="weekday", measure="learners", period="90").question) is None
    for given in ({"by": "day"}, {"show": "total"}, {"outcome": "active"}, {"level": "light"}):
        assert whole_spans(ask(cast, **plain | given).question) is None
    assert whole_spans(ask(cast, mine, **plain).question) is None, "learners of several courses are not added up"
    today = cast.north.organisation.now().date()
    short = {"from": f"{today - timedelta(days=today.weekday() + 5)}", "to": f"{today - timedelta(days=1)}"}
    assert whole_spans(ask(cast, **plain, **short).question) is None, "the period holds no whole week"


@pytest.mark.parametrize("measure", ["events", "clicks", "result_share", "active_days", "learners"])
@pytest.mark.parametrize("split", ["", "week", "course"])
def test_outcomes_are_those_of_the_latest_enrolment(cast: Cast, measure: str, split: str) -> None:
    """A learner of several courses with one outcome is one learner of it, and a day in two of them one day."""
    Enrolment.objects.filter(organisation=cast.north.organisation, course_run="").update(started_at=None)
    again = Enrolment.objects.filter(organisation=cast.north.organisation).order_by("pk")[0]
    learner, course = again.learner_id, again.course_id
    Enrolment.objects.create(
        organisation=cast.north.organisation,
        learner_id=learner,
        course_id=course,
        course_run="second",
        started_at=cast.north.organisation.now(),
        outcome="failed",
    )
    latest = {
        (row.learner_id, row.course_id): row.outcome
        for row in Enrolment.objects.order_by(F("started_at").asc(nulls_first=True), "pk")
    }
    groups: dict[Any, list[LearnerDay]] = defaultdict(list)
    found = ask(cast, measure=measure, by="outcome", split=split)
    for day in LearnerDay.objects.filter(organisation=cast.north.organisation):
        outcome = latest.get((day.learner_id, day.course_id or 0))
        if outcome and found.question.period.first_on <= day.on <= found.question.period.last_on:
            keys = {"": None, "week": day.on - timedelta(days=day.on.weekday()), "course": day.course_id}
            groups[outcome, keys[split]].append(day)
    assert {(cell.key, cell.split): cell.value for cell in found.cells} == pytest.approx(
        {key: VALUE_OF_DAYS[measure](days) for key, days in groups.items()}
    )
    assert {key for key, _split in groups} >= {"active", "failed"}
    assert any(len(days) > len({(day.learner_id, day.on) for day in days}) for days in groups.values()) == (
        split != "course"
    )


VALUE_OF_DAYS: dict[str, Callable[[list[LearnerDay]], float | None]] = {
    "events": lambda days: sum(day.n_events for day in days),
    "clicks": lambda days: sum(day.clicks for day in days),
    "result_share": lambda days: (
        sum(day.result_sum for day in days) / n if (n := sum(day.n_results for day in days)) else None
    ),
    "active_days": lambda days: len({(day.learner_id, day.on) for day in days}),
    "learners": lambda days: len({day.learner_id for day in days}),
}


def test_filters_and_split(cast: Cast) -> None:
    events = frame(cast)
    algebra = cast.north.courses["algebra"].pk
    found = ask(cast, by="verb", split="course", kind="")
    wanted = events.groupby(["verb", "activity__course"]).size().to_dict()
    assert {(cell.key, cell.split): cell.value for cell in found.cells} == wanted
    kinds = events.groupby(["activity__kind", "activity__course"])
    found = ask(cast, by="kind", split="course")
    assert {(cell.key, cell.split): cell.value for cell in found.cells} == kinds.size().to_dict()
    days = ask(cast, by="kind", split="course", measure="active_days")
    assert {(cell.key, cell.split): cell.value for cell in days.cells} == kinds["day"].nunique().to_dict()
    only = ask(cast, by="kind", course=str(algebra))
    assert values(only) == events[events["activity__course"] == algebra].groupby("activity__kind").size().to_dict()
    assert values(ask(cast, by="course", verb=Verb.SUBMITTED))[algebra] == 2


def test_an_instructor_counts_only_their_courses(cast: Cast) -> None:
    algebra = cast.north.courses["algebra"].pk
    for by in ("day", "week", "course", "kind", "verb", "outcome", "level"):
        found = ask(cast, [algebra], by=by)
        assert sum(value or 0 for value in values(found).values()) == 72, by
    biology = cast.north.courses["biology"].pk
    with pytest.raises(InvalidInput):
        ask(cast, [algebra], course=str(biology))
    with pytest.raises(InvalidInput):
        ask(cast, [algebra], by="hour")


def test_the_period_before(cast: Cast) -> None:
    found = ask(cast, by="day", period="7", compare="1")
    days = [cell.key for cell in ask(cast, by="day", period="28").cells]
    assert len(found.before) == 7
    by_day = values(ask(cast, by="day", period="28"))
    for place, cell in enumerate(found.cells):
        earlier = cell.key - timedelta(days=7)
        if earlier in days:
            assert found.value_before(place, cell.key) == by_day[earlier]
    assert found.note == ""
    assert "not compared" in ask(cast, by="day", split="kind", period="7", compare="1").note
    assert "choose a shorter period" in ask(cast, by="day", period="all", compare="1").note
    top = max(range(7), key=lambda place: found.cells[place].value or 0)
    before = found.value_before(top, found.cells[top].key)
    assert sentence_of(found).endswith(f"; in the period before {before:,.0f}.")


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"measure": "password"}, "measure"),
        ({"by": "name"}, "by"),
        ({"split": "week"}, "split"),
        ({"by": "kind", "split": "verb"}, "by"),
        ({"by": "kind", "measure": "learners"}, "measure"),
        ({"by": "verb", "level": "light"}, "measure"),
        ({"measure": "learners", "show": "statistics"}, "measure"),
        ({"course": "0"}, "course"),
        ({"course": "1; DROP TABLE"}, "course"),
        ({"verb": "sang"}, "verb"),
        ({"show": "statistics", "split": "course"}, "split"),
    ],
)
def test_questions_that_cannot_be_answered(cast: Cast, given: dict[str, str], pointer: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        ask(cast, **given)
    assert raised.value.pointer == pointer


def test_every_dimension_answers_with_words(cast: Cast) -> None:
    for name in BY:
        found = ask(cast, by=name)
        assert found.cells, name
        assert all(found.word(name, cell.key) for cell in found.cells), name
    assert set(CHOICES) < {"course", *BY}


Hide = Callable[..., Answer]


def test_small_cells_are_hidden(cast: Cast, settings: Any) -> None:
    settings.NEURALINK_SMALL_CELL = 5
    found = ask(cast, measure="learners", by="course")
    # Algebra has 8, biology 7, ceramics 4 learners who did something: ceramics is small, and biology hides it.
    shown = {cell.key: (cell.value, cell.n_learners) for cell in found.cells if not cell.is_hidden}
    assert set(shown) == {cast.north.courses["algebra"].pk}
    assert found.n_hidden == 2
    assert "2 cells are hidden" in found.note
    assert all(cell.value is None and cell.n_learners is None for cell in found.cells if cell.is_hidden)


def test_a_cell_that_nothing_gives_away_hides_alone(cast: Cast, settings: Any) -> None:
    settings.NEURALINK_SMALL_CELL = 4
    assert ask(cast, measure="learners", by="course").n_hidden == 0


def test_statistics_of_few_are_hidden(cast: Cast, settings: Any) -> None:
    settings.NEURALINK_SMALL_CELL = 5
    found = ask(cast, measure="clicks", by="outcome", show="statistics")
    assert [cell.is_hidden for cell in found.cells] == [True, True]
    assert all(value is None for cell in found.cells for value in cell.values.values())


def test_cells_of_a_split_are_hidden_both_ways(cast: Cast, settings: Any) -> None:
    settings.NEURALINK_SMALL_CELL = 5
    found = ask(cast, measure="learners", by="course", split="outcome")
    for names in ("key", "split"):
        groups: dict[Any, list[bool]] = {}
        for cell in found.cells:
            groups.setdefault(getattr(cell, names), []).append(cell.is_hidden)
        assert all(sum(hidden) != 1 or len(hidden) == 1 for hidden in groups.values()), names


def test_nobody_of_the_neighbour_is_counted(cast: Cast) -> None:
    for by in BY:
        found = answer(Question.read({"by": by, "period": "28"}, cast.south.organisation, None))
        assert sum(cell.value or 0 for cell in found.cells) == len(cast.south.events), by
    assert Learner.objects.filter(organisation=cast.south.organisation).count() == 3


def test_what_the_period_cuts_is_told(cast: Cast) -> None:
    organisation = cast.north.organisation
    today = organisation.now().date()
    monday = today - timedelta(days=today.weekday() + 7)
    whole = {"from": f"{monday:%Y-%m-%d}", "to": f"{monday + timedelta(days=6):%Y-%m-%d}"}
    found = ask(cast, by="week", period="", **whole)
    assert [found.is_partial(cell.key) for cell in found.cells] == [False]
    cut = {"from": f"{monday + timedelta(days=2):%Y-%m-%d}", "to": f"{today:%Y-%m-%d}"}
    found = ask(cast, by="week", period="", **cut)
    assert [found.is_partial(cell.key) for cell in found.cells] == [True, True]
    days = ask(cast, by="day", period="7")
    assert [days.is_partial(cell.key) for cell in days.cells] == [False] * 6 + [True], "today is not over"
    organisation.as_of = organisation.now()
    stopped = answer(Question.read({"by": "day", "period": "7"}, organisation, None))
    assert not any(stopped.is_partial(cell.key) for cell in stopped.cells), "an archive's clock stands"
    assert not any(found.is_partial(key) for key in (1, None, "x"))


def test_a_total_is_told_only_of_what_adds_up(cast: Cast, settings: Any) -> None:
    n_events = Event.objects.filter(organisation=cast.north.organisation).count()
    assert ask(cast, by="course", period="all").total == n_events
    assert ask(cast, by="week", measure="learners", period="all").total is None
    assert ask(cast, by="course", show="statistics", period="all").total is None
    settings.NEURALINK_SMALL_CELL = 7
    hidden = ask(cast, by="course", period="all")
    assert hidden.n_hidden
    assert hidden.total is None, "it would give away what is hidden"
