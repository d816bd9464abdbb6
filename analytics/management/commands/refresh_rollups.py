"""`refresh_rollups`: bring the day tables up to date in the foreground."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analytics.aggregates.rollups import mark_dirty, refresh
from analytics.models import Event, Organisation, OrganisationDay


class Command(BaseCommand):
    help = "Bring the day tables up to date: the dirty days, or with --all every day."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organisation", metavar="SLUG", help="only this one")
        parser.add_argument("--all", action="store_true", help="count every day anew")

    def handle(self, *args: Any, **options: Any) -> None:
        organisations = Organisation.objects.all()
        if options["organisation"]:
            organisations = organisations.filter(slug=options["organisation"])
            if not organisations:
                raise CommandError(f"There is no organisation {options['organisation']!r}.")
        for organisation in organisations:
            if options["all"]:
                days = Event.objects.filter(organisation=organisation).order_by().datetimes("occurred_at", "day")
                known = OrganisationDay.objects.filter(organisation=organisation).values_list("on", flat=True)
                mark_dirty(organisation.pk, {*(day.date() for day in days), *known})
            n_days = refresh(organisation.pk)
            self.stdout.write(f"{organisation.slug}: {n_days} days counted.")
