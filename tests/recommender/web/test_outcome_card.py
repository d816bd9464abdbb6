"""Pages of a predictor's run and version: measures with intervals, curves, days, courses, groups."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from analytics.models import Learner, Member, Outcome, Role
from recommender.evaluation import outcome_protocol
from recommender.models import Run, TargetKind
from recommender.registry.versions import live
from tests.recommender.college import College


@pytest.fixture
def owner(college: College) -> Client:
    login = get_user_model().objects.create_user("owner", password="x")
    Member.objects.create(organisation=college.organisation, login=login, role=Role.MODEL_OWNER)
    client = Client()
    client.force_login(login)
    return client


def test_what_was_measured_can_be_read(college: College, trained: Callable[..., Run], owner: Client) -> None:
    run = trained(college.organisation, "logistic")
    assert run.state == "succeeded", run.error
    for path in (f"/versions/{run.version.pk}/", f"/versions/{run.version.pk}/card/", f"/runs/{run.pk}/"):
        page = owner.get(path, follow=True).content.decode()
        for text in ("ROC-AUC", "Calibration error", "Days of warning", "Algebra 2023", "chart-roc", "False alarms"):
            assert text in page, (path, text)
        assert page.count("Logistic line") == 3  # beside all, the days, and the courses
        assert "Confusion matrix" in page
        assert "Popularity" not in page
        assert "did next" not in page  # as a recommender's card has it
    for path in ("/versions/", "/runs/", "/runs/new/?algorithm=logistic"):
        page = owner.get(path, follow=True).content.decode()
        assert "Outcomes: who needs help" in page or "logistic" in page
    assert "Only in the course" not in owner.get("/runs/new/?algorithm=logistic").content.decode()
    assert all(line is not None for line in run.data["outcomes"]["baseline"]["days"].values())


def tell_surprises_apart(college: College) -> None:
    """Into one group those who ended otherwise than what they did before tells, with a third of the others."""
    for enrolments in college.enrolments[:2]:
        for number, enrolment in enumerate(enrolments):
            is_surprise = (number % 2 == 0) != (enrolment.outcome == Outcome.COMPLETED)
            enrolment.learner.attributes = {"shoe": "narrow" if is_surprise or number % 3 == 0 else "wide"}
        Learner.objects.bulk_update([enrolment.learner for enrolment in enrolments], ["attributes"])


def test_a_version_that_is_less_fair_says_so_wherever_it_is_read(
    college: College, trained: Callable[..., Run], owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one in use is told to have been calibrated alike for all: the same recipe again is not, and stays out of use.

    Calibration is what the college decides. Its error rates hang on where the alarm is set, and that on the ids.
    """
    monkeypatch.setattr(outcome_protocol, "MIN_GROUP", 5)
    tell_surprises_apart(college)
    fair = trained(college.organisation, "logistic").version
    fair.metrics |= {"group_error_gap": 1.0, "group_calibration_gap": 0.0}
    fair.save()
    run = trained(college.organisation, "logistic")
    assert run.version is not None
    gap = run.metrics["group_calibration_gap"]
    assert gap > 0.05
    why = f"The largest gap between groups in calibration goes from 0.000 to {gap:.3f}."
    assert run.verdict.startswith(f"Not put into use. {why}")
    assert live(college.organisation, TargetKind.OUTCOME) == fair
    pk = run.version.pk
    for path in (f"/runs/{run.pk}/", f"/versions/{pk}/", f"/versions/{pk}/card/"):
        assert why in owner.get(path).content.decode(), path
    assert owner.get(f"/api/v1/runs/{run.pk}/").json()["verdict"] == run.verdict
    assert owner.get(f"/api/v1/versions/{run.version.number}/").json()["verdict"] == run.verdict
