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

Clause = tuple[str, list[Any]]
# Only a voiding statement cannot be voided (1.0.3 Data 2.3.2). With the verb inside, this can become an anti-join.
IS_VOIDED = """EXISTS (
    SELECT 1 FROM analytics_statementlink v
    WHERE v.organisation_id = s.organisation_id AND v.target = s.uuid AND v.is_voiding AND s.verb <> %s
)"""


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
    mine, parameters = _mine(reader)
    sql = f"""
        SELECT s.id, s.stored_at, s.document FROM analytics_statement s
        WHERE s.organisation_id = %s AND s.uuid = %s AND {mine} AND {"" if is_voided else "NOT"} {IS_VOIDED}
    """  # noqa: S608  (only our own words are put in)
    with connection.cursor() as cursor:
        cursor.execute(sql, [reader.organisation_id, uuid, *parameters, VOIDED])
        row = cursor.fetchone()
    return Found(*row) if row else None


def find_page(reader: Reader, query: StatementQuery) -> Page:
    """The statements after the query's place, in the order of the store, newest first unless asked otherwise."""
    sql, parameters = _page_sql(reader, query)
    with connection.cursor() as cursor:
        cursor.execute(sql, [*parameters, settings.NEURALINK_ANSWER_BYTES])
        rows = cursor.fetchall()
    found = [Found(*row[:3]) for row in rows[: query.most]]
    # The last column counts what matched before the bytes were limited: more than is shown means that there is more.
    has_more = bool(rows) and rows[0][3] > len(found)
    return Page(found, Place(found[-1].stored_at, found[-1].row_id) if has_more else None)


def _page_sql(reader: Reader, query: StatementQuery) -> Clause:
    direction = "ASC" if query.ascending else "DESC"
    order = f"ORDER BY stored_at {direction}, id {direction} LIMIT {query.most + 1}"
    window, window_parameters = _window(reader, query)
    matches, match_parameters = _matches(query, "s")
    base = [reader.organisation_id, *window_parameters, VOIDED]
    # Statements that match themselves, and statements that lead to one that matches.
    direct = f"""
        (SELECT s.id, s.stored_at FROM analytics_statement s
         WHERE s.organisation_id = %s AND {window} AND NOT {IS_VOIDED}{matches} {order})
    """  # noqa: S608
    linked = f"""
        UNION
        (SELECT s.id, s.stored_at
         FROM analytics_statementlink l
         JOIN analytics_statement t ON t.organisation_id = l.organisation_id AND t.uuid = l.target
         JOIN analytics_statement s ON s.id = l.statement_id
         WHERE l.organisation_id = %s AND {window} AND NOT {IS_VOIDED}{_matches(query, "t")[0]} {order})
    """  # noqa: S608
    parts, parameters = direct, [*base, *match_parameters]
    if matches:
        parts, parameters = direct + linked, parameters * 2
    sql = f"""
        SELECT id, stored_at, document, n_matching FROM (
            SELECT s.id, s.stored_at, s.document, count(*) OVER () AS n_matching,
                   sum(octet_length(s.document)) OVER (ORDER BY s.stored_at {direction}, s.id {direction})
                   - octet_length(s.document) AS n_bytes_before
            FROM (SELECT * FROM ({parts}) AS either {order}) AS matching JOIN analytics_statement s USING (id)
        ) AS measured
        WHERE n_bytes_before < %s {order}
    """  # noqa: S608
    return sql, parameters


def _window(reader: Reader, query: StatementQuery) -> Clause:
    """What is asked of the statement that is returned itself, even where it matches through another."""
    mine, parameters = _mine(reader)
    clauses = [mine]
    if query.since:
        clauses.append("s.stored_at > %s")
        parameters.append(query.since)
    if query.until:
        clauses.append("s.stored_at <= %s")
        parameters.append(query.until)
    if query.after:
        clauses.append(f"(s.stored_at, s.id) {'>' if query.ascending else '<'} (%s, %s)")
        parameters += [query.after.stored_at, query.after.row_id]
    return " AND ".join(clauses), parameters


def _mine(reader: Reader) -> Clause:
    """1.0.3 Communication 4.0, the scope statements/read/mine."""
    return ("TRUE", []) if reader.credential_id is None else ("s.credential_id = %s", [reader.credential_id])


def _matches(query: StatementQuery, table: str) -> Clause:
    """What is asked of the statement that matches; each clause begins with AND."""
    clauses: list[str] = []
    parameters: list[Any] = []
    for keys, name, is_broad in (
        (query.agent_keys, "agents", query.related_agents),
        ([query.activity] if query.activity else None, "activities", query.related_activities),
    ):
        if keys:
            clauses.append(
                f"({table}.{name} && %s OR {table}.other_{name} && %s)" if is_broad else f"{table}.{name} && %s"
            )
            parameters += [keys] * (2 if is_broad else 1)
    for value, name in ((query.verb, "verb"), (query.registration, "registration")):
        if value:
            clauses.append(f"{table}.{name} = %s")
            parameters.append(value)
    return "".join(f" AND {clause}" for clause in clauses), parameters
