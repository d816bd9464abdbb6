"""`manage.py predict`: the risk of every running enrolment, in this process; the last line is JSON."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analytics.public import InvalidInput, JobState, working_on
from recommender.management.choices import organisation_of
from recommender.models import RiskRefresh
from recommender.serving.risks import refresh_risks, start_refresh


class Command(BaseCommand):
    help = "Predict for every running enrolment who may not finish, with the version in use."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--organisation", metavar="SLUG", help="may be left out where there is only one")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            refresh = start_refresh(organisation_of(options["organisation"]), wakes_worker=False)
        except InvalidInput as error:
            raise CommandError(str(error)) from error
        with working_on(RiskRefresh, refresh.pk) as lease:
            if lease is not None:
                refresh_risks(lease)
        refresh.refresh_from_db()
        if refresh.state != JobState.SUCCEEDED:
            raise CommandError(refresh.error or f"The refresh was {refresh.get_state_display().lower()}.")
        self.stdout.write(
            json.dumps(
                {
                    "refresh_id": refresh.pk,
                    "on": str(refresh.on),
                    "enrolments": refresh.n_enrolments,
                    "known": refresh.n_known,
                    "seconds": round(refresh.duration_seconds or 0.0, 2),
                }
            )
        )
