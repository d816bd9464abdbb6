"""What becomes of a version that passed the gate: by itself, by somebody, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from analytics.errors import InvalidInput
from analytics.models import Member
from recommender.models import PromotionPolicy, Proposal, Run
from recommender.registry import versions
from recommender.registry.proposals import decline, set_policy, waiting
from tests.recommender.school import School

Trained = Callable[..., Run]


@pytest.fixture
def browser(browser_of: Callable[..., Client]) -> Client:
    return browser_of("administrator")


@pytest.fixture
def asked(school: School, trained: Trained) -> Any:
    """A version that waits."""
    set_policy(school.organisation, "ask", by=None)
    return trained(school.organisation, "popularity").version


def test_by_default_what_passes_goes_into_use(school: School, trained: Trained) -> None:
    run = trained(school.organisation, "popularity")
    assert versions.live(school.organisation, "any") == run.version
    assert not Proposal.objects.exists()


def test_held_versions_are_stored_and_nobody_is_asked(school: School, trained: Trained) -> None:
    set_policy(school.organisation, "hold", by=None)
    run = trained(school.organisation, "popularity")
    assert versions.live(school.organisation, "any") is None
    assert run.verdict.startswith("Good enough, and not put into use")
    assert not waiting(school.organisation)


def test_somebody_is_asked_and_their_answer_kept(
    browser: Client, school: School, asked: Any, member_of_school: Callable[..., Member]
) -> None:
    assert versions.live(school.organisation, "any") is None
    assert asked.run.verdict.startswith("Good enough, and waits")
    assert "Waiting for you" in browser.get(reverse("model_attention")).content.decode()
    shown = browser.get(reverse("version_list")).content.decode()
    assert reverse("version_promote", args=[asked.pk]) in shown
    browser.post(reverse("version_promote", args=[asked.pk]), {"why": "Looks right"})
    assert versions.live(school.organisation, "any") == asked
    kept = Proposal.objects.get()
    by = member_of_school("administrator")
    assert (kept.decision, kept.by, kept.why, kept.decided_at is None) == ("accepted", by, "Looks right", False)
    assert "Waiting for you" not in browser.get(reverse("version_list")).content.decode()
    assert "Waiting for you" not in browser.get(reverse("model_attention")).content.decode()


def test_declined_is_not_asked_again(
    browser: Client, school: School, asked: Any, member_of_school: Callable[..., Member]
) -> None:
    browser.post(reverse("version_decline", args=[asked.pk]), {"why": "Exams this week"})
    kept = Proposal.objects.get()
    assert (kept.decision, kept.by, kept.why) == ("declined", member_of_school("administrator"), "Exams this week")
    assert versions.live(school.organisation, "any") is None
    with pytest.raises(InvalidInput, match="does not wait"):
        decline(asked, by=None, why="again")


def test_one_question_at_a_time(school: School, trained: Trained, asked: Any) -> None:
    second = trained(school.organisation, "ease")
    assert [one.version for one in waiting(school.organisation)] == [second.version]
    versions.promote(asked, by=None, why="the older one")
    assert not waiting(school.organisation)
    assert set(Proposal.objects.values_list("version", "decision")) == {
        (asked.pk, "superseded"),
        (second.version.pk, "superseded"),
    }


def test_a_run_that_is_only_stored_asks_nobody(school: School, trained: Trained) -> None:
    set_policy(school.organisation, "ask", by=None)
    run = trained(school.organisation, "popularity", promotes=False)
    assert run.verdict.startswith("Not put into use, as asked")
    assert not waiting(school.organisation)


def test_the_policy_by_page(browser: Client, school: School, member_of_school: Callable[..., Member]) -> None:
    browser.post(reverse("promotion_policy"), {"after_gate": "ask"})
    policy = PromotionPolicy.of(school.organisation)
    assert (policy.after_gate, policy.changed_by) == ("ask", member_of_school("administrator"))
    browser.post(reverse("promotion_policy"), {"after_gate": "sometimes"})
    assert PromotionPolicy.of(school.organisation).after_gate == "ask"
    assert "Last changed by" in browser.get(reverse("retrain_rule_list")).content.decode()


def test_policy_and_answers_by_api(browser: Client, school: School, asked: Any) -> None:
    address = reverse("api_promotion_policy")
    assert browser.get(address).json()["after_gate"] == "ask"
    wrong = browser.post(address, {"after_gate": "sometimes"}, content_type="application/json")
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (400, "/after_gate")
    assert browser.post(address, {"after_gate": "hold"}, content_type="application/json").json()["after_gate"] == "hold"
    assert [one["version"] for one in browser.get(reverse("api_proposals")).json()["results"]] == [asked.number]
    declining = reverse("api_version_decline", args=[asked.number])
    made = browser.post(declining, {"why": "no"}, content_type="application/json")
    assert (made.status_code, made.json()["decision"]) == (201, "declined")
    assert browser.post(declining, {"why": "no"}, content_type="application/json").status_code == 400
