"""Ratings: with a time, with a place, or in the order of the file alone."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from analytics.errors import InvalidInput
from analytics.imports.start import create_import
from analytics.models import Activity, Enrolment, Event, Organisation, RowVerdict
from tests.analytics.imports.conftest import worked_on
from tests.analytics.imports.format_contract import FormatContract


class TestRatingsContract(FormatContract):
    name = "ratings"
    n_rows = 21

    def write(self, folder: Path) -> Path:
        rows = [f"l{n % 4},a{n % 7},{n % 5 + 1}" for n in range(19)] + [",a1,3", "l1,a1,many"]
        path = folder / "ratings.csv"
        path.write_text("learner,activity,rating\n" + "\n".join(rows))
        return path


def imported(organisation: Organisation, path: Path, content: str, **options: Any) -> list[tuple[object, ...]]:
    path.write_text(content)
    done = worked_on(create_import(organisation, "ratings", path, options=options))
    assert (done.error, done.adds_up) == ("", True)
    names = ("learner__external_id", "activity__external_id", "verb", "value", "unit", "occurred_at")
    return list(Event.objects.filter(from_import=done).order_by("occurred_at", "id").values_list(*names))


def test_the_order_alone(organisation: Organisation, tmp_path: Path) -> None:
    found = imported(organisation, tmp_path / "x.csv", "learner;activity\nl1;b\nl1;a\nl2;a\n", first_at="2024-05-01")
    assert found == [
        (learner, activity, "viewed", None, "", datetime(2024, 5, 1, 0, 0, second, tzinfo=UTC))
        for second, (learner, activity) in enumerate([("l1", "b"), ("l1", "a"), ("l2", "a")])
    ]


def test_places_and_ratings(organisation: Organisation, tmp_path: Path) -> None:
    content = 'user,course,pos,liked\nl1,c,2,4\nl1,b,1,\nl1,d,x,5\nl2,b,0,"3,5"\n'
    columns = {"learner": "user", "activity": "course", "position": "pos", "rating": "liked"}
    found = imported(organisation, tmp_path / "x.csv", content, columns=columns, verb="enrolled", default_kind="course")
    assert [each[1:5] + (each[5].hour,) for each in found] == [  # type: ignore[attr-defined]
        ("b", "rated", 3.5, "stars", 0), ("b", "enrolled", None, "", 1), ("c", "rated", 4.0, "stars", 2),
    ]  # fmt: skip
    assert RowVerdict.objects.get(verdict="rejected").sentence == "The position “x” is no number from 0 to a million."
    assert Enrolment.objects.count() == 3
    assert not Activity.objects.filter(course__isnull=False).exists()


def test_times_of_its_own(organisation: Organisation, tmp_path: Path) -> None:
    table = pa.table({"user": [1, 2], "item": [7, 8], "rating": [5, 4], "ts": pa.array([0, 3600], pa.timestamp("s"))})
    pyarrow.parquet.write_table(table, tmp_path / "x.parquet")
    columns = {"learner": "user", "activity": "item", "at": "ts"}
    options = {"columns": columns, "time_zone": "UTC"}
    done = worked_on(create_import(organisation, "ratings", tmp_path / "x.parquet", options=options))
    assert done.counts_by_code == {"at_impossible": 2}


def test_a_first_day_that_is_none(organisation: Organisation, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("learner,activity\nl1,a\n")
    with pytest.raises(InvalidInput, match="'soon' is no day"):
        create_import(organisation, "ratings", tmp_path / "x.csv", options={"first_at": "soon"})
