"""The seven tables of OULAD, each as rows of one target. Every function takes and gives n rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from analytics.imports.instants import MICROSECONDS
from analytics.imports.marks import Mark, placed, rejected, repaired
from analytics.imports.vocabulary import kind_of
from analytics.models import Kind, Outcome, Unit, Verb

FIRST_MONTHS = {"B": "02", "J": "10"}
DAY = np.timedelta64(1, "D")
UNPLANNED = 10_000
"""Position of a site that is planned for no week: after those that are."""
ATTRIBUTES = (
    "gender", "region", "highest_education", "imd_band", "age_band", "studied_credits", "disability",
)  # fmt: skip
OUTCOMES = {
    "Pass": Outcome.COMPLETED,
    "Distinction": Outcome.DISTINCTION,
    "Fail": Outcome.FAILED,
    "Withdrawn": Outcome.WITHDRAWN,
}
ASSESSMENT_KINDS = {"TMA": Kind.ASSIGNMENT, "CMA": Kind.QUIZ, "Exam": Kind.QUIZ}


@dataclass(frozen=True)
class Catalogue:
    """What the rows of several files refer to."""

    begins: dict[str, np.datetime64]
    """Course -> its day 0."""
    lengths: dict[str, int]
    """Course -> days."""
    course_of: dict[str, str]
    """Assessment -> course."""

    @classmethod
    def of(cls, courses: pa.Table, assessments: pa.Table) -> Catalogue:
        names = _course(courses).to_pylist()
        begins = {name: day for name in names if (day := first_day(name)) is not None}
        lengths = dict(zip(names, numbers(courses["module_presentation_length"]).tolist(), strict=True))
        assessed = zip(assessments["id_assessment"].to_pylist(), _course(assessments).to_pylist(), strict=True)
        return cls(begins, {name: int(days) for name, days in lengths.items() if days == days}, dict(assessed))

    def day(self, courses: pa.Array, offsets: NDArray[np.float64]) -> pa.Array:
        """(n,) instants: midnight (UTC) of the day so many days after the course's day 0; null if not known."""
        nowhere = np.datetime64("NaT", "D")
        begins = by_distinct(courses, lambda name: self.begins.get(name, nowhere)).astype("datetime64[D]")
        known = np.isfinite(offsets)
        at = np.where(known, begins + np.where(known, offsets, 0).astype(np.int64) * DAY, nowhere)
        return pa.array(at.astype("datetime64[us]")).cast(MICROSECONDS)


def first_day(course: str) -> np.datetime64 | None:
    """Day 0 of a course such as AAA-2013J; None if it is not named like that."""
    year, term = course[-5:-1], course[-1:]
    if not (year.isdigit() and len(year) == 4 and term in FIRST_MONTHS):
        return None
    return np.datetime64(f"{year}-{FIRST_MONTHS[term]}-01", "D")


def courses(rows: pa.Table, catalogue: Catalogue) -> tuple[pa.Table, list[Mark]]:
    names = _course(rows)
    lengths = numbers(rows["module_presentation_length"])
    return _activities(
        names,
        kind=np.full(rows.num_rows, Kind.COURSE.value, object),
        name=pc.replace_substring(names, "-", " "),
        course=pa.nulls(rows.num_rows, pa.string()),
        position=np.arange(rows.num_rows),
        tags=[[module] for module in rows["code_module"].to_pylist()],
        opens_at=catalogue.day(names, np.zeros(rows.num_rows)),
        closes_at=catalogue.day(names, lengths),
    ), []


def sites(rows: pa.Table, catalogue: Catalogue) -> tuple[pa.Table, list[Mark]]:
    """Sites of the virtual learning environment; week 0 is the one of day 0."""
    course, types = _course(rows), rows["activity_type"].combine_chunks()
    first, last = numbers(rows["week_from"]), numbers(rows["week_to"])
    return _activities(
        _external_id("vle-", rows["id_site"]),
        kind=by_distinct(types, lambda name: (kind_of(name) or Kind.OTHER).value),
        name=pc.binary_join_element_wise(types, rows["id_site"].combine_chunks(), " "),
        course=course,
        position=np.where(np.isfinite(first), first, UNPLANNED),
        tags=_tags(rows, "activity_type"),
        opens_at=catalogue.day(course, first * 7),
        closes_at=catalogue.day(course, (last + 1) * 7),
    ), []


def assessments(rows: pa.Table, catalogue: Catalogue) -> tuple[pa.Table, list[Mark]]:
    """Assessments close at the end of their day; an exam without one at the end of the course."""
    course, types = _course(rows), rows["assessment_type"].combine_chunks()
    due = numbers(rows["date"])
    lengths = by_distinct(course, lambda name: float(catalogue.lengths.get(name, np.nan))).astype(np.float64)
    due = np.where(np.isfinite(due), due, lengths - 1)
    return _activities(
        _external_id("assessment-", rows["id_assessment"]),
        kind=by_distinct(types, lambda name: ASSESSMENT_KINDS.get(name, Kind.ASSIGNMENT).value),
        name=pc.binary_join_element_wise(types, rows["id_assessment"].combine_chunks(), " "),
        course=course,
        position=np.where(np.isfinite(due), due // 7, UNPLANNED),
        tags=_tags(rows, "assessment_type"),
        opens_at=pa.nulls(rows.num_rows, MICROSECONDS),
        closes_at=catalogue.day(course, due + 1),
    ), []


def enrolments(rows: pa.Table, catalogue: Catalogue) -> tuple[pa.Table, list[Mark]]:
    """One person in one presentation; what is told of the person goes to the learner, the rest to the enrolment."""
    numbered = placed(rows)
    bands = rows["imd_band"].to_pylist()
    without_sign = np.array([band[-1:].isdigit() for band in bands], dtype=np.bool_)
    outcome = by_distinct(rows["final_result"].combine_chunks(), lambda word: OUTCOMES.get(word, ""))
    attributes = [
        json.dumps({name: value for name, value in row.items() if value not in {"", "?"}})
        for row in rows.select(ATTRIBUTES)
        .set_column(
            ATTRIBUTES.index("imd_band"),
            "imd_band",
            pa.array([band + "%" if lacks else band for band, lacks in zip(bands, without_sign, strict=True)]),
        )
        .to_pylist()
    ]
    return pa.table(
        {
            "learner": rows["id_student"],
            "attributes": pa.array(attributes, pa.string()),
            "course": _course(rows),
            "course_run": rows["code_presentation"],
            "outcome": pa.array([str(word) for word in outcome], pa.string()),
            "attempt": pa.array(numbers(rows["num_of_prev_attempts"]) + 1, from_pandas=True),
        }
    ), [
        repaired(numbered, without_sign, "band_without_percent", _("A “%” was put behind “{imd_band}”.")),
        rejected(numbered, outcome == "", "outcome_unknown", _("“{final_result}” is no final result.")),
    ]


def dates(rows: pa.Table, catalogue: Catalogue) -> tuple[pa.Table, list[Mark]]:
    course = _course(rows)
    return pa.table(
        {
            "learner": rows["id_student"],
            "course": course,
            "course_run": rows["code_presentation"],
            "started_at": catalogue.day(course, numbers(rows["date_registration"])),
            "ended_at": catalogue.day(course, numbers(rows["date_unregistration"])),
        }
    ), []


def submissions(rows: pa.Table, catalogue: Catalogue) -> tuple[pa.Table, list[Mark]]:
    """Results as shares; one carried over from an earlier presentation was nothing that the learner did."""
    course = pa.array(by_distinct(rows["id_assessment"].combine_chunks(), lambda key: catalogue.course_of.get(key)))
    banked = pc.equal(rows["is_banked"], "1").combine_chunks().to_numpy(zero_copy_only=False)
    events = _events(
        rows,
        activity=_external_id("assessment-", rows["id_assessment"]),
        verb=Verb.SUBMITTED,
        at=catalogue.day(course.cast(pa.string()), numbers(rows["date_submitted"])),
        value=numbers(rows["score"]) / 100,
        unit=Unit.SHARE,
    )
    sentence = _("The result was carried over from an earlier presentation; nothing was submitted then.")
    return events, [rejected(placed(rows), banked, "banked_result", sentence)]


def views(rows: pa.Table, catalogue: Catalogue) -> tuple[pa.Table, list[Mark]]:
    """What a person clicked on a site in one visit; identical rows are different visits."""
    return _events(
        rows,
        activity=_external_id("vle-", rows["id_site"]),
        verb=Verb.VIEWED,
        at=catalogue.day(_course(rows), numbers(rows["date"])),
        value=numbers(rows["sum_click"]),
        unit=Unit.CLICKS,
    ), []


def numbers(texts: pa.ChunkedArray) -> NDArray[np.float64]:
    """(n,) numbers; NaN where the text is none, such as “?” or nothing."""
    column = texts.combine_chunks()
    try:
        found = column.cast(pa.float64())
    except pa.ArrowInvalid:
        is_number = pc.match_substring_regex(column, r"^-?[0-9]+(\.[0-9]+)?$")
        found = pc.if_else(is_number, column, None).cast(pa.float64())
    values: NDArray[np.float64] = found.to_numpy(zero_copy_only=False)
    return values


def by_distinct(texts: pa.Array, change: Callable[[str], object]) -> NDArray[np.object_]:
    """(n,) what a function makes of each text, asked once for each distinct one."""
    coded = pc.fill_null(texts, "").dictionary_encode()
    made = np.empty(len(coded.dictionary), dtype=object)
    made[:] = [change(text) for text in coded.dictionary.to_pylist()]
    each: NDArray[np.object_] = made[coded.indices.to_numpy(zero_copy_only=False)]
    return each


def _course(rows: pa.Table) -> pa.Array:
    """(n,) external ids of courses: AAA-2013J."""
    parts = (rows[name].combine_chunks() for name in ("code_module", "code_presentation"))
    return pc.binary_join_element_wise(*parts, "-")


def _external_id(prefix: str, numbers: pa.ChunkedArray) -> pa.Array:
    return pc.binary_join_element_wise(prefix, numbers.combine_chunks(), "")


def _tags(rows: pa.Table, name: str) -> list[list[str]]:
    return [list(pair) for pair in zip(rows["code_module"].to_pylist(), rows[name].to_pylist(), strict=True)]


def _activities(
    activity: pa.Array, *, tags: list[list[str]], position: NDArray[np.float64], **columns: pa.Array
) -> pa.Table:
    joined = ["; ".join(each) for each in tags]
    typed = {name: column if isinstance(column, pa.Array) else pa.array(column) for name, column in columns.items()}
    places = pa.array(position.astype(np.int64))
    return pa.table({"activity": activity, "tags": pa.array(joined, pa.string()), "position": places, **typed})


def _events(
    rows: pa.Table, *, activity: pa.Array, verb: Verb, at: pa.Array, value: NDArray[np.float64], unit: Unit
) -> pa.Table:
    return pa.table(
        {
            "learner": rows["id_student"],
            "activity": activity,
            "verb": pa.repeat(verb.value, rows.num_rows),
            "at": at,
            "value": pa.array(value, from_pandas=True),
            "unit": pa.repeat(unit.value, rows.num_rows),
        }
    )
