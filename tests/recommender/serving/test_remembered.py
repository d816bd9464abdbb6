"""A value is made once, kept for its time, and made anew by one thread while the others go on."""

from __future__ import annotations

from threading import Event, Thread

import pytest

from recommender.serving.remembered import Remembered


def test_made_once_until_it_is_too_old() -> None:
    made: list[int] = []
    values: Remembered[str, int] = Remembered(4)

    def make() -> int:
        made.append(1)
        return len(made)

    assert [values.get("a", 60, make) for _time in range(3)] == [1, 1, 1]
    assert values.get("b", 60, make) == 2
    assert values.get("a", 0, make) == 3
    values.forget()
    assert values.get("a", 60, make) == 4


def test_what_cannot_be_made_takes_no_place() -> None:
    values: Remembered[int, str] = Remembered(1)
    assert values.get(0, 60, lambda: "kept") == "kept"
    for key in range(1, 5):
        with pytest.raises(KeyError):
            values.get(key, 60, lambda: {}["missing"])
    assert list(values._places) == [0]
    assert values.get(0, 60, lambda: "made anew") == "kept"


def test_an_older_value_outlives_a_failure() -> None:
    values: Remembered[int, str] = Remembered(1)
    values.get(0, 60, lambda: "old")
    with pytest.raises(KeyError):
        values.get(0, 0, lambda: {}["missing"])
    assert values.get(0, 60, lambda: "new") == "old"


def test_at_most_so_many_are_kept() -> None:
    values: Remembered[int, int] = Remembered(3)
    for key in range(10):
        values.get(key, 60, int)
    assert list(values._places) == [7, 8, 9]


def test_while_it_is_made_for_the_first_time_the_others_wait() -> None:
    values: Remembered[int, int] = Remembered(3)
    begins, may_end, found = Event(), Event(), []

    def slow() -> int:
        begins.set()
        may_end.wait(10)
        return 1

    threads = [Thread(target=lambda: found.append(values.get(0, 60, slow))) for _one in range(3)]
    threads[0].start()
    assert begins.wait(10)
    for thread in threads[1:]:
        thread.start()
    assert found == []
    may_end.set()
    for thread in threads:
        thread.join()
    assert found == [1, 1, 1]
