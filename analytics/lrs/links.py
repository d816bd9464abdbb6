"""Links between statements: filters match through StatementRefs (1.0.3 Communication 2.1.3, Filter Conditions)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.db import connection

from analytics.xapi.statements import VOIDED


def add_links(organisation_id: int, referring: Sequence[UUID]) -> None:
    """After statements with StatementRefs were stored: their links, and those of whatever leads to them.

    A statement refers to one other at most, so that from each a chain goes down. The chain ends where a statement is
    not here yet: when that one arrives and refers further, the chains of all that lead to it are walked again. The
    caller holds the lock of `wait_for_linking`, without which two that store neighbours at once miss each other.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE beginning AS (
                SELECT id, uuid, refers_to, verb FROM analytics_statement
                WHERE organisation_id = %(organisation)s AND uuid = ANY(%(referring)s)
                UNION
                SELECT s.id, s.uuid, s.refers_to, s.verb
                FROM analytics_statementlink l JOIN analytics_statement s ON s.id = l.statement_id
                WHERE l.organisation_id = %(organisation)s AND l.target = ANY(%(referring)s)
            ), chain AS (
                SELECT id, refers_to AS target, 1 AS n_steps, verb = %(voided)s AS is_voiding FROM beginning
                UNION ALL
                SELECT c.id, t.refers_to, c.n_steps + 1, false
                FROM chain c
                JOIN analytics_statement t ON t.organisation_id = %(organisation)s AND t.uuid = c.target
                WHERE t.refers_to IS NOT NULL AND c.n_steps < %(most)s
            )
            INSERT INTO analytics_statementlink (organisation_id, statement_id, target, n_steps, is_voiding)
            SELECT DISTINCT ON (id, target) %(organisation)s, id, target, n_steps, is_voiding
            FROM chain ORDER BY id, target, n_steps
            ON CONFLICT DO NOTHING
            """,
            {
                "organisation": organisation_id,
                "referring": list(referring),
                "voided": VOIDED,
                "most": settings.NEURALINK_STATEMENT_LINKS,
            },
        )
