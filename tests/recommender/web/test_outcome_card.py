"""Pages of a predictor's run and version: measures with intervals, curves, days, courses, groups."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from analytics.models import Member, Role
from recommender.models import Run
from tests.recommender.college import College


@pytest.fixture
def owner(college: College) -> Client:
    login = get_user_model().objects.create_user("owner", password="x")
    Member.objects.create(organisation=college.organisation, login=login, role=Role.MODEL_OWNER)
    client = Client()
    client.force_login(login)
    return client


def test_what_was_measured_can_be_read(
    college: College, trained: Callable[..., Run], owner: Client, settings: Any
) -> None:
    settings.NEURALINK_LEASE_SECONDS = 600
    run = trained(college.organisation, "logistic")
    assert run.state == "succeeded", run.error
    for path in (f"/versions/{run.version.pk}/", f"/runs/{run.pk}/"):
        page = owner.get(path, follow=True).content.decode()
        for text in ("ROC-AUC", "Calibration error", "Days of warning", "Algebra 2023", "chart-roc", "False alarms"):
            assert text in page, (path, text)
        assert page.count("Logistic line") == 3  # beside all, the days, and the courses
        assert "Confusion matrix" in page
        assert "Popularity" not in page
    for path in ("/versions/", "/runs/", "/runs/new/?algorithm=logistic"):
        page = owner.get(path, follow=True).content.decode()
        assert "Outcomes: who needs help" in page or "logistic" in page
    assert "Only in the course" not in owner.get("/runs/new/?algorithm=logistic").content.decode()
    assert all(line is not None for line in run.data["outcomes"]["baseline"]["days"].values())
