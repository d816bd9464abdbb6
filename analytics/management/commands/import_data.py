"""`import_data FORMAT PATH`: one import in the foreground, without worker or broker."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ObjectDoesNotExist
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from analytics.aggregates.rollups import refresh
from analytics.errors import InvalidInput, JobCancelled
from analytics.imports.formats import FORMATS
from analytics.imports.formats.base import STEPS_OFF
from analytics.imports.projector.project import project
from analytics.imports.run import run_import
from analytics.imports.start import create_import
from analytics.jobs import working_on
from analytics.models import Import, JobState, Member, Organisation, Projection, Role, RollupRefresh


class Command(BaseCommand):
    help = "Import learning data. The last line is a JSON object: read accepted merged repaired rejected ..."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("format", choices=sorted(FORMATS))
        parser.add_argument("path", type=Path, help="a file, or a folder for formats of several files")
        parser.add_argument("--organisation", metavar="SLUG", help="not needed where there is only one")
        parser.add_argument("--create-organisation", metavar="NAME", help="make the organisation if it is not there")
        parser.add_argument(
            "--administrator", metavar="LOGIN", help="a login that becomes the organisation's data administrator"
        )
        parser.add_argument("--dry-run", action="store_true", help="do everything, keep nothing")
        parser.add_argument(
            "--column", action="append", default=[], metavar="OURS=THEIRS", help="learner=user_id; may be repeated"
        )
        parser.add_argument(
            "--option",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="any other option of the format: date_order=dmy, encoding=cp1252, steps_off=trim,bounds; repeatable",
        )
        parser.add_argument("--delimiter", help="what separates columns; found out if not given")
        parser.add_argument("--time-zone", help="of instants that name none; the organisation's if not given")
        parser.add_argument("--default-kind", help="kind of the activities whose row names none")

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        try:
            import_ = _created(options)
        except InvalidInput as error:
            raise CommandError(str(error)) from error
        with _bar() as bar:
            _import(import_, bar)
            _refresh(import_, bar)
        import_.refresh_from_db()
        if import_.state != JobState.SUCCEEDED:
            raise CommandError(import_.error or "The import was stopped. The same command goes on where it ended.")
        self.stdout.write(import_.progress_text)
        if not import_.organisation.members.exists():
            self.stdout.write(f"Nobody can open {import_.organisation} yet: run it again with --administrator LOGIN.")
        self.stdout.write(json.dumps(_result(import_, time.monotonic() - began)))


@transaction.atomic
def _created(options: dict[str, Any]) -> Import:
    """The queued import; what cannot be imported leaves no empty organisation behind."""
    organisation = _organisation(options["organisation"], options["create_organisation"])
    _appoint(organisation, options["administrator"])
    given = _format_options(options)
    return create_import(organisation, options["format"], options["path"], options=given, is_dry_run=options["dry_run"])


def _organisation(slug: str | None, name: str | None) -> Organisation:
    if slug is None and name is None:
        found = list(Organisation.objects.all()[:2])
        if len(found) == 1:
            return found[0]
        raise CommandError(f"Say which organisation with --organisation SLUG. There are: {_slugs()}.")
    if slug is None:
        raise CommandError("--create-organisation needs --organisation SLUG beside it.")
    if name is not None:
        return Organisation.objects.get_or_create(slug=slug, defaults={"name": name})[0]
    try:
        return Organisation.objects.get(slug=slug)
    except Organisation.DoesNotExist as error:
        raise CommandError(
            f"There is no organisation {slug!r}. There are: {_slugs()}. To make it, add --create-organisation NAME."
        ) from error


def _appoint(organisation: Organisation, login: str | None) -> None:
    if login is None:
        return
    try:
        found = get_user_model().objects.get_by_natural_key(login)
    except ObjectDoesNotExist as error:
        raise CommandError(
            f"There is no login {login!r} to make administrator. Make one with: manage.py createsuperuser."
        ) from error
    Member.objects.get_or_create(organisation=organisation, login=found, defaults={"role": Role.ADMINISTRATOR})


def _slugs() -> str:
    return ", ".join(Organisation.objects.values_list("slug", flat=True)) or "none"


def _format_options(options: dict[str, Any]) -> dict[str, Any]:
    columns = _pairs("--column wants OURS=THEIRS, for example learner=user_id", options["column"])
    others: dict[str, Any] = _pairs("--option wants NAME=VALUE, for example date_order=dmy", options["option"])
    if STEPS_OFF.name in others:
        others[STEPS_OFF.name] = others[STEPS_OFF.name].split(",")
    given = {name: options[name] for name in ("delimiter", "time_zone", "default_kind")}
    return {"columns": columns, **given, **others}


def _pairs(rule: str, words: list[str]) -> dict[str, str]:
    found = {}
    for pair in words:
        name, equals, value = pair.partition("=")
        if not equals:
            raise CommandError(f"{rule}, but it is {pair!r}.")
        found[name.strip()] = value.strip()
    return found


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )


def _import(import_: Import, bar: Progress) -> None:
    line = bar.add_task(import_.source_name, total=1.0)
    with working_on(Import, import_.pk) as lease:
        if lease is not None:
            try:
                run_import(lease, lambda share, text: bar.update(line, completed=share, description=text))
            except KeyboardInterrupt as error:
                # Not left to the sweeper, which would have a worker go on with it.
                raise JobCancelled from error


def _refresh(import_: Import, bar: Progress) -> None:
    """Do the refresh that the import asked for; where a worker has begun with it, help until no day is dirty."""
    _project(import_)
    line = bar.add_task("Day tables", total=1.0)

    def show(share: float, text: str) -> None:
        bar.update(line, completed=share, description=f"Day tables: {text}")

    queued = RollupRefresh.objects.filter(organisation=import_.organisation_id, state=JobState.QUEUED).first()
    if queued is not None:
        with working_on(RollupRefresh, queued.pk) as lease:
            if lease is not None:
                refresh(import_.organisation_id, lease, show)
    refresh(import_.organisation_id, progress=show)
    bar.update(line, completed=1.0)


def _project(import_: Import) -> None:
    """Make events of the statements that the import stored, unless a worker is at it already."""
    queued = Projection.objects.filter(organisation=import_.organisation_id, state=JobState.QUEUED).first()
    if queued is not None:
        with working_on(Projection, queued.pk) as lease:
            if lease is not None:
                project(lease)


def _result(import_: Import, seconds: float) -> dict[str, Any]:
    return {
        "read": import_.n_read,
        "accepted": import_.n_accepted,
        "merged": import_.n_merged,
        "repaired": import_.n_repaired,
        "rejected": import_.n_rejected,
        "seconds": round(seconds, 2),
        "import_id": import_.pk,
    }
