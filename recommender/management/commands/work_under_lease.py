"""`manage.py work_under_lease KIND ID TOKEN`: what a worker starts to do one training; see `training.apart`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from analytics.public import Job, JobState, Lease, continuing
from recommender.models import Run, Search
from recommender.training.apart import GIVEN_UP, tie_to
from recommender.training.retrain import retrain
from recommender.training.search import search

KINDS: dict[str, tuple[type[Job], Callable[[Lease], None]]] = {"run": (Run, retrain), "search": (Search, search)}


class Command(BaseCommand):
    help = "Work on a run or a search under the lease of the worker that starts this; not to be called by hand."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=sorted(KINDS))
        parser.add_argument("id", type=int)
        parser.add_argument("token")

    def handle(self, *args: Any, **options: Any) -> None:
        tie_to(int(os.environ.get("NEURALINK_PARENT", os.getppid())))
        model, work = KINDS[options["kind"]]
        with continuing(model, options["id"], options["token"]) as lease:
            if lease is not None:
                work(lease)
        if model._default_manager.filter(pk=options["id"], state=JobState.RUNNING).exists():
            sys.exit(GIVEN_UP)
