"""Risk as a column and a filter of the tables of learners, and only of courses that the viewer sees."""

from __future__ import annotations

import pytest
from django.http import QueryDict

from analytics.tables.catalogue import TABLES
from analytics.tables.query import TableQuery
from analytics.tables.viewer import Viewer
from recommender.worklist.columns import register
from tests.cast import Cast
from tests.recommender.risks import add_risk, add_risks


def risks(cast: Cast, query: str, role: str = "administrator") -> dict[str, float | None]:
    read = TableQuery.read(TABLES["learners"], QueryDict(query), Viewer.of(cast.north.members[role]))
    return {row.external_id: row.risk_share for row in read.rows()}


@pytest.fixture(autouse=True)
def predicted(cast: Cast) -> None:
    add_risks(cast.north)
    biology = next(one for one in cast.north.enrolments if one.course.external_id == "biology")
    add_risk(biology, 0.95)  # of learner 5, whose risk in algebra is 0.5


def test_the_largest_risk_orders(cast: Cast) -> None:
    found = list(risks(cast, "sort=-risk_share").values())
    assert found == [0.95, 0.9, 0.8, 0.7, 0.6, 0.4, 0.3, *[None] * 5]


def test_an_instructor_hears_only_of_their_course(cast: Cast) -> None:
    assert risks(cast, "sort=-risk_share", "instructor")["learner-05"] == 0.5
    course = cast.north.courses["algebra"].pk
    assert risks(cast, f"course={course}")["learner-05"] == 0.5


def test_filters(cast: Cast) -> None:
    assert len(risks(cast, "risk=at")) == 5
    assert risks(cast, "risk=below&sort=-risk_share") == {"learner-06": 0.4, "learner-07": 0.3}
    assert set(risks(cast, "risk=unknown").values()) == {None}
    assert len(risks(cast, "risk=unknown")) == 5
    assert set(risks(cast, "risk=at", "instructor")) == {f"learner-{n:02}" for n in range(1, 6)}


def test_registering_twice_is_as_once() -> None:
    register()
    names = [column.name for column in TABLES["learners"].columns]
    assert len(names) == len(set(names))
    assert names.index("risk_share") < names.index("n_active_days")
