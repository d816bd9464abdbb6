"""`manage.py train ALGORITHM`: one run in this process, with a bar; the last line is JSON."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analytics.public import InvalidInput, JobCancelled, JobState, working_on
from recommender.algorithms.catalogue import ALGORITHMS
from recommender.management.choices import add_scope_arguments, course_of, organisation_of, shown_on_a_bar
from recommender.models import Run, Version
from recommender.outcomes.catalogue import PREDICTORS
from recommender.training.retrain import retrain
from recommender.training.start import estimated, start_run


class Command(BaseCommand):
    help = "Train a model, measure it, and put it into use if it is no worse."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("algorithm", help=f"one of {', '.join([*ALGORITHMS, *PREDICTORS])}")
        add_scope_arguments(parser)
        parser.add_argument(
            "--config", metavar="KEY=VALUE", action="append", default=[], help="a parameter; repeatable"
        )
        parser.add_argument("--seed", type=int, default=0, help="fixes everything that is drawn")
        parser.add_argument("--override", default="", metavar="WHY", help="train although checks of the data stop it")
        parser.add_argument("--budget-seconds", type=int, metavar="N", help="time of both fits together")
        parser.add_argument("--no-promote", action="store_true", help="only register the version")

    def handle(self, *args: Any, **options: Any) -> None:
        run = self._start(options)
        self._work(run)
        run.refresh_from_db()
        if run.state != JobState.SUCCEEDED:
            raise CommandError(run.error or f"Run {run.pk} was {run.get_state_display().lower()}.")
        self.stdout.write(run.verdict)
        self.stdout.write(json.dumps(_summary(run)))

    def _start(self, options: dict[str, Any]) -> Run:
        organisation = organisation_of(options["organisation"])
        asked = {
            "kind": options["kind"],
            "course": course_of(organisation, options["course"]),
            "config": dict(_parameter(text) for text in options["config"]),
        }
        try:
            # With the bar: what comes by the other way is for programs.
            self.stderr.write(estimated(organisation, options["algorithm"], **asked).sentence, str)
            return start_run(
                organisation,
                options["algorithm"],
                **asked,
                seed=options["seed"],
                promotes=not options["no_promote"],
                override=options["override"],
                budget_seconds=options["budget_seconds"],
                wakes_worker=False,
            )
        except InvalidInput as error:
            raise CommandError(str(error)) from error

    def _work(self, run: Run) -> None:
        with shown_on_a_bar() as listener, working_on(Run, run.pk) as lease:
            if lease is None:
                return
            try:
                retrain(lease, listener)
            except KeyboardInterrupt as error:
                raise JobCancelled("Stopped from the keyboard.") from error
            listener(1.0, "")


def _parameter(text: str) -> tuple[str, Any]:
    """`regularization=200` as ("regularization", 200); what is not JSON is a text."""
    name, equals, value = text.partition("=")
    if not equals:
        raise CommandError(f"--config takes KEY=VALUE, for example regularization=200; got {text!r}.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _summary(run: Run) -> dict[str, Any]:
    return {
        "run_id": run.pk,
        "version_id": Version.objects.get(run=run).pk,
        "metrics": run.metrics,
        "seconds": round(run.duration_seconds or 0.0, 1),
        "verdict": run.verdict,
    }
