"""What statements say of activities: kept as it comes, merged when it is asked for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from django.db import connection, transaction

Entry = tuple[str, str, str]
MOST_MERGED = 20
"""Definitions of one activity that are merged; where statements gave more, the latest ones."""


@lru_cache(maxsize=65_536)
def _known(organisation_id: int, key: str, digest: str) -> list[bool]:
    """[True] once this process has seen it committed: then it need not be tried again."""
    return [False]


def keep_definitions(organisation_id: int, entries: Iterable[Entry]) -> None:
    """(activity key, digest, JSON), within a transaction; in one order, so that writers never wait for each other."""
    new = sorted({entry for entry in entries if not _known(organisation_id, *entry[:2])[0]})
    if not new:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO analytics_activitydefinition (organisation_id, activity, digest, definition, first_at)
            SELECT %s, key, digest, definition, now()
            FROM unnest(%s::text[], %s::text[], %s::text[]) AS given (key, digest, definition)
            ON CONFLICT DO NOTHING
            """,
            [organisation_id, *(list(column) for column in zip(*new, strict=True))],
        )
    transaction.on_commit(lambda: _remember(organisation_id, new))


def _remember(organisation_id: int, entries: Iterable[Entry]) -> None:
    for key, digest, _ in entries:
        _known(organisation_id, key, digest)[0] = True


def definitions_of(organisation_id: int, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Activity key -> its definition: properties and languages of later ones before those of earlier ones."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT wanted.key, latest.definition
            FROM unnest(%s::text[]) AS wanted (key), LATERAL (
                SELECT id, definition FROM analytics_activitydefinition
                WHERE organisation_id = %s AND activity = wanted.key ORDER BY id DESC LIMIT %s
            ) AS latest
            ORDER BY wanted.key, latest.id
            """,
            [list(dict.fromkeys(keys)), organisation_id, MOST_MERGED],
        )
        rows = cursor.fetchall()
    merged: dict[str, dict[str, Any]] = {}
    for key, text in rows:
        merged[key] = _merge(merged.get(key, {}), json.loads(text))
    return merged


def _merge(earlier: dict[str, Any], later: dict[str, Any]) -> dict[str, Any]:
    merged = earlier | later
    for name in ("name", "description", "extensions"):
        if name in earlier and name in later:
            merged[name] = earlier[name] | later[name]
    return merged
