"""All cores for work on arrays: NumPy and LAPACK run without the interpreter's lock, so threads do."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import cache
from typing import TypeVar

from threadpoolctl import ThreadpoolController

Part = TypeVar("Part")
Found = TypeVar("Found")


def in_parallel(work: Callable[[Part], Found], parts: Iterable[Part], *, limits_blas: bool = True) -> list[Found]:
    """`work` of every part, in their order. The first error stops what has not begun.

    BLAS keeps to one thread meanwhile: its own threads would wait for each other's small matrices. Work without BLAS
    says so: looking for the libraries takes 0.2 s once.
    """
    waiting = list(parts)
    n_threads = min(len(waiting), os.cpu_count() or 1)
    if n_threads < 2:
        return [work(part) for part in waiting]
    limits = _blas().limit(limits=1, user_api="blas") if limits_blas else nullcontext()
    with limits, ThreadPoolExecutor(n_threads) as pool:
        begun = [pool.submit(work, part) for part in waiting]
        try:
            return [one.result() for one in begun]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


@cache
def _blas() -> ThreadpoolController:
    """Looked for once: NumPy and SciPy have theirs loaded before anything is worked on."""
    return ThreadpoolController()
