"""Found statements as what goes out: in their format, with `stored`, with their attachments."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from django.db import connection

from analytics.lrs.definitions import definitions_of
from analytics.lrs.search import Found
from analytics.xapi.formats import accepted_languages, canonical, with_ids_only
from analytics.xapi.json_text import dump_json
from analytics.xapi.mentions import activity_key, mentions_of
from analytics.xapi.multipart import end_of_parts, part_head
from analytics.xapi.scalars import format_instant

Json = dict[str, Any]


def written(organisation_id: int, found: Sequence[Found], form: str, accept_language: str) -> list[str]:
    """JSON of each statement. `exact` is the stored text itself, which is not even parsed."""
    if form == "exact":
        return [f'{one.document[:-1]},"stored":"{format_instant(one.stored_at)}"}}' for one in found]
    statements = [json.loads(one.document) for one in found]
    if form == "ids":
        changed = [with_ids_only(statement) for statement in statements]
    else:
        changed = _canonical(organisation_id, statements, accept_language)
    return [
        dump_json(statement | {"stored": format_instant(one.stored_at)})
        for one, statement in zip(found, changed, strict=True)
    ]


def _canonical(organisation_id: int, statements: Sequence[Json], accept_language: str) -> list[Json]:
    keys = {
        key
        for statement in statements
        for said in [mentions_of(statement)]
        for key in (*said.activities, *said.other_activities)
    }
    definitions = definitions_of(organisation_id, sorted(keys))
    languages = accepted_languages(accept_language)
    return [canonical(one, lambda iri: definitions.get(activity_key(iri)), languages) for one in statements]


def result(statements: Sequence[str], more: str) -> str:
    """A StatementResult (1.0.3 Data 2.5)."""
    return f'{{"statements":[{",".join(statements)}],"more":{dump_json(more)}}}'


def with_attachments(organisation_id: int, found: Sequence[Found], text: str, boundary: str) -> Iterator[bytes]:
    """multipart/mixed: the statements, then the data of each attachment that is here, one in memory at a time."""
    yield part_head(boundary, {"Content-Type": "application/json"}) + text.encode() + b"\r\n"
    hashes = {
        attachment["sha2"].lower()
        for one in found
        if '"attachments"' in one.document
        for attachment in json.loads(one.document).get("attachments", ())
    }
    for sha2 in sorted(hashes):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT content_type, content FROM analytics_attachment WHERE organisation_id = %s AND sha2 = %s",
                [organisation_id, sha2],
            )
            row = cursor.fetchone()
        if row is None:  # it has a fileUrl only
            continue
        yield part_head(
            boundary,
            {"Content-Type": row[0], "Content-Transfer-Encoding": "binary", "X-Experience-API-Hash": sha2},
        )
        yield bytes(row[1])
        yield b"\r\n"
    yield end_of_parts(boundary)
