from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analytics.academy.create import create_academy
from analytics.academy.logins import logins_path
from analytics.errors import NeuralinkError

MINIMUM_LEARNERS, MAXIMUM_LEARNERS = 20, 100_000


class Command(BaseCommand):
    help = "Create the Synthetic Academy: an organisation of invented learners. What is there already is left alone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", type=int, default=7, help="the same seed invents the same people")
        parser.add_argument("--learners", type=int, default=400, help="how many learners to invent")

    def handle(self, *args: Any, **options: Any) -> None:
        n_learners, seed = options["learners"], options["seed"]
        if not MINIMUM_LEARNERS <= n_learners <= MAXIMUM_LEARNERS:
            raise CommandError(
                f"--learners must be from {MINIMUM_LEARNERS} to {MAXIMUM_LEARNERS}, but it is {n_learners}."
            )
        if seed < 0:
            raise CommandError(f"--seed must be 0 or more, but it is {seed}.")
        try:
            organisation = create_academy(seed=seed, n_learners=n_learners, report=self._report)
        except NeuralinkError as error:
            raise CommandError(str(error)) from error
        self._report(f"{organisation.name} is ready; its logins are in {logins_path()}.")

    def _report(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
