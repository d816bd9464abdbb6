"""Files with everybody's lists, and answers for several learners at once."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from analytics import jobs
from analytics.jobs import working_on
from analytics.models import ApiKey, Enrolment, Learner, Scope
from analytics.public import InvalidInput
from recommender.models import Impression, ListExport, Run
from recommender.serving.list_export import export_lists, path_of, queue_due_exports, start_export
from recommender.serving.recommend import recommend
from tests.asking import post, told
from tests.recommender.school import School, build_school

Trained = Callable[..., Run]


def write(export: ListExport) -> ListExport:
    with working_on(ListExport, export.pk) as lease:
        assert lease is not None
        export_lists(lease)
    export.refresh_from_db()
    return export


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that keeps a lease alive does not see rows of the test's transaction."""
    monkeypatch.setattr(jobs, "LOOK_SECONDS", 600.0)


@pytest.fixture
def client(school: School) -> Client:
    secret = ApiKey.objects.issue(school.organisation, "site", [Scope.RECOMMENDATIONS_READ], None)[1]
    return Client(headers={"Authorization": f"Bearer {secret}"})


def test_both_formats_hold_everybodys_lists(school: School, trained: Trained, client: Client) -> None:
    trained(school.organisation)
    newcomer = Learner.objects.create(organisation=school.organisation, external_id="new, and odd")
    Enrolment.objects.create(organisation=school.organisation, learner=newcomer, course=school.courses["blue"])
    export = write(start_export(school.organisation, n_each=3))
    assert (export.state, export.error, export.n_learners) == ("succeeded", "", 61)
    rows = list(csv.DictReader(StringIO(path_of(export).read_text())))
    assert len(rows) == export.n_rows == 183
    mine = [row for row in rows if row["learner"] == "l0"]
    steps = recommend(school.learners[0], limit=3, channel="api", record=False).recommendations
    assert [row["activity"] for row in mine] == [step.activity.external_id for step in steps]
    assert [row["rank"] for row in mine] == ["1", "2", "3"]
    assert {row["fallback"] for row in rows if row["learner"] == "new, and odd"} == {"first_in_your_courses"}
    output = StringIO()
    call_command("export_lists", "--format", "parquet", "-n", "3", stdout=output)
    of_parquet = pyarrow.parquet.read_table(json.loads(output.getvalue().splitlines()[-1])["file"]).to_pylist()
    assert [row["activity"] for row in of_parquet] == [row["activity"] for row in rows]
    answer = client.get(f"/api/v1/recommendations/exports/{export.pk}/file/")
    assert b"".join(answer.streaming_content) == path_of(export).read_bytes()  # type: ignore[attr-defined]


def test_a_cancelled_export_leaves_nothing(school: School, models_home: Path) -> None:
    export = start_export(school.organisation)
    with working_on(ListExport, export.pk) as lease:
        assert lease is not None
        lease._cancelled.set()
        export_lists(lease)
    export.refresh_from_db()
    assert (export.state, export.file) == ("cancelled", "")
    assert not [path for path in models_home.rglob("*") if path.is_file()]


def test_every_night_once(school: School, trained: Trained, settings: Any) -> None:
    settings.NEURALINK_LISTS_HOUR = 0
    assert queue_due_exports() == 0  # no model is in use
    trained(school.organisation, "popularity")
    assert (queue_due_exports(), queue_due_exports()) == (1, 0)
    export = write(ListExport.objects.get(is_nightly=True))
    ListExport.objects.filter(pk=export.pk).update(created_at=timezone.now() - timedelta(days=8))
    assert queue_due_exports() == 1
    newer = write(ListExport.objects.filter(is_nightly=True).latest("pk"))
    export.refresh_from_db()
    assert (export.file, Path(newer.file).parts[0]) == ("", "lists")
    settings.NEURALINK_LISTS_HOUR = -1
    ListExport.objects.all().delete()
    assert queue_due_exports() == 0


def test_one_at_a_time_and_within_limits(school: School, models_home: Path) -> None:
    assert start_export(school.organisation) == start_export(school.organisation)
    with pytest.raises(InvalidInput) as raised:
        start_export(school.organisation, n_each=0)
    assert raised.value.pointer == "n_each"


def test_exports_by_api(school: School, models_home: Path, client: Client) -> None:
    answer = post(client, "/api/v1/recommendations/exports/", {"format": "parquet", "n_each": 5})
    assert (answer.status_code, answer.json()["state"], answer.json()["file"]) == (202, "queued", None)
    told(client.get(answer["Location"] + "file/"), 404)
    assert post(client, answer["Location"] + "cancel/", {}).json()["state"] == "cancelled"
    other = build_school("other", n_learners=1)
    theirs = start_export(other.organisation)
    told(client.get(f"/api/v1/recommendations/exports/{theirs.pk}/"), 404)


def test_a_batch_answers_each_as_alone(school: School, trained: Trained, client: Client, settings: Any) -> None:
    trained(school.organisation)
    body = {"learners": ["l3", "l0"], "limit": 4}
    answers = post(client, "/api/v1/recommendations/batch/", body).json()["answers"]
    assert [answer["learner"] for answer in answers] == ["l3", "l0"]
    alone = client.get("/api/v1/learners/l0/recommendations/", {"limit": 4}).json()
    assert answers[1]["recommendations"] == alone["recommendations"]
    assert Impression.objects.get(token=answers[1]["token"]).learner == school.learners[0]
    for wrong in ({"learners": []}, {"learners": ["l0", "nobody"]}, {"learners": ["l0"], "limit": 0}):
        told(post(client, "/api/v1/recommendations/batch/", wrong), 400)
    settings.NEURALINK_BATCH_LEARNERS = 1
    assert "At most 1" in told(post(client, "/api/v1/recommendations/batch/", body), 400)["detail"]
