"""The only reader of how enrolments went, for predicting outcomes; as it was known at an instant.

**Day 0** of an enrolment is the day on which its course opens, if the course has one run and an opening date. Else
every learner has a clock of their own, which starts with their enrolment, and due dates are not looked at.

**The end** is the enrolment's own, or that of the course once an outcome is told, and never behind the day on which the
course closes. What had not happened at the instant asked about (events, ends, outcomes) is not read: an archive's clock
can be set back to any day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.public import COMPLETING_VERBS, Activity, Kind, Learner, Organisation, Outcome, Unit, Verb
from recommender.datasets.studies import (
    FINISHED,
    MATERIAL_KINDS,
    NOT_FINISHED,
    UNKNOWN,
    Floats,
    Ints,
    Materials,
    Runs,
    Studies,
    StudyDays,
    Work,
)
from recommender.history import copied, copied_with_lists

LOST = (Outcome.FAILED, Outcome.WITHDRAWN)
WORK_KINDS = (Kind.ASSIGNMENT, Kind.QUIZ)
HANDING_IN = (*COMPLETING_VERBS, Verb.FAILED)
DATES = 100_000
"""More than there are days since 1970 in any date that a database row has here."""
DAY_BITS = 18
"""Enough for twice as many: days of a course may be before its first."""

# floor(extract(epoch FROM x) / 86400): an instant as UTC days since 1970. Nobody is in a course that has closed:
# one who never signed off is no reason to predict, nor to read a whole course of last year.
_ENROLMENTS = """
    SELECT e.id, e.learner_id, e.course_id, dense_rank() OVER (ORDER BY e.course_id, e.course_run),
           floor(extract(epoch FROM COALESCE(own_clock.begins_at, e.started_at)) / 86400)::float8,
           COALESCE(floor(extract(epoch FROM e.started_at) / 86400), 'NaN')::float8,
           COALESCE(floor(extract(epoch FROM LEAST(ending.at, own_clock.closes_at)) / 86400), 'Infinity')::float8,
           COALESCE(e.attempt::float8, 'NaN'),
           CASE WHEN e.outcome = 'active' OR ending.at > %(until)s THEN %(unknown)s
                WHEN e.outcome = ANY(%(lost)s) THEN %(not_finished)s ELSE %(finished)s END::float8,
           CASE WHEN ending.at > %(until)s THEN 'NaN' ELSE COALESCE(e.grade_share, 'NaN') END::float8,
           ('x0' || left(md5(COALESCE(c.tags[1], c.external_id)), 7))::bit(32)::int4::int8,
           COALESCE(extract(month FROM own_clock.begins_at AT TIME ZONE 'UTC'), 0)::float8,
           (e.outcome <> 'active' AND ending.at IS NULL)::int::float8,
           (e.outcome = 'withdrawn')::int::float8
    FROM analytics_enrolment e JOIN analytics_activity c ON c.id = e.course_id
    JOIN (SELECT course_id, count(DISTINCT course_run) AS n_runs FROM analytics_enrolment
          WHERE organisation_id = %(organisation)s GROUP BY course_id) times ON times.course_id = e.course_id
    CROSS JOIN LATERAL (
        SELECT CASE WHEN times.n_runs = 1 THEN c.opens_at END AS begins_at,
               CASE WHEN times.n_runs = 1 THEN c.closes_at END AS closes_at
    ) own_clock
    CROSS JOIN LATERAL (SELECT COALESCE(e.ended_at, CASE WHEN e.outcome <> 'active' THEN c.closes_at END) AS at) ending
    WHERE e.organisation_id = %(organisation)s AND (e.started_at IS NULL OR e.started_at <= %(until)s)
      AND COALESCE(own_clock.begins_at, e.started_at) IS NOT NULL
    ORDER BY e.id
"""
_ENROLMENT_COLUMNS = {
    "id": ">i8", "learner": ">i8", "course": ">i8", "run": ">i8", "first_on": ">f8", "start_on": ">f8",
    "end_on": ">f8", "attempt": ">f8", "outcome": ">f8", "grade_share": ">f8", "subject": ">i8", "season": ">f8",
    "is_undated": ">f8", "is_withdrawn": ">f8",
}  # fmt: skip
_DAYS = """
    SELECT learner_id, course_id, ("on" - DATE '1970-01-01')::int8, n_events::float8,
           GREATEST(clicks, n_events)::float8, n_activities::float8, activities
    FROM analytics_learnerday
    WHERE organisation_id = %(organisation)s AND course_id = ANY(%(courses)s) AND "on" <= %(until)s::date
"""
_DAY_COLUMNS = {
    "learner": ">i8", "course": ">i8", "on": ">i8", "n_events": ">f8", "amount": ">f8", "n_materials": ">f8",
}  # fmt: skip
_MATERIALS = """
    SELECT id, (array_position(%(material_kinds)s, kind::text) - 1)::int8
    FROM analytics_activity
    WHERE organisation_id = %(organisation)s AND course_id = ANY(%(courses)s) AND kind = ANY(%(material_kinds)s)
    ORDER BY id
"""
_MATERIAL_COLUMNS = {"id": ">i8", "kind": ">i8"}
_WORK = """
    SELECT id, course_id,
           COALESCE(floor(extract(epoch FROM closes_at - interval '1 microsecond') / 86400), 'NaN')::float8
    FROM analytics_activity
    WHERE organisation_id = %(organisation)s AND course_id = ANY(%(courses)s) AND kind = ANY(%(work_kinds)s)
    ORDER BY id
"""
_WORK_COLUMNS = {"id": ">i8", "course": ">i8", "due_on": ">f8"}
# Few of all events hand something in: they have an index of their own (`event_handed_in`), with just these verbs.
_HANDED_IN = """
    SELECT DISTINCT ON (v.learner_id, v.activity_id) v.learner_id, a.course_id, v.activity_id,
           floor(extract(epoch FROM v.occurred_at) / 86400)::int8,
           COALESCE(CASE WHEN v.unit = %(share)s THEN v.value END, 'NaN')::float8
    FROM analytics_event v JOIN analytics_activity a ON a.id = v.activity_id
    WHERE v.organisation_id = %(organisation)s AND v.verb = ANY(%(verbs)s) AND v.occurred_at <= %(until)s
      AND a.course_id = ANY(%(courses)s) AND a.kind = ANY(%(work_kinds)s)
    ORDER BY v.learner_id, v.activity_id, v.occurred_at, v.id
"""
_HANDED_IN_COLUMNS = {"learner": ">i8", "course": ">i8", "activity": ">i8", "on": ">i8", "result": ">f8"}

Table = NDArray[Any]


@dataclass(frozen=True)
class Done:
    """Days of learners in courses, with what they met on them."""

    days: Table  # (m,)
    counts: Ints  # (m,) activities met
    met: Ints  # (counts.sum(),) their database ids
    materials: Table  # (q,) by ascending id


def studies(
    organisation: Organisation,
    *,
    until: datetime | None = None,
    only_running: bool = False,
    only_course_id: int | None = None,
) -> Studies:
    """Enrolments with what was done in them.

    Args:
        organisation: whose; no others are read.
        until: what was known at this instant; now, by the organisation's clock, where None.
        only_running: read what was done only in courses that somebody is still in. The outcomes of the others are
            read all the same: they are what earlier runs teach.
        only_course_id: read what was done only in this course.
    """
    asked = _asked(organisation, until or organisation.now())
    enrolments = copied(_ENROLMENTS, asked, _ENROLMENT_COLUMNS)
    courses = enrolments["course"]
    if only_running:
        courses = courses[enrolments["end_on"] > _today_on(asked["until"])]
    if only_course_id is not None:
        courses = courses[courses == only_course_id]
    asked["courses"] = np.unique(courses).tolist()
    done = Done(*copied_with_lists(_DAYS, asked, _DAY_COLUMNS), copied(_MATERIALS, asked, _MATERIAL_COLUMNS))
    work = copied(_WORK, asked, _WORK_COLUMNS)
    handed_in = copied(_HANDED_IN, asked, _HANDED_IN_COLUMNS)
    return _assembled(enrolments, done, work, handed_in, _today_on(asked["until"]))


MOST_GROUPS = 15
"""An attribute with more values names places or numbers and not groups."""


def groups_of(organisation: Organisation, studies: Studies) -> dict[str, NDArray[np.str_]]:
    """What the source tells of the learners, attribute -> (n,) values: to audit a model, and never to feed it."""
    attributes = dict(Learner.objects.filter(organisation=organisation).values_list("id", "attributes"))
    told = [attributes.get(learner) or {} for learner in studies.learner.tolist()]
    found = {}
    for name in sorted({name for each in told for name in each}):
        values = np.array([str(each.get(name, "")) for each in told])
        distinct = set(np.unique(values).tolist()) - {""}
        if 1 < len(distinct) <= MOST_GROUPS and not all(value.isdigit() for value in distinct):
            found[name] = values
    return found


def course_names(studies: Studies, runs: Ints) -> list[str]:
    """The name of the course of each run (index)."""
    ids = studies.runs.course_id[runs].tolist()
    names = dict(Activity.objects.filter(id__in=ids).values_list("id", "name"))
    return [names.get(each, str(each)) for each in ids]


def _today_on(instant: datetime) -> int:
    return int(instant.timestamp() // 86_400)


def _asked(organisation: Organisation, until: datetime) -> dict[str, Any]:
    return {
        "organisation": organisation.pk,
        "until": until,
        "lost": [outcome.value for outcome in LOST],
        "material_kinds": list(MATERIAL_KINDS),
        "work_kinds": [kind.value for kind in WORK_KINDS],
        "verbs": [verb.value for verb in HANDING_IN],
        "share": Unit.SHARE.value,
        "unknown": UNKNOWN,
        "not_finished": NOT_FINISHED,
        "finished": FINISHED,
    }


def _assembled(enrolments: Table, done: Done, work: Table, handed_in: Table, today: int) -> Studies:
    run, first_on = enrolments["run"].astype(np.int64) - 1, enrolments["first_on"].astype(np.int64)
    n_runs = int(run.max(initial=-1)) + 1
    runs = Runs(*(np.zeros(n_runs, np.int64) for _column in range(3)))
    runs.subject[run] = enrolments["subject"]
    runs.course_id[run] = enrolments["course"]
    runs.season[run] = enrolments["season"]
    days, materials = _days(enrolments, run, first_on, done)
    handed = _work(enrolments, run, first_on, runs, work, handed_in)
    end_on = np.where(enrolments["end_on"] > today, np.inf, enrolments["end_on"])
    return Studies(
        enrolment_ids=enrolments["id"].astype(np.int64),
        learner=enrolments["learner"].astype(np.int64),
        run=run,
        first_on=first_on,
        start_day=enrolments["start_on"] - first_on,
        end_day=_ends(end_on - first_on, enrolments["is_undated"] > 0, days),
        attempt=enrolments["attempt"].astype(np.float64),
        outcome=enrolments["outcome"].astype(np.int64),
        grade_share=_grades(enrolments, handed),
        runs=runs,
        days=days,
        materials=materials,
        work=handed,
        today_on=today,
    )


def _days(enrolments: Table, run: Ints, first_on: Ints, done: Done) -> tuple[StudyDays, Materials]:
    owner = _owners(enrolments, done.days["learner"], done.days["course"], done.days["on"])
    day = (done.days["on"] - first_on[owner] if len(owner) else np.zeros(0)).astype(np.int64)
    row, place = _met(done)
    n_kinds, kind = len(MATERIAL_KINDS), done.materials["kind"].astype(np.int64)[place]
    n_by_kind = np.bincount(row * n_kinds + kind, minlength=len(owner) * n_kinds).reshape(-1, n_kinds)
    order = np.lexsort((day, owner))
    order = order[owner[order] >= 0]
    n_events, amount, n_materials = (
        done.days[name][order].astype(np.float64) for name in ("n_events", "amount", "n_materials")
    )
    by_kind = n_by_kind[order].astype(np.float32)
    days = StudyDays(owner[order], day[order], n_events, amount, n_materials, by_kind)
    return days, _materials(owner[row], day[row], place, run, done.materials)


def _met(done: Done) -> tuple[Ints, Ints]:
    """Row of a day, and place among the materials, of whatever was met that is one of them."""
    ids = done.materials["id"].astype(np.int64)
    row = np.repeat(np.arange(len(done.days)), done.counts)
    place = np.searchsorted(ids, done.met)
    is_one = np.append(ids, -1)[place] == done.met
    return row[is_one], place[is_one]


def _materials(owner: Ints, day: Ints, place: Ints, run: Ints, materials: Table) -> Materials:
    """The first time of each: of what was met again and again only the earliest row is kept."""
    n = max(len(materials), 1)
    is_owned = owner >= 0
    # Numbers that sort as their parts do: several times as fast as sorting by two columns.
    key = np.sort((((owner * n + place) << DAY_BITS) | (day + DATES))[is_owned])
    key = key[np.diff(key >> DAY_BITS, prepend=-1) > 0]
    (owner, place), day = np.divmod(key >> DAY_BITS, n), (key & ((1 << DAY_BITS) - 1)) - DATES
    in_run, material = np.unique(run[owner] * n + place, return_inverse=True)
    kind = materials["kind"].astype(np.int64)[in_run % n]
    order = np.argsort((owner << DAY_BITS) | (day + DATES), kind="stable")
    return Materials(in_run // n, kind, owner[order], material[order], day[order])


def _work(enrolments: Table, run: Ints, first_on: Ints, runs: Runs, work: Table, handed_in: Table) -> Work:
    """Every assessment stands once in each run of its course, because each run has its own peers and days."""
    pairs, places = np.unique(np.column_stack([enrolments["course"].astype(np.int64), run]), axis=0, return_index=True)
    of_run, of_work = np.nonzero(pairs[:, 0][:, None] == work["course"][None, :])
    work_run = pairs[of_run, 1]
    shared_clock = runs.season[work_run] > 0
    due_day = np.where(shared_clock, work["due_on"][of_work] - first_on[places[of_run]], np.nan)
    owner = _owners(enrolments, handed_in["learner"], handed_in["course"], handed_in["on"])
    key = work_run * (len(work) + 1) + of_work  # ascending in neither: sorted for the search
    by_key = np.argsort(key)
    wanted = run[owner] * (len(work) + 1) + np.searchsorted(work["id"], handed_in["activity"])
    found = by_key[np.minimum(np.searchsorted(key[by_key], wanted), max(len(key) - 1, 0))] if len(key) else wanted
    day = handed_in["on"] - first_on[owner] if len(owner) else np.zeros(0, np.int64)
    order = np.lexsort((day, owner))
    order = order[owner[order] >= 0]
    return Work(
        run=work_run,
        due_day=due_day,
        owner=owner[order],
        work=found[order],
        day=day[order].astype(np.int64),
        result=handed_in["result"][order].astype(np.float64),
    )


def _owners(enrolments: Table, learner: Ints, course: Ints, on: Ints) -> Ints:
    """(m,) index of the enrolment that a row belongs to: the latest begun by then, else the first; -1: none."""
    if not len(enrolments):
        return np.full(len(learner), -1)
    courses, course_place = np.unique(enrolments["course"], return_inverse=True)
    learners, learner_place = np.unique(enrolments["learner"], return_inverse=True)
    scope = learner_place * len(courses) + course_place
    start = np.nan_to_num(enrolments["start_on"]).astype(np.int64).clip(0)
    order = np.lexsort((start, scope))
    keys = (scope * DATES + start)[order]
    place_of_learner = np.minimum(np.searchsorted(learners, learner), len(learners) - 1)
    place_of_course = np.minimum(np.searchsorted(courses, course), len(courses) - 1)
    is_enrolled = (learners[place_of_learner] == learner) & (courses[place_of_course] == course)
    wanted = place_of_learner * len(courses) + place_of_course
    at = np.searchsorted(keys, wanted * DATES + on.astype(np.int64), side="right") - 1
    is_before = (at < 0) | (keys[at] // DATES != wanted)
    at = np.minimum(at + is_before, len(keys) - 1)
    return np.where(is_enrolled & (keys[at] // DATES == wanted), order[at], -1)


def _ends(end_day: Floats, is_undated: NDArray[np.bool_], days: StudyDays) -> Floats:
    """An outcome without a date: the day after the last activity, so that nobody counts as idle afterwards."""
    last = np.full(len(end_day), -1.0)
    np.maximum.at(last, days.owner, days.day)
    return np.where(is_undated, last + 1, end_day)


def _grades(enrolments: Table, work: Work) -> Floats:
    """The grade where the source tells one; else the mean result of what was handed in, of those who stayed."""
    marked = np.isfinite(work.result)
    n = np.bincount(work.owner[marked], minlength=len(enrolments))
    mean = np.bincount(work.owner[marked], work.result[marked], len(enrolments)) / np.maximum(n, 1)
    is_told = np.isfinite(enrolments["grade_share"])
    stayed = (enrolments["outcome"] != UNKNOWN) & (enrolments["is_withdrawn"] == 0) & (n > 0)
    return np.where(is_told, enrolments["grade_share"], np.where(stayed, mean, np.nan)).astype(np.float64)
