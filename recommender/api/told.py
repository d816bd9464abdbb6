"""Answers as JSON, without a serializer's walk over fields: it would cost as much as finding the answer.

A test holds these keys against those of the serializers that the schema is made from.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.urls import reverse

from analytics.public import Activity
from recommender.serving.answers import Answer, Recommendation
from recommender.serving.remembered import Remembered

Told = dict[str, Any]
MAX_REMEMBERED = 4096


def told(answer: Answer) -> Told:
    version = answer.version
    return {
        "learner": answer.learner.shown_id if answer.learner else None,
        "token": str(answer.token) if answer.token else None,
        "source": answer.source,
        "version": version.number if version else None,
        "card": _card(version.number) if version else None,
        "fallback": answer.fallback,
        "recommendations": [_recommendation(one) for one in answer.recommendations],
    }


@lru_cache(maxsize=256)
def _card(number: int) -> str:
    return reverse("api_version_card", args=[number])


def _recommendation(one: Recommendation) -> Told:
    return {
        "rank": one.rank,
        "activity": _activity(one.activity),
        "strength": one.strength,
        "source": one.source,
        "reason": one.reason,
        "reason_activities": [_activity(activity) for activity in one.reason_activities],
    }


def _activity(activity: Activity) -> Told:
    return {"external_id": activity.external_id, "kind": activity.kind, "name": activity.name}


_remembered: Remembered[Hashable, Told] = Remembered(MAX_REMEMBERED)


def remembered(key: Hashable, make: Callable[[], Answer]) -> Told:
    """An answer that is the same for everybody, at most NEURALINK_SHARED_SECONDS old; the key names its version."""
    return _remembered.get(key, settings.NEURALINK_SHARED_SECONDS, lambda: told(make()))
