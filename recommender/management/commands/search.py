"""`manage.py search ALGORITHM`: one search for parameters in this process; the last line is JSON."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analytics.public import InvalidInput, JobCancelled, JobState, working_on
from recommender.algorithms.catalogue import ALGORITHMS
from recommender.management.choices import add_scope_arguments, course_of, organisation_of, shown_on_a_bar
from recommender.models import Search
from recommender.training.search import best_of, search, trials_of
from recommender.training.start import start_search


class Command(BaseCommand):
    help = "Search for good parameters of an algorithm. What was tried are runs; nothing is put into use."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("algorithm", help=f"one of {', '.join(ALGORITHMS)}")
        add_scope_arguments(parser)
        parser.add_argument("--budget-seconds", type=float, default=600.0, help="what the trials may take together")
        parser.add_argument("--seed", type=int, default=0, help="fixes everything that is drawn")

    def handle(self, *args: Any, **options: Any) -> None:
        job = self._start(options)
        with shown_on_a_bar() as listener, working_on(Search, job.pk) as lease:
            try:
                if lease is not None:
                    search(lease, listener)
            except KeyboardInterrupt as error:
                raise JobCancelled("Stopped from the keyboard.") from error
        job.refresh_from_db()
        if job.state != JobState.SUCCEEDED:
            raise CommandError(job.error or f"Search {job.pk} was {job.get_state_display().lower()}.")
        self.stdout.write(job.verdict)
        self.stdout.write(json.dumps(_summary(job)))

    def _start(self, options: dict[str, Any]) -> Search:
        organisation = organisation_of(options["organisation"])
        try:
            return start_search(
                organisation,
                options["algorithm"],
                budget_seconds=options["budget_seconds"],
                kind=options["kind"],
                course=course_of(organisation, options["course"]),
                seed=options["seed"],
                wakes_worker=False,
            )
        except InvalidInput as error:
            raise CommandError(str(error)) from error


def _summary(job: Search) -> dict[str, Any]:
    best = best_of(job)
    return {
        "search_id": job.pk,
        "n_trials": trials_of(job).count(),
        "best_config": job.best_config,
        "metrics": best.metrics if best else {},
        "seconds": round(job.duration_seconds or 0.0, 1),
        "verdict": job.verdict,
    }
