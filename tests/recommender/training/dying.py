"""A real `train` process that stops at a moment of our choice, says so, and waits to be killed.

Run as `python -m tests.recommender.training.dying MOMENT`; the database and the data folder come by environment.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Any

import django


def stall(*args: Any, **kwargs: Any) -> None:
    sys.stdout.write("here\n")
    sys.stdout.flush()
    threading.Event().wait()


def after(whole: Callable[..., Any]) -> Callable[..., Any]:
    def work_then_stall(*args: Any, **kwargs: Any) -> None:
        whole(*args, **kwargs)
        stall()

    return work_then_stall


def polling(algorithm: object, interactions: object, options: Any) -> None:
    """A long fit that looks whether it should stop, as every fit does."""
    sys.stdout.write("here\n")
    sys.stdout.flush()
    pause = threading.Event()
    while not pause.wait(0.05):
        options.check_stop()


def arrange(moment: str) -> None:
    from analytics.jobs import Lease
    from recommender.algorithms.popularity import Popularity
    from recommender.registry import artifacts
    from recommender.training import retrain

    moments: dict[str, tuple[object, str, Callable[..., Any]]] = {
        "fitting": (Popularity, "_learn", polling),
        "measured": (retrain, "judge", stall),
        "half written": (artifacts, "_flush_folder", stall),
        "stored, not committed": (artifacts, "write", after(artifacts.write)),
        "committed, not finished": (Lease, "finish", stall),
    }
    owner, name, replacement = moments[moment]
    setattr(owner, name, replacement)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "neuralink_site.settings")
    django.setup()
    from django.core.management import call_command

    arrange(sys.argv[1])
    call_command("train", "popularity")
