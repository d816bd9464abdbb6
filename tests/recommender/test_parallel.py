import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from recommender.parallel import in_parallel


def test_answers_come_in_the_order_of_the_parts() -> None:
    assert in_parallel(lambda part: part * part, range(50)) == [part * part for part in range(50)]
    assert in_parallel(lambda part: part, []) == []


def test_parts_are_worked_on_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recommender.parallel.os.cpu_count", lambda: 3)
    together = threading.Barrier(3, timeout=10)
    in_parallel(lambda part: together.wait(), range(3))


def test_an_error_ends_it_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recommender.parallel.os.cpu_count", lambda: 2)
    done: list[int] = []

    def work(part: int) -> None:
        if part == 0:
            raise ValueError("the first")
        np.linalg.inv(np.eye(200))
        done.append(part)

    with pytest.raises(ValueError, match="the first"):
        in_parallel(work, range(5_000))
    assert len(done) < 4_999


def test_linear_algebra_has_its_threads_back_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recommender.parallel.os.cpu_count", lambda: 2)

    def threads() -> list[int]:
        return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]

    before = threads()
    within = in_parallel(lambda part: threads(), range(2))
    assert all(n == 1 for found in within for n in found)
    assert threads() == before
    assert in_parallel(lambda part: threads(), range(2), limits_blas=False) == [before, before]
