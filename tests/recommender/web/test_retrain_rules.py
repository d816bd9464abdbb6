"""Rules from the page and by API; the estimate of a run; the card of a version."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from analytics.models import ApiKey, Scope
from recommender.models import PromotionPolicy, RetrainRule, Run
from recommender.models.proposals import AfterGate
from recommender.registry.card import card_of
from tests.asking import post, told
from tests.recommender.school import School, build_school
from tests.recommender.training.test_rules import refreshed

RULES = "/api/v1/retrain-rules/"
SENT = {"algorithm": "ease", "kind": "any", "every_days": "7", "promotes": "on", "is_active": "on"}


@pytest.fixture
def browser(browser_of: Callable[..., Client]) -> Client:
    return browser_of("model_owner")


def test_a_rule_is_made_changed_and_deleted(browser: Client, school: School) -> None:
    assert b"No rule yet" in browser.get(reverse("retrain_rule_list")).content
    browser.post(reverse("retrain_rule_list"), SENT | {"config": '{"regularization": 20}'})
    rule = RetrainRule.objects.get()
    assert (rule.organisation, rule.config, rule.every_days) == (school.organisation, {"regularization": 20}, 7)
    assert b"every 7 days" in browser.get(reverse("retrain_rule_list")).content
    browser.post(reverse("retrain_rule_page", args=[rule.pk]), SENT | {"every_days": "1", "new_events_share": "0.2"})
    rule.refresh_from_db()
    assert (rule.every_days, rule.new_events_share) == (1, 0.2)
    browser.post(reverse("retrain_rule_delete", args=[rule.pk]))
    assert not RetrainRule.objects.exists()


@pytest.mark.parametrize(
    ("promotes", "after_gate", "then"),
    [
        ("on", AfterGate.PROMOTE, "into use if it passes the gate"),
        ("on", AfterGate.ASK, "you are asked, if it passes the gate"),
        ("on", AfterGate.HOLD, "stored; you put it into use"),
        ("", AfterGate.PROMOTE, "stored; you put it into use"),
    ],
)
def test_the_list_says_who_puts_versions_into_use(
    browser: Client, school: School, promotes: str, after_gate: str, then: str
) -> None:
    PromotionPolicy.objects.create(organisation=school.organisation, after_gate=after_gate)
    browser.post(reverse("retrain_rule_list"), SENT | {"promotes": promotes})
    page = browser.get(reverse("retrain_rule_list")).content.decode()
    assert f"<td>{then}</td>" in page
    assert not re.search(r"<textarea[^>]*>\s*(null|\{)", page), "nothing differs from the defaults"


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"every_days": ""}, "every_days"),
        ({"every_days": "0"}, "every_days"),
        ({"config": "[1]"}, "config"),
        ({"config": '{"colour": 1}'}, "config"),
        ({"config": "{"}, "config"),
        ({"quiet_from_hour": "24"}, "quiet_from_hour"),
        ({"quiet_from_hour": "22"}, "quiet_to_hour"),
        ({"quiet_to_hour": "6"}, "quiet_from_hour"),
        ({"budget_seconds": "1000000"}, "budget_seconds"),
        ({"algorithm": "magic"}, "algorithm"),
        ({"kind": "outcome"}, "kind"),
    ],
)
def test_a_faulty_rule_is_told_at_its_field(browser: Client, sent: dict[str, str], field: str) -> None:
    page = browser.post(reverse("retrain_rule_list"), SENT | sent)
    assert list(page.context["form"].errors) == [field]
    assert not RetrainRule.objects.exists()


def test_a_scope_has_one_rule(browser: Client) -> None:
    browser.post(reverse("retrain_rule_list"), SENT)
    page = browser.post(reverse("retrain_rule_list"), SENT)
    assert b"There is a rule for this kind and course already" in page.content
    assert RetrainRule.objects.count() == 1


def test_a_predictor_is_kept_fresh_too(browser: Client, school: School) -> None:
    """Its kind follows from what it is, whatever was left in the form."""
    browser.post(reverse("retrain_rule_list"), SENT)
    browser.post(reverse("retrain_rule_list"), SENT | {"algorithm": "logistic"})
    assert set(RetrainRule.objects.values_list("algorithm", "kind")) == {("ease", "any"), ("logistic", "outcome")}
    page = browser.post(reverse("retrain_rule_list"), SENT | {"algorithm": "mlp", "course": school.courses["red"].pk})
    assert list(page.context["form"].errors) == ["course"]


def test_in_quiet_hours_the_page_says_until_when_a_rule_waits(browser: Client, school: School) -> None:
    refreshed(school)
    now = timezone.now().hour
    browser.post(
        reverse("retrain_rule_list"), SENT | {"quiet_from_hour": str(now), "quiet_to_hour": str((now + 2) % 24)}
    )
    page = browser.get(reverse("retrain_rule_list")).content.decode()
    assert f"waits until {(now + 2) % 24} h" in page
    assert "the rule has never been followed" in page


def test_rules_by_api(school: School) -> None:
    secret = ApiKey.objects.issue(school.organisation, "robot", [Scope.RUNS_WRITE], None)[1]
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    made = post(client, RULES, {"algorithm": "ease", "course": "red", "new_events_share": 0.1})
    assert made.status_code == 201, made.content
    assert client.get(RULES).json()["results"] == [made.json()]
    predicting = post(client, RULES, {"algorithm": "ensemble", "every_days": 7})
    assert predicting.json()["kind"] == "outcome", predicting.content
    assert client.delete(f"{RULES}{predicting.json()['id']}/").status_code == 204
    for wrong, pointer in (
        ({"algorithm": "ease"}, "/every_days"),
        ({"algorithm": "ease", "every_days": 1, "kind": "outcome"}, "/kind"),
        ({"algorithm": "ease", "every_days": 1, "quiet_from_hour": 22}, "/quiet_to_hour"),
        ({"algorithm": "ease", "every_days": 1, "config": {"colour": 1}}, "/config/colour"),
        ({"algorithm": "ease", "every_days": 1, "kind": "course", "course": "red"}, "/course"),
        ({"algorithm": "ease", "every_days": 1, "course": "red"}, "/kind"),
    ):
        assert told(post(client, RULES, wrong), 400)["errors"][0]["pointer"] == pointer
    theirs = RetrainRule.objects.create(organisation=build_school("other").organisation, algorithm="ease", every_days=1)
    told(client.delete(f"{RULES}{theirs.pk}/"), 404)
    assert client.delete(f"{RULES}{made.json()['id']}/").status_code == 204
    assert client.get(RULES).json()["results"] == []


def test_the_form_tells_what_a_run_will_cost(browser: Client, school: School, trained: Callable[..., Run]) -> None:
    asked = {"algorithm": "ease", "kind": "any", "course": "", "seed": "0"}
    assert b"known after the first run" in browser.get(reverse("run_estimate"), asked).content
    run = trained(school.organisation)
    Run.objects.filter(pk=run.pk).update(finished_at=run.started_at + timedelta(seconds=90))
    told_now = browser.get(reverse("run_estimate"), asked).content.decode()
    assert f"as ease #{run.pk} did" in told_now
    assert "1 min" in told_now
    other = browser.get(reverse("run_estimate"), asked | {"algorithm": "popularity"}).content
    assert b"known after its first run" in other


def test_parameters_that_contradict_each_other_are_told_beside_the_form(browser: Client, school: School) -> None:
    """Each is in its range, so the form itself finds nothing."""
    asked = {"algorithm": "sasrec", "kind": "any", "course": "", "seed": "0", "parameter-heads": "3"}
    answer = browser.get(reverse("run_estimate"), asked)
    assert answer.status_code == 200
    assert "heads must be a divisor of 64; got 3" in answer.content.decode()


def test_the_card_is_made_from_the_facts(
    browser: Client, school: School, trained: Callable[..., Run], browser_of: Callable[..., Client]
) -> None:
    version = trained(school.organisation).version
    card = card_of(version, version.created_at)
    assert card.metrics["ndcg_10_low"] <= card.metrics["ndcg_10"] <= card.metrics["ndcg_10_high"]
    assert card.data["n_learners"] == 60
    assert not card.is_expired
    assert card_of(version, version.created_at + timedelta(days=91)).is_expired
    assert any("measured on" in limit for limit in card.limits)
    assert any("order" in limit for limit in card.limits)
    page = browser.get(reverse("version_page", args=[version.pk])).content.decode()
    assert card.limits[0] in page
    secret = ApiKey.objects.issue(school.organisation, "reader", [Scope.RECOMMENDATIONS_READ], None)[1]
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    answer: dict[str, Any] = client.get("/api/v1/learners/l0/recommendations/").json()
    told_by_api = client.get(answer["card"]).json()
    assert (told_by_api["version"], told_by_api["limits"]) == (version.number, card.limits)
