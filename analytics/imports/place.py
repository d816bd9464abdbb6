"""Where a batch of an import goes, and statements run with its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from analytics.models import Kind


@dataclass(frozen=True)
class Place:
    """Where a batch goes."""

    organisation_id: int
    import_id: int
    implies_enrolment: bool = False
    """Whoever does something in a course is enrolled in it."""
    makes_courses: bool = False
    """Courses that only an enrolment names are made."""
    default_kind: str = Kind.OTHER.value
    steps_off: frozenset[str] = frozenset()

    def run(self, sql: str, **values: Any) -> list[int]:
        """Run a statement; the numbers (places, ids) that it returns."""
        with self._executed(sql, values) as cursor:
            return [number for (number,) in cursor.fetchall()] if cursor.description else []

    def count(self, sql: str) -> int:
        """Run a statement; how many rows it wrote."""
        with self._executed(sql, {}) as cursor:
            return int(cursor.rowcount)

    @contextmanager
    def _executed(self, sql: str, values: dict[str, Any]) -> Iterator[CursorWrapper]:
        with connection.cursor() as cursor:
            given = {
                "organisation": self.organisation_id,
                "import": self.import_id,
                "default_kind": self.default_kind,
            }
            cursor.execute(sql, values | given)
            yield cursor
