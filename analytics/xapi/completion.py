"""What a store adds to a statement that it takes, and what it writes in one way (1.0.3 Data 2.2 and 2.4)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from analytics.xapi.scalars import format_instant, parse_timestamp
from analytics.xapi.statements import ONE

Json = dict[str, Any]
UNSAID_VERSION = {ONE: "1.0.0"}
"""1.0.3 Data 2.4.10: what has no version is 1.0.0; in 2.0.0 it is the store's."""


def complete(statement: Json, version: str, authority: Json, at: datetime) -> Json:
    """The checked statement as it is kept: with id, timestamp, version and the authority of the credential.

    `stored` is left out: it is a column, because the database says when that is.
    """
    kept = {name: value for name, value in statement.items() if name != "stored"}
    kept["id"] = kept["id"].lower() if "id" in kept else str(uuid4())
    kept["timestamp"] = _in_utc(kept["timestamp"]) if "timestamp" in kept else format_instant(at)
    kept.setdefault("version", UNSAID_VERSION.get(version, version))
    kept["authority"] = authority
    _list_context_activities(kept)
    if kept["object"].get("objectType") == "SubStatement":
        kept["object"] = _complete_sub_statement(kept["object"])
    return kept


def _complete_sub_statement(given: Json) -> Json:
    kept = dict(given)
    if "timestamp" in kept:
        kept["timestamp"] = _in_utc(kept["timestamp"])
    _list_context_activities(kept)
    return kept


def _in_utc(timestamp: str) -> str:
    """2.0.0 section 4.2.7: returned in UTC; one that is so already keeps all of its digits."""
    return timestamp if timestamp.endswith("Z") else format_instant(parse_timestamp(timestamp))


def _list_context_activities(part: Json) -> None:
    """1.0.3 Data 2.4.6.2: returned as arrays, even those that arrived as a single activity."""
    given = part.get("context", {}).get("contextActivities")
    if given and not all(isinstance(value, list) for value in given.values()):
        listed = {name: value if isinstance(value, list) else [value] for name, value in given.items()}
        part["context"] = {**part["context"], "contextActivities": listed}
