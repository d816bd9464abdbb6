"""`manage.py recommend LEARNER`: a learner's next steps as a table, each with its reason."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.table import Table

from analytics.public import InvalidInput, Learner
from recommender.management.choices import add_scope_arguments, course_of, organisation_of
from recommender.serving.recommend import Answer, recommend


class Command(BaseCommand):
    help = "Recommend next steps to one learner, with reasons."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("learner", help="the learner's external id")
        parser.add_argument("-n", type=int, default=10, metavar="N", help="how many (10)")
        add_scope_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        organisation = organisation_of(options["organisation"])
        learners = Learner.objects.filter(organisation=organisation).select_related("organisation")
        learner = learners.filter(external_id=options["learner"]).first()
        if learner is None:
            raise CommandError(f"{organisation} has no learner {options['learner']!r} (an external id is asked for).")
        course = course_of(organisation, options["course"])
        try:
            answer = recommend(learner, limit=options["n"], kind=options["kind"], course=course, channel="command")
        except InvalidInput as error:
            raise CommandError(str(error)) from error
        if not answer.recommendations:
            self.stdout.write(f"Nothing is open for {learner}: the rules leave no activity that is new to them.")
            return
        console = Console()
        with console.capture() as shown:
            console.print(_table(answer))
        self.stdout.write(shown.get())


def _table(answer: Answer) -> Table:
    source = f"{answer.version} in use" if answer.version else f"fallback {answer.fallback}"
    table = Table("#", "Activity", "Kind", "Course", "Strength", "Reason", title=f"{answer.learner}: {source}")
    for found in answer.recommendations:
        activity = found.activity
        course = str(activity.course) if activity.course else ""
        kind = activity.get_kind_display()
        table.add_row(str(found.rank), activity.name, kind, course, f"{found.strength:.2f}", found.reason)
    return table
