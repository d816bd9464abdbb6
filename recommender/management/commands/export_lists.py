"""`manage.py export_lists`: a file with the lists of all learners, in this process; the last line is JSON."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analytics.public import InvalidInput, JobState, working_on
from recommender.management.choices import organisation_of
from recommender.models import RECOMMENDED, ListExport, ListFormat, TargetKind
from recommender.serving.list_export import export_lists, path_of, start_export


class Command(BaseCommand):
    help = "Write the recommendations of all learners into a file below the data folder."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--organisation", metavar="SLUG", help="may be left out where there is only one")
        parser.add_argument("--kind", choices=[kind.value for kind in RECOMMENDED], default=TargetKind.ANY.value)
        parser.add_argument("--format", choices=ListFormat.values, default=ListFormat.CSV.value)
        parser.add_argument("-n", type=int, default=10, metavar="N", help="activities for each learner (10)")

    def handle(self, *args: Any, **options: Any) -> None:
        asked = {"kind": options["kind"], "file_format": options["format"], "n_each": options["n"]}
        try:
            export = start_export(organisation_of(options["organisation"]), wakes_worker=False, **asked)
        except InvalidInput as error:
            raise CommandError(str(error)) from error
        with working_on(ListExport, export.pk) as lease:
            if lease is not None:
                export_lists(lease)
        export.refresh_from_db()
        if export.state != JobState.SUCCEEDED:
            raise CommandError(export.error or f"The file was {export.get_state_display().lower()}.")
        told = {"export_id": export.pk, "file": str(path_of(export)), "learners": export.n_learners}
        told |= {"rows": export.n_rows, "bytes": export.n_bytes, "seconds": round(export.duration_seconds or 0.0, 2)}
        self.stdout.write(json.dumps(told))
