"""What several commands are asked in the same words."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from django.core.management.base import CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from analytics.public import Activity, Kind, Organisation
from recommender.models import RECOMMENDED, TargetKind
from recommender.training.watch import Listener


def add_scope_arguments(parser: CommandParser) -> None:
    parser.add_argument("--organisation", metavar="SLUG", help="may be left out where there is only one")
    parser.add_argument(
        "--kind", choices=[kind.value for kind in RECOMMENDED], default=TargetKind.ANY, help="what to recommend"
    )
    parser.add_argument("--course", metavar="EXTERNAL_ID", help="only the activities of this course")


def organisation_of(slug: str | None) -> Organisation:
    """The organisation named, or the only one there is.

    Raises:
        CommandError: no such organisation, none at all, or several and none named.
    """
    slugs = list(Organisation.objects.order_by("slug").values_list("slug", flat=True))
    if not slugs:
        raise CommandError("There is no organisation yet: run create_academy, or import_data --create-organisation.")
    if slug is None and len(slugs) > 1:
        raise CommandError(f"Name one of the organisations with --organisation: {', '.join(slugs)}.")
    if slug is not None and slug not in slugs:
        raise CommandError(f"There is no organisation {slug!r}; there are: {', '.join(slugs)}.")
    return Organisation.objects.get(slug=slug or slugs[0])


def course_of(organisation: Organisation, external_id: str | None) -> Activity | None:
    """The course named, or None where none is.

    Raises:
        CommandError: no such course.
    """
    if external_id is None:
        return None
    courses = Activity.objects.filter(organisation=organisation, kind=Kind.COURSE)
    found = courses.filter(external_id=external_id).first()
    if found is None:
        some = ", ".join(courses.order_by("external_id").values_list("external_id", flat=True)[:10])
        raise CommandError(f"{organisation} has no course {external_id!r}; it has for example: {some or 'none'}.")
    return found


@contextlib.contextmanager
def shown_on_a_bar() -> Iterator[Listener]:
    """A bar on the error output, moved by what is called with a share (0..1) and what is being done."""
    columns = (BarColumn(), TaskProgressColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda share, text: bar.update(task, completed=share, description=text)
