"""`import_data` and `refresh_rollups`: in the foreground, with JSON in the last line."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from analytics.models import Event, Import, Member, Organisation, OrganisationDay, RollupRefresh


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "events.csv"
    path.write_text("who,activity,verb,at\nl1,a1,viewed,2024-03-01\n,a1,viewed,2024-03-01\n")
    return path


def run(*words: Any) -> list[str]:
    out = StringIO()
    call_command(*map(str, words), stdout=out)
    return out.getvalue().splitlines()


def test_an_import_with_day_tables(db: None, path: Path) -> None:
    words = ("import_data", "csv", path, "--column", "learner=who", "--organisation", "new")
    lines = run(*words, "--create-organisation", "New", "--time-zone", "UTC", "--default-kind", "video")
    result = json.loads(lines[-1])
    assert list(result) == ["read", "accepted", "merged", "repaired", "rejected", "seconds", "import_id"]
    assert [result[name] for name in ("read", "accepted", "merged", "repaired", "rejected")] == [2, 1, 0, 0, 1]
    assert any(line.startswith("2 rows read: 1 accepted") for line in lines)
    assert Import.objects.get(pk=result["import_id"]).organisation.name == "New"
    assert OrganisationDay.objects.get().n_events == 1
    assert RollupRefresh.objects.get().state == "succeeded"
    assert Event.objects.get().activity.kind == "video"


def test_any_option_of_the_format(db: None, path: Path) -> None:
    path.write_text("who,activity,at\n l1 ,a1,03/04/2024\n")
    words = (
        "import_data",
        "csv",
        path,
        "--column",
        "learner=who",
        "--column",
        "verb=activity",
        "--organisation",
        "new",
    )
    chosen = ("--option", "date_order=dmy", "--option", "steps_off=trim,bounds", "--time-zone", "UTC")
    run(*words, "--create-organisation", "New", *chosen)
    event = Event.objects.get()
    assert (event.learner.external_id, event.occurred_at.isoformat()[:10]) == (" l1 ", "2024-04-03")


def test_somebody_can_open_what_was_imported(db: None, path: Path) -> None:
    words = ("import_data", "csv", path, "--column", "learner=who", "--organisation", "new")
    assert "Nobody can open New yet" in "".join(run(*words, "--create-organisation", "New"))
    User.objects.create(username="ada")
    assert "Nobody" not in "".join(run(*words, "--administrator", "ada"))
    member = Member.objects.get()
    assert (member.login.username, member.role, member.organisation.slug) == ("ada", "administrator", "new")


def test_a_dry_run(db: None, path: Path) -> None:
    Organisation.objects.create(slug="only", name="Only")
    assert json.loads(run("import_data", "csv", path, "--column", "learner=who", "--dry-run")[-1])["accepted"] == 1
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--organisation", "nowhere"], "There is no organisation 'nowhere'. There are: one, two. To make it"),
        ([], "Say which organisation with --organisation SLUG. There are: one, two."),
        (["--create-organisation", "X"], "needs --organisation"),
        (["--organisation", "one", "--administrator", "nobody"], "There is no login 'nobody'"),
        (["--organisation", "one"], "has no column 'learner'"),
        (["--organisation", "one", "--column", "learner"], "--column wants OURS=THEIRS"),
        (["--organisation", "one", "--column", "learner=who", "--option", "dmy"], "--option wants NAME=VALUE"),
        (["--organisation", "one", "--column", "learner=who", "--option", "steps_off=x"], "steps_off must be one of"),
        (["--organisation", "one", "--column", "learner=who", "--time-zone", "Mars"], "no time zone 'Mars'"),
        (["--organisation", "one", "--column", "learner=who", "--delimiter", ";"], "has no column"),
    ],
)
def test_what_is_refused(db: None, path: Path, words: list[str], said: str) -> None:
    for slug in ("one", "two"):
        Organisation.objects.create(slug=slug, name=slug)
    with pytest.raises(CommandError) as refused:
        run("import_data", "csv", path, *words)
    assert said in str(refused.value)
    assert not Import.objects.exists()


def test_no_organisation_is_left_without_an_import(db: None, path: Path) -> None:
    with pytest.raises(CommandError, match="no column 'learner'"):
        run("import_data", "csv", path, "--organisation", "new", "--create-organisation", "New")
    assert not Organisation.objects.exists()


def test_a_failed_import_says_why(db: None, tmp_path: Path) -> None:
    Organisation.objects.create(slug="only", name="Only")
    (tmp_path / "none.csv").write_text("learner,activity,verb,at\n")
    with pytest.raises(CommandError, match="none.csv has no rows below its header"):
        run("import_data", "csv", tmp_path / "none.csv")


def test_refresh_rollups(db: None, path: Path) -> None:
    Organisation.objects.create(slug="only", name="Only")
    run("import_data", "csv", path, "--column", "learner=who")
    OrganisationDay.objects.update(n_events=99)
    assert run("refresh_rollups") == ["only: 0 days counted."]
    assert run("refresh_rollups", "--all", "--organisation", "only") == ["only: 1 days counted."]
    assert OrganisationDay.objects.get().n_events == 1
    with pytest.raises(CommandError, match="no organisation 'nowhere'"):
        run("refresh_rollups", "--organisation", "nowhere")
