"""`python manage.py database`: the embedded server by hand, for a backup or to end one that a command started."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from neuralink_site import embedded_postgres


class Command(BaseCommand):
    help = "Start or stop the embedded PostgreSQL, or tell whether and where it runs."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("verb", choices=["start", "status", "stop"])

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.DATABASE_URL:
            raise CommandError("NEURALINK_DATABASE_URL names a server of yours: nothing embedded is used.")
        if options["verb"] == "stop":
            self.stdout.write("stopped" if embedded_postgres.stop(settings.HOME) else "was not running")
            return
        is_start = options["verb"] == "start"
        server = embedded_postgres.start(settings.HOME) if is_start else embedded_postgres.status(settings.HOME)
        if server is None or not server.is_running:
            self.stdout.write("not running")
        else:
            self.stdout.write(f"running on {server.host}:{server.port}; data and log are in {server.folder}")
