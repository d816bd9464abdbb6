"""Which table answers a question: the smallest that knows all of its dimensions.

Every source is a SELECT with the columns `key`, `split`, `n` (learners at least behind the cell) and the values asked.
Rows of days bound `n` from below: on its busiest day a cell had so many different learners.
"""
# ruff: noqa: S608  (the texts are put together from this package's own constants; values are parameters)

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from analytics.aggregates.explore.dimensions import BY
from analytics.aggregates.explore.question import Question
from analytics.aggregates.period import SPANS

VALUES = {
    "events": "sum(n_events)",
    "completions": "sum(n_completions)",
    "hours": "sum(seconds) / 3600.0",
    "clicks": "sum(clicks)",
    "results": "sum(n_results)",
    "result_share": "sum(result_sum) / nullif(sum(n_results), 0)",
    "active_days": 'count(DISTINCT "on")',
    "learners": "count(*)",
}
"""The formulas of `aggregates.measures` over rows of sums; a test compares their answers."""
OF_LEARNER = VALUES | {"active_days": "sum(n_days)"}
"""Over one row for each learner."""
STATISTICS = {
    "mean": "avg(value)",
    "deviation": "stddev_samp(value)",
    "least": "min(value)",
    "p10": "percentile_cont(0.10) WITHIN GROUP (ORDER BY value)",
    "p25": "percentile_cont(0.25) WITHIN GROUP (ORDER BY value)",
    "median": "percentile_cont(0.50) WITHIN GROUP (ORDER BY value)",
    "p75": "percentile_cont(0.75) WITHIN GROUP (ORDER BY value)",
    "p90": "percentile_cont(0.90) WITHIN GROUP (ORDER BY value)",
    "most": "max(value)",
}
"""As pandas' `describe` has them: sample standard deviation, percentiles interpolated linearly."""
SUMS = ("n_events", "n_completions", "seconds", "clicks", "result_sum", "n_results")
ENROLMENT = """JOIN (
    SELECT DISTINCT ON (learner_id, course_id) learner_id, course_id, course_run, started_at, outcome
    FROM analytics_enrolment WHERE organisation_id = %(organisation)s
    ORDER BY learner_id, course_id, started_at DESC NULLS LAST, id DESC
) e ON e.learner_id = d.learner_id AND e.course_id = d.course_id"""
TOTAL = "LEFT JOIN analytics_learnertotal t ON t.learner_id = d.learner_id"
TOTAL_WITHIN = """LEFT JOIN (
    SELECT learner_id, sum(n_days) AS n_days FROM analytics_coursetotal
    WHERE organisation_id = %(organisation)s AND course_id = ANY(%(courses)s) GROUP BY learner_id
) t ON t.learner_id = d.learner_id"""
DAYS = 'd."on" BETWEEN %(first)s AND %(last)s'
CUT_DAYS = """(d."on" BETWEEN %(first)s AND %(whole_first)s::date - 1
OR d."on" BETWEEN %(whole_last)s::date + 1 AND %(last)s)"""
"""Of the weeks or months that the period cuts."""


@dataclass(frozen=True)
class Source:
    table: str
    course: str
    """The column that names the course."""
    joins: str = ""
    condition: str = ""
    days: str = DAYS
    """The condition of the period; nothing where rows are of no day."""
    counts: str = "max(n_learners)"

    @property
    def has_days(self) -> bool:
        return bool(self.days)


ORGANISATION_DAYS = Source("analytics_organisationday", "")
COURSE_DAYS = Source(
    "analytics_activityday", "d.activity_id", "JOIN analytics_activity a ON a.id = d.activity_id", "a.kind = 'course'"
)
PART_DAYS = Source(
    "analytics_activityday", "a.course_id", "JOIN analytics_activity a ON a.id = d.activity_id", "a.kind <> 'course'"
)
PART_TOTALS = replace(
    PART_DAYS,
    table=f"""(
    SELECT %(organisation)s::bigint AS organisation_id, activity_id, max(n_learners) AS n_learners,
           {", ".join(f"sum({name}) AS {name}" for name in SUMS)}
    FROM analytics_activityday d WHERE organisation_id = %(organisation)s AND {DAYS} GROUP BY activity_id
)""",
    days="",
)
"""The days of the period added up, before it is looked at what each activity is."""
VERB_DAYS = Source("analytics_verbday", "d.course_id")
HOURS = Source(
    "analytics_organisationday",
    "",
    "CROSS JOIN LATERAL jsonb_array_elements_text(d.n_events_by_hour) WITH ORDINALITY AS counted (hour_events, place) "
    "CROSS JOIN LATERAL (SELECT counted.place::int - 1 AS hour) h",
    "hour_events::int > 0",
)
COURSE_TOTALS = Source("analytics_coursetotal", "d.course_id", days="")
LEARNER_DAYS = Source("analytics_learnerday", "d.course_id")
CUT_LEARNER_DAYS = Source("analytics_learnerday", "d.course_id", days=CUT_DAYS)
BIT_DAYS = Source("analytics_daylearners", "d.course_id")
CUT_BIT_DAYS = Source("analytics_daylearners", "d.course_id", days=CUT_DAYS)
"""One bit a learner: those of several days are or-ed, so that everybody counts once."""


def source_of(question: Question) -> Source:
    needed = question.needed
    for name, source in (("hour", HOURS), ("kind", PART_DAYS), ("verb", VERB_DAYS)):
        if name in needed:
            return source
    is_whole = question.course_ids is None and "course" not in needed
    if not any(BY[name].of_learner for name in needed):
        if not question.counts_learners:
            return ORGANISATION_DAYS if is_whole else COURSE_DAYS
        if question.shown == "total" and question.measure == "learners":
            return BIT_DAYS
    has_time = any(BY[name].is_time for name in needed)
    return COURSE_TOTALS if question.period.is_everything and not has_time else LEARNER_DAYS


def cells_sql(question: Question) -> str:
    source = source_of(question)
    if whole_spans(question):
        return _by_spans(question)
    if source in {COURSE_TOTALS, LEARNER_DAYS}:
        return _by_learner(question, source)
    if source is BIT_DAYS:
        return _by_bits(question, source)
    if source is PART_DAYS and _is_of_all_parts(question):
        source = PART_TOTALS
    value = "sum(hour_events::int)" if source is HOURS else VALUES[question.measure]
    # Of an hour no learners are known; a cell has at most as many of them as events.
    n = "sum(hour_events::int)" if source is HOURS else source.counts
    select = f"SELECT {_key(question.by, source)} AS key, {_key(question.split, source)} AS split"
    return f"{select}, {n} AS n, {value} AS value {_from(question, source)} GROUP BY 1, 2"


def _is_of_all_parts(question: Question) -> bool:
    """True where no part is left out, and its days are only added up."""
    is_narrowed = question.filters or question.course_ids is not None
    return not is_narrowed and question.needed <= {"kind", "course"} and question.measure != "active_days"


def whole_spans(question: Question) -> tuple[date, date] | None:
    """First and last day of the weeks or months that the period holds whole, if the question may read their spreads.

    It may where learners are counted or compared by week or month, of each course, of one, or of everything.
    """
    span = SPANS.get(_span_of(question))
    of_learners = question.shown == "statistics" or question.measure == "learners"
    of_courses = question.needed <= {"course", _span_of(question)}
    is_one = "course" in question.needed or question.course_ids is None or len(question.course_ids) == 1
    if span is None or not (of_learners and of_courses and is_one):
        return None
    first, end = span(question.period.first_on)
    if first < question.period.first_on and not question.period.is_everything:  # before everything there is nothing
        first = end + timedelta(days=1)
    start, last = span(question.period.last_on)
    if last > question.period.last_on:
        last = start - timedelta(days=1)
    return (first, last) if first < last else None


def _span_of(question: Question) -> str:
    return next((name for name in (question.by, question.split) if name in SPANS), "")


def _by_spans(question: Question) -> str:
    """What is kept of whole weeks and months, and what the period cuts worked out."""
    span, of_statistics = _span_of(question), question.shown == "statistics"
    keys = {"course": "course_id", "": "NULL::text", span: '"on"'}
    columns = [f"{keys[question.by]} AS key", f"{keys[question.split]} AS split", "n_learners AS n"]
    columns += STATISTICS if of_statistics else ["n_learners AS value"]
    # Whoever did anything has a number of events.
    measure = question.measure if of_statistics else "events"
    of_courses = "course" in question.needed or question.course_ids is not None
    conditions = [
        f"organisation_id = %(organisation)s AND span = '{span}' AND measure = '{measure}'",
        '"on" BETWEEN %(whole_first)s AND %(whole_last)s',
        "course_id IS NOT NULL" if of_courses else "course_id IS NULL",
        "course_id = %(course)s" if question.value("course") else "",
        "course_id = ANY(%(courses)s)" if question.course_ids is not None else "",
    ]
    kept = f"SELECT {', '.join(columns)} FROM analytics_spread WHERE {' AND '.join(filter(None, conditions))}"
    cut = _by_learner(question, CUT_LEARNER_DAYS) if of_statistics else _by_bits(question, CUT_BIT_DAYS)
    return f"{kept} UNION ALL {cut}"


def parameters_of(question: Question) -> dict[str, Any]:
    """Of the statement of the cells."""
    filters = {name: int(value) if name == "course" else value for name, value in question.filters}
    first, last = whole_spans(question) or (None, None)
    return {
        "organisation": question.organisation.pk,
        "courses": list(question.course_ids or []),
        "first": question.period.first_on,
        "last": question.period.last_on,
        "whole_first": first,
        "whole_last": last,
        **filters,
    }


def _by_bits(question: Question, source: Source) -> str:
    """Learners of a cell are known exactly: blocks of bits are or-ed over its days and courses, then counted."""
    keys = f"{_key(question.by, source)} AS key, {_key(question.split, source)} AS split"
    each = f"SELECT {keys}, d.block, bit_or(d.learners) AS bits {_from(question, source)} GROUP BY 1, 2, 3"
    n = "sum(bit_count(bits))::int"
    return f"SELECT key, split, {n} AS n, {n} AS value FROM ({each}) each GROUP BY 1, 2"


def _by_learner(question: Question, source: Source) -> str:
    """First a row for each cell and learner, then the cells: n is exact, and values can be spread."""
    value = OF_LEARNER[question.measure]
    each = _learners(question, source)
    if question.shown == "total":
        return f"SELECT key, split, count(*) AS n, {value} AS value FROM ({each}) each GROUP BY 1, 2"
    # There is one row for each cell and learner already: what is added up here are single rows.
    valued = f"SELECT key, split, ({unsummed(value)})::float8 AS value FROM ({each}) each"
    told = ", ".join(f"{sql} AS {name}" for name, sql in STATISTICS.items())
    return f"SELECT key, split, count(value) AS n, {told} FROM ({valued}) valued GROUP BY 1, 2"


def unsummed(formula: str) -> str:
    """The formula over one row: the sum of one number is that number."""
    return formula.replace("count(*)", "1").replace("sum(", "(")


def _learners(question: Question, source: Source) -> str:
    """Rows `key`, `split`, `learner_id`, `n_days` where days are asked for, and the sums that are asked for.

    Days are added up before enrolments and totals are looked at: there are a hundred times as many.
    """
    keys = f"{_outer_key(question.by)} AS key, {_outer_key(question.split)} AS split, d.learner_id"
    days = _days_added_up(question, source)
    conditions = [f"{_outer_key(name)} = %({name})s" for name, _value in question.filters if BY[name].of_learner]
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    joined = f"FROM ({days}) d {_learner_joins(question)} {where}"
    if not any(BY[name].of_enrolment for name in question.needed):
        return f"SELECT {', '.join([keys, *(f'd.{name}' for name in _added(question))])} {joined}"
    # A learner may have the same outcome in several courses.
    n_days = 'count(DISTINCT d."on")' if source.has_days else "sum(d.n_days)"
    added = [f"{n_days} AS n_days"] if question.measure == "active_days" else []
    added += [f"sum(d.{name}) AS {name}" for name in _added(question) if name != "n_days"]
    return f"SELECT {', '.join([keys, *added])} {joined} GROUP BY 3, 1, 2"


def _days_added_up(question: Question, source: Source) -> str:
    """Sums of each learner, by what the rows of the table know themselves; by course where enrolments are needed."""
    within = sorted(name for name in question.needed if not BY[name].of_learner)
    of_enrolment = any(BY[name].of_enrolment for name in question.needed)
    keys = ["d.learner_id", *(f"{_key(name, source)} AS {name}" for name in within)]
    if of_enrolment:
        keys.append("d.course_id")
    is_of_days = of_enrolment and source.has_days and question.measure == "active_days"
    if is_of_days:
        keys.append('d."on"')  # a day in two courses is one day: it is counted where outcomes are known
    if is_of_days or (not source.has_days and (of_enrolment or "course" in within)):
        columns = [] if is_of_days else [f"d.{name}" for name in _added(question)]
        return f"SELECT {', '.join([*keys, *columns])} {_from(question, source)}"  # one row for each already
    sums = [f"sum(d.{name}) AS {name}" for name in _added(question) if name != "n_days"]
    if question.measure == "active_days":
        sums.append(('count(DISTINCT d."on")' if source.has_days else "sum(d.n_days)") + " AS n_days")
    groups = ", ".join(str(place) for place in range(1, len(keys) + 1))
    return f"SELECT {', '.join([*keys, *sums])} {_from(question, source)} GROUP BY {groups}"


def _added(question: Question) -> list[str]:
    """The columns that the measure's formula names."""
    return [name for name in ("n_days", *SUMS) if name in OF_LEARNER[question.measure]]


def _outer_key(name: str) -> str:
    if not name:
        return "NULL::text"
    return BY[name].sql if BY[name].of_learner else f'd."{name}"'


def _learner_joins(question: Question) -> str:
    joins = []
    if any(BY[name].of_enrolment for name in question.needed):
        joins.append(ENROLMENT)
    if any(BY[name].of_level for name in question.needed):
        joins.append(TOTAL if question.course_ids is None else TOTAL_WITHIN)
    return " ".join(joins)


def _key(name: str, source: Source) -> str:
    if not name:
        return "NULL::text"
    return source.course if name == "course" else BY[name].sql


def _from(question: Question, source: Source) -> str:
    """Table, joins and conditions, without what is known of learners only."""
    needed = question.needed
    conditions = ["d.organisation_id = %(organisation)s", source.condition, source.days]
    if question.course_ids is not None:
        conditions.append(f"{source.course} = ANY(%(courses)s)")
    if source in {BIT_DAYS, CUT_BIT_DAYS} and question.course_ids is None and "course" not in needed:
        conditions.append("d.course_id IS NULL")  # all that they did, in whichever course
    if "course" in {question.by, question.split}:
        conditions.append(f"{source.course} IS NOT NULL")
    within = [name for name, _value in question.filters if not BY[name].of_learner]
    conditions += [f"{_key(name, source)} = %({name})s" for name in within]
    return f"FROM {source.table} d {source.joins} WHERE {' AND '.join(filter(None, conditions))}"
