"""What the store knows of a person behind an agent: all identities that are those of one learner."""

from __future__ import annotations

from typing import Any

from analytics.models import LearnerIdentity
from analytics.xapi.agents import matching_keys

PROPERTIES = ("name", "mbox", "mbox_sha1sum", "openid", "account")


def person(organisation_id: int, agent: dict[str, Any]) -> dict[str, Any]:
    """The Person of 1.0.3 Communication 2.4 and 2.0.0 section 4.1.6.3: each property an array."""
    identities = LearnerIdentity.objects.filter(organisation=organisation_id)
    learners = identities.filter(key__in=matching_keys(agent)).values("learner")
    known = identities.filter(learner__in=learners).select_related("learner").order_by("id")
    found: dict[str, list[Any]] = {}
    for each in [agent, *({**identity.agent, "name": identity.learner.name} for identity in known)]:
        for name in PROPERTIES:
            if each.get(name) and each[name] not in found.setdefault(name, []):
                found[name].append(each[name])
    return {"objectType": "Person"} | {name: values for name, values in found.items() if values}
