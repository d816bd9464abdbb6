"""When two statements are the same one (1.0.3 Data 2.3.1, Statement Comparison Requirements)."""

from __future__ import annotations

import re
from typing import Any

from analytics.xapi.agents import identity_key
from analytics.xapi.scalars import parse_timestamp

SIGNATURE = "http://adlnet.gov/expapi/attachments/signature"
SET_BY_THE_STORE = {"id", "authority", "stored", "timestamp", "version", "attachments"}
_FRACTION = re.compile(r"([.,]\d\d)\d+(?=[A-Z]$)")
Json = dict[str, Any]


def are_same(one: Json, other: Json) -> bool:
    """Whatever the store sets or may write in another way does not count; a timestamp counts where both have it."""
    if _comparable(one) != _comparable(other):
        return False
    stamps = [parse_timestamp(each["timestamp"]) for each in (one, other) if "timestamp" in each]
    return len(stamps) < 2 or stamps[0] == stamps[1]


def _comparable(statement: Json) -> Json:
    """Verbs without display, activities without definition, groups without order, attachments as their hashes."""
    kept = {name: _plain(name, value) for name, value in statement.items() if name not in SET_BY_THE_STORE}
    attached = statement.get("attachments", ())
    return kept | {"attachments": sorted(one["sha2"].lower() for one in attached if one["usageType"] != SIGNATURE)}


def _plain(name: str, value: Any) -> Any:
    if name == "extensions":
        return value
    if name == "verb":
        return value["id"]
    if name == "member":
        return sorted(str(identity_key(agent)) for agent in value)
    if name == "registration":
        return value.lower()
    if name == "duration":
        return _FRACTION.sub(r"\1", value)  # 1.0.3 Data 4.6: what is beyond 0.01 s does not count
    if name == "contextActivities":
        return {key: [_plain("", one) for one in _listed(activities)] for key, activities in value.items()}
    if isinstance(value, dict):
        return _plain_object(value)
    return [_plain("", inner) for inner in value] if isinstance(value, list) else value


def _plain_object(value: Json) -> Json:
    plain = {name: _plain(name, inner) for name, inner in value.items() if name != "definition"}
    key = identity_key(value)
    identifiers = {"mbox", "mbox_sha1sum", "openid", "account"}
    return plain if key is None else {name: plain[name] for name in plain.keys() - identifiers} | {"": key}


def _listed(activities: Any) -> list[Any]:
    return activities if isinstance(activities, list) else [activities]
