"""Risks on demand: asked for on the worklist and by API, followed, stopped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from analytics.models import Enrolment, JobState, Organisation, Outcome
from recommender.models import Promotion, PromotionAction, Risk, RiskRefresh, Run, TargetKind, Version
from recommender.worklist.readiness import MIN_ENDED
from tests.asking import post, told
from tests.cast import Cast

REFRESHES = "/api/v1/risk-refreshes/"
Risks = dict[int, Risk]


@pytest.fixture
def predicting(cast: Cast, risks: Risks) -> Organisation:
    """North has a predictor in use."""
    organisation = cast.north.organisation
    run = Run.objects.create(organisation=organisation, algorithm="logistic", kind=TargetKind.OUTCOME)
    version = Version.objects.create(
        organisation=organisation, number=7, algorithm="logistic", kind=TargetKind.OUTCOME, run=run
    )
    Promotion.objects.create(
        organisation=organisation, kind=TargetKind.OUTCOME, version=version, action=PromotionAction.PROMOTE
    )
    return organisation


@pytest.fixture
def browser(client_of: Callable[..., Client]) -> Client:
    return client_of("instructor")


def shown(browser: Client, **query: str) -> tuple[str, bool]:
    """The fragment, and whether it reloads the page."""
    response = browser.get(reverse("risk_refresh_progress"), query)
    return response.content.decode(), response.headers.get("HX-Refresh") == "true"


def test_asked_for_followed_and_done(
    browser: Client, predicting: Organisation, woken: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    assert "Calculate risks now" in browser.get(reverse("worklist")).content.decode()
    for _click in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            response = browser.post(reverse("risk_refresh_start"))
        assert response.url == reverse("worklist")
    refresh = RiskRefresh.objects.get()
    assert refresh.requested_by is not None
    assert refresh.requested_by.role == "instructor"
    assert [message.task_name for message in woken] == ["recommender.tasks.refresh_risks"]
    text, reloads = shown(browser)
    assert "as soon as a worker is free" in text
    assert "shown=open" in text
    assert not reloads
    RiskRefresh.objects.update(state=JobState.RUNNING, progress_share=0.1, progress_text="reading")
    assert "Risks are being calculated: 10%, reading." in shown(browser, shown="open")[0]
    RiskRefresh.objects.update(state=JobState.SUCCEEDED)
    text, reloads = shown(browser, shown="open")
    assert "Calculate risks now" in text
    assert reloads
    assert not shown(browser)[1], "a page that was opened later is as it should be"


def test_stopped(browser: Client, predicting: Organisation) -> None:
    browser.post(reverse("risk_refresh_start"))
    page = browser.post(reverse("risk_refresh_cancel"), follow=True).content.decode()
    assert "the risks stay as they were" in page
    assert RiskRefresh.objects.get().state == JobState.CANCELLED


def test_what_failed_says_why(browser: Client, predicting: Organisation) -> None:
    RiskRefresh.objects.create(organisation=predicting, state=JobState.FAILED, error="The files are damaged.")
    assert "The last time it failed: The files are damaged." in shown(browser)[0]


def test_where_none_was_calculated_yet_it_can_be_asked_for(browser: Client, predicting: Organisation) -> None:
    Risk.objects.all().delete()
    Enrolment.objects.update(outcome=Outcome.COMPLETED)
    seed = Enrolment.objects.filter(organisation=predicting).first()
    assert seed is not None
    Enrolment.objects.bulk_create(
        Enrolment(
            organisation=predicting, learner=seed.learner, course=seed.course, course_run=str(n), outcome="failed"
        )
        for n in range(MIN_ENDED)
    )
    page = browser.get(reverse("worklist")).content.decode()
    assert "No risk has been calculated yet" in page
    assert "Calculate risks now" in page


def test_without_a_predictor_it_says_what_to_do(browser: Client, risks: Risks) -> None:
    page = browser.post(reverse("risk_refresh_start"), follow=True).content.decode()
    assert "train one first" in page
    assert not RiskRefresh.objects.exists()


def test_by_api(api_client: Callable[..., Client], cast: Cast, predicting: Organisation, woken: list[Any]) -> None:
    client = api_client("cases:write")
    made = post(client, REFRESHES, {})
    assert made.status_code == 202, made.content
    assert made.headers["Location"] == f"{REFRESHES}{made.json()['id']}/"
    assert (made.json()["state"], made.json()["requested_by"]) == ("queued", None)
    assert post(client, REFRESHES, {}).json()["id"] == made.json()["id"]
    assert client.get(REFRESHES, {"state": "queued"}).json()["results"] == [made.json()]
    told(post(client, REFRESHES, {"course": "algebra"}), 400)
    theirs = RiskRefresh.objects.create(organisation=cast.south.organisation)
    told(client.get(f"{REFRESHES}{theirs.pk}/"), 404)
    assert post(client, f"{made.headers['Location']}cancel/", {}).status_code == 202
    assert client.get(made.headers["Location"]).json()["state"] == "cancelled"
    told(post(api_client("cases:write", organisation="south"), f"{made.headers['Location']}cancel/", {}), 404)
