"""Risks of the cast, made up so that the right list is known: no model is needed to test what people do with them."""

from __future__ import annotations

import datetime
from typing import Any

from django.utils import timezone

from analytics.models import Enrolment
from recommender.models import Confidence, Risk
from tests.cast import House

RISES = {"feature": "pause", "value": 9.0, "peers_value": 2.0, "effect": 0.2}
MISSING = {"feature": "missing_work", "value": 2.0, "peers_value": 0.0, "effect": 0.1}
HELPS = {"feature": "results", "value": 0.8, "peers_value": 0.6, "effect": -0.1}
FATE = {"feature": "course", "value": 0.6, "peers_value": None, "effect": 0.3}
"""Words that a learner must never read."""


def add_risk(enrolment: Enrolment, risk_share: float | None, **fields: Any) -> Risk:
    """One prediction, of today if nothing else is said; `risk_share` None: not enough data yet."""
    on = fields.pop("on", timezone.now().date())
    defaults: dict[str, Any] = {
        "organisation_id": enrolment.organisation_id,
        "course_day": 27,
        "is_known": risk_share is not None,
        "risk_share": risk_share,
        "grade_share": None if risk_share is None else 1 - risk_share,
        "confidence": Confidence.MEDIUM if risk_share is not None else "",
        "factors": [FATE, RISES, MISSING] if risk_share is not None else [],
        "strengths": [HELPS] if risk_share is not None else [],
        "calculated_at": timezone.now(),
    }
    return Risk.objects.create(enrolment=enrolment, on=on, **(defaults | fields))


def add_risks(house: House, on: datetime.date | None = None) -> dict[int, Risk]:
    """Of every enrolment of algebra, by number of the learner: 0.9, 0.8, ... 0.3, and the eighth is not known."""
    enrolments = Enrolment.objects.filter(course=house.courses["algebra"]).order_by("learner_id")
    shares = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, None]
    days = {"on": on} if on else {}
    return {
        number: add_risk(enrolment, share, **days)
        for number, (enrolment, share) in enumerate(zip(enrolments, shares, strict=False))
    }


def enrolment_of(risk: Risk) -> Enrolment:
    return Enrolment.objects.select_related("learner", "course", "organisation").get(pk=risk.enrolment_id)
