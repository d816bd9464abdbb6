"""`python manage.py export_statements`: everything that happened, as xAPI statements, one a line."""

from __future__ import annotations

from argparse import ArgumentParser, FileType
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analytics.errors import NeuralinkError
from analytics.imports.projector.exporting import Span, statement_lines
from analytics.models import Organisation
from analytics.xapi.scalars import parse_timestamp


class Command(BaseCommand):
    help = "Write the organisation's history as xAPI statements (JSON lines), events of CSV files included."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organisation", metavar="SLUG", help="left out: the only one there is")
        parser.add_argument("--since", metavar="INSTANT", help="ISO 8601: what happened then or later")
        parser.add_argument("--until", metavar="INSTANT", help="ISO 8601: what happened before")
        parser.add_argument("--output", type=FileType("w", encoding="utf-8"), help="left out: the standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            span = Span(*(options[name] and parse_timestamp(options[name]) for name in ("since", "until")))
        except NeuralinkError as error:
            raise CommandError(str(error)) from None
        out = options["output"] or self.stdout
        for line in statement_lines(organisation_of(options["organisation"]), span):
            out.write(f"{line}\n")
        if options["output"]:
            options["output"].close()


def organisation_of(slug: str | None) -> Organisation:
    found = list(Organisation.objects.filter(slug=slug) if slug else Organisation.objects.all()[:2])
    if len(found) != 1:
        raise CommandError(f"There is no organisation {slug!r}." if slug else "Name one with --organisation SLUG.")
    return found[0]
