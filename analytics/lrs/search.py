"""Find statements: filters as SQL on the columns beside the JSON, links followed, voided ones hidden."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from analytics.lrs.queries import Place, StatementQuery
from analytics.xapi.statements import VOIDED

# Only a voiding statement cannot be voided (1.0.3 Data 2.3.2). With the verb inside, this can become an anti-join.
IS_VOIDED = """EXISTS (
    SELECT 1 FROM analytics_statementlink v
    WHERE v.organisation_id = s.organisation_id AND v.target = s.uuid AND v.is_voiding AND s.verb <> %(voided)s
)"""


MANY = 2000


@dataclass(frozen=True, slots=True)
class Found:
    """A stored statement."""

    row_id: int
    stored_at: datetime
    document: str


@dataclass(frozen=True)
class Reader:
    """Whose statements may be seen: all of the organisation, or only those stored with one credential."""

    organisation_id: int
    credential_id: int | None = None


@dataclass(frozen=True)
class Page:
    statements: Sequence[Found]
    next_place: Place | None
    """Where the next page begins, if there is one."""


def find_one(reader: Reader, uuid: UUID, is_voided: bool) -> Found | None:
    """The statement with this id, if it is voided or not as is asked (1.0.3 Communication 2.1.4)."""
    mine = "" if reader.credential_id is None else "AND s.credential_id = %(credential)s"
    sql = f"""
        SELECT s.id, s.stored_at, s.document FROM analytics_statement s
        WHERE s.organisation_id = %(organisation)s AND s.uuid = %(uuid)s {mine}
          AND {"" if is_voided else "NOT"} {IS_VOIDED}
    """  # noqa: S608  (only our own words are put in)
    parameters = {"organisation": reader.organisation_id, "credential": reader.credential_id, "voided": VOIDED}
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters | {"uuid": uuid})
        row = cursor.fetchone()
    return Found(*row) if row else None


def find_page(reader: Reader, query: StatementQuery) -> Page:
    """The statements after the query's place, in the order of the store, newest first unless asked otherwise."""
    parameters = _parameters(reader, query)
    with connection.cursor() as cursor:
        sources = [_source(cursor, way, parameters) for way in _ways(query)]
        cursor.execute(_page_sql(reader, query, sources), parameters)
        rows = cursor.fetchall()
    found = [Found(*row[:3]) for row in rows[: query.most]]
    # The last column counts what matched before the bytes were limited: more than is shown means that there is more.
    has_more = bool(rows) and rows[0][3] > len(found)
    return Page(found, Place(found[-1].stored_at, found[-1].row_id) if has_more else None)


def _source(cursor: Any, way: str, parameters: dict[str, Any]) -> str:
    """The statements that are found in one way, as a table `s`.

    PostgreSQL takes any key that is not among the most frequent ones for one in 200, and so would often rather walk
    through the store in its order until it has found enough: where there are few, through all of it. So where few are
    found by their keys, they are found first (`OFFSET 0`); where there are many, the walk is short.
    """
    clause = f"s.organisation_id = %(organisation)s AND {way.format(t='s')}"
    if "&&" not in way:
        return f"(SELECT * FROM analytics_statement s WHERE {clause}) s"  # noqa: S608
    cursor.execute(
        f"SELECT count(*) FROM (SELECT FROM analytics_statement s WHERE {clause} LIMIT {MANY}) AS counted",  # noqa: S608
        parameters,
    )
    fence = "OFFSET 0" if cursor.fetchone()[0] < MANY else ""
    return f"(SELECT * FROM analytics_statement s WHERE {clause} {fence}) s"  # noqa: S608


def _page_sql(reader: Reader, query: StatementQuery, sources: Sequence[str]) -> str:
    direction = "ASC" if query.ascending else "DESC"
    order = f"ORDER BY stored_at {direction}, id {direction} LIMIT %(most)s"
    window, plain, ways = _window(reader, query), _plain(query), _ways(query)
    # Statements that match themselves: one ordered search for each way that has an index.
    searches = [
        f"""(SELECT s.id, s.stored_at FROM {source}
             WHERE {" AND ".join([window, *plain]).format(t="s")} AND NOT {IS_VOIDED} {order})"""  # noqa: S608
        for source in sources
    ]
    # And statements that lead to one that matches.
    either = " AND ".join([" OR ".join(f"({way})" for way in ways).join("()"), *plain]).format(t="t")
    linked = f"""(SELECT s.id, s.stored_at FROM analytics_statementlink l
         JOIN analytics_statement t ON t.organisation_id = l.organisation_id AND t.uuid = l.target
         JOIN analytics_statement s ON s.id = l.statement_id
         WHERE l.organisation_id = %(organisation)s AND {window} AND NOT {IS_VOIDED} AND {either} {order})"""  # noqa: S608
    parts = " UNION ".join([*searches, linked] if query.is_filtered else searches)
    return f"""
        SELECT id, stored_at, document, n_matching FROM (
            SELECT s.id, s.stored_at, s.document, count(*) OVER () AS n_matching,
                   sum(octet_length(s.document)) OVER (ORDER BY s.stored_at {direction}, s.id {direction})
                   - octet_length(s.document) AS n_bytes_before
            FROM (SELECT * FROM ({parts}) AS found {order}) AS matching JOIN analytics_statement s USING (id)
        ) AS measured
        WHERE n_bytes_before < %(most_bytes)s {order}
    """  # noqa: S608


def _parameters(reader: Reader, query: StatementQuery) -> dict[str, Any]:
    return {
        "organisation": reader.organisation_id,
        "credential": reader.credential_id,
        "voided": VOIDED,
        "agents": query.agent_keys,
        **{f"agent_{number}": key for number, key in enumerate(query.agent_keys or ())},
        "activities": [query.activity],
        "verb": query.verb,
        "registration": query.registration,
        "since": query.since,
        "until": query.until,
        "place_at": query.after and query.after.stored_at,
        "place_id": query.after and query.after.row_id,
        "most": query.most + 1,
        "most_bytes": settings.NEURALINK_ANSWER_BYTES,
    }


def _window(reader: Reader, query: StatementQuery) -> str:
    """What is asked of the statement that is returned itself, even where it matches through another."""
    sign = ">" if query.ascending else "<"
    clauses = [
        # 1.0.3 Communication 4.0, the scope statements/read/mine.
        (reader.credential_id, "s.credential_id = %(credential)s"),
        (query.since, "s.stored_at > %(since)s"),
        (query.until, "s.stored_at <= %(until)s"),
        # The first half alone is what indexes without the id can begin at.
        (query.after, f"s.stored_at {sign}= %(place_at)s AND (s.stored_at, s.id) {sign} (%(place_at)s, %(place_id)s)"),
    ]
    return " AND ".join(["TRUE", *(clause for value, clause in clauses if value is not None)])


def _ways(query: StatementQuery) -> list[str]:
    """The ways in which the statement `{t}` may have to do with the agent or activity, each with an index of its own.

    An agent is nearly always the actor; the index of actors has verbs too, and is in the order of the result.
    """
    if query.agent_keys is None:
        return ["TRUE"] if query.activity is None else [_mentions("activities", query.related_activities)]
    verb = " AND hashtextextended({t}.verb, 0) = hashtextextended(%(verb)s, 0)" if query.verb else ""
    actors = [
        f"hashtextextended({{t}}.actor, 0) = hashtextextended(%(agent_{number})s, 0)"
        f" AND {{t}}.actor = %(agent_{number})s{verb}"
        for number in range(len(query.agent_keys))
    ]
    return [*actors, _mentions("agents", query.related_agents)]


def _plain(query: StatementQuery) -> list[str]:
    """What else is asked of the statement `{t}` that matches."""
    clauses = [
        (query.agent_keys and query.activity, _mentions("activities", query.related_activities)),
        (query.verb, "{t}.verb = %(verb)s"),
        (query.registration, "{t}.registration = %(registration)s"),
    ]
    return [clause for value, clause in clauses if value is not None]


def _mentions(name: str, is_broad: bool) -> str:
    narrow, broad = f"{{t}}.{name} && %({name})s", f"{{t}}.other_{name} && %({name})s"
    return f"({narrow} OR {broad})" if is_broad else narrow
