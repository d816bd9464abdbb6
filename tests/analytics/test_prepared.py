"""Statements that are planned once for each connection."""

from typing import Any

import pytest
from django.db import DataError, connection, transaction

from analytics.prepared import Prepared

pytestmark = pytest.mark.django_db

DOUBLED = (
    "SELECT id, 2 * id FROM generate_series(1, %(last)s) id WHERE id = ANY(%(ids)s) AND 'a%%b' LIKE 'a%%' ORDER BY id"
)


def n_kept() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'neuralink%%'", [])
        return int(cursor.fetchone()[0])


def test_answers_as_the_plain_statement_in_one_query_each_time(django_assert_num_queries: Any) -> None:
    doubled = Prepared(DOUBLED)
    for asked in ({"last": 9, "ids": [2, 5, 11]}, {"last": 3, "ids": []}, {"last": 3, "ids": [3]}):
        with connection.cursor() as cursor:
            cursor.execute(DOUBLED, asked)
            expected = cursor.fetchall()
        with django_assert_num_queries(1):
            assert doubled.rows(asked) == expected


def test_is_planned_once() -> None:
    doubled, before = Prepared(DOUBLED), n_kept()
    for last in range(3):
        doubled.rows({"last": last, "ids": [1]})
    assert n_kept() == before + 1


def test_answers_again_after_a_question_that_failed() -> None:
    divided = Prepared("SELECT 6 / %(by)s::integer")
    with pytest.raises(DataError), transaction.atomic():
        divided.rows({"by": 0})
    assert divided.rows({"by": 2}) == [(3,)]
    with pytest.raises(DataError), transaction.atomic():
        divided.rows({"by": 0})
    assert divided.rows({"by": 3}) == [(2,)]


def test_keeps_nothing_behind_a_pooler(monkeypatch: pytest.MonkeyPatch) -> None:
    doubled, before = Prepared(DOUBLED), n_kept()
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", True)
    assert doubled.rows({"last": 3, "ids": [3]}) == [(3, 6)]
    assert n_kept() == before


@pytest.mark.django_db(transaction=True)
def test_a_new_connection_begins_without_statements() -> None:
    doubled = Prepared(DOUBLED)
    assert doubled.rows({"last": 3, "ids": [3]}) == [(3, 6)]
    connection.close()
    assert doubled.rows({"last": 3, "ids": [3]}) == [(3, 6)]
