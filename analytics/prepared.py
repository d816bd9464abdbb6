"""Statements that PostgreSQL plans once for each connection, where planning costs more than running.

What a recommendation asks is found by indexes in a fraction of a millisecond, while its plan (every month's partition,
every rule) takes a multiple of that. A connection that Django shares by a pooler in transaction mode, which it is told
by DISABLE_SERVER_SIDE_CURSORS, keeps no statements: there each question is planned.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from django.db import DEFAULT_DB_ALIAS, Error, connections

_PLACE = re.compile(r"%\((\w+)\)s")
_ONE_PLAN = "SET plan_cache_mode = force_generic_plan"
"""PostgreSQL would plan on for each question, because it takes the plan for our few ids to be dearer than it is."""
_numbers = itertools.count(1)


class Prepared:
    """One statement with named places, as `%(name)s`; the same value stands wherever its name does."""

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self._names = list(dict.fromkeys(_PLACE.findall(sql)))
        places = {name: f"${place}" for place, name in enumerate(self._names, start=1)}
        self._planned = _PLACE.sub(lambda found: places[found[1]], sql).replace("%%", "%")
        values = ", ".join(f"%({name})s" for name in self._names)
        self._values = f"({values})" if values else ""
        # By psycopg2's connection: whoever connects anew begins without any.
        self._known: WeakKeyDictionary[Any, str] = WeakKeyDictionary()

    def rows(self, asked: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """All rows that it returns, none where it returns none; one round trip, the first time too."""
        database = connections[DEFAULT_DB_ALIAS]  # looked up once: `connection` does so at each mention
        with database.cursor() as cursor:
            if database.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS"):
                cursor.execute(self.sql, asked)
                return list(cursor.fetchall()) if cursor.description else []
            session = database.connection
            known = self._known.get(session)
            # A new name for each try: whether one that failed is there now, nobody can tell.
            name = known or f"neuralink_{next(_numbers)}"
            before = "" if known else f"{_ONE_PLAN}; PREPARE {name} AS {self._planned.replace('%', '%%')};"
            try:
                cursor.execute(
                    f"{before} EXECUTE {name} {self._values}", {one: _value(asked[one]) for one in self._names}
                )
            except Error:
                self._known.pop(session, None)
                raise
            if not known:
                self._known[session] = name
            return list(cursor.fetchall()) if cursor.description else []


def _value(value: Any) -> Any:
    """Many numbers in one word: PostgreSQL reads `'{1,2}'` at once, and builds `ARRAY[1,2]` number by number.

    A list holds values of one type, so that its first one tells.
    """
    is_numbers = type(value) is list and (not value or type(value[0]) is int)
    return f"{{{','.join(map(str, value))}}}" if is_numbers else value
