"""Versions are immutable, numbered without a gap, and what is in use is what the log says."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection

from analytics.public import InvalidInput, Organisation
from recommender.models import Promotion, Run, Version
from recommender.registry import versions
from recommender.registry.versions import in_use_before, live, promote, roll_back
from tests.recommender.school import School, build_school

Trained = Callable[..., Run]


@pytest.fixture
def three(school: School, trained: Trained) -> list[Version]:
    return [trained(school.organisation, "popularity", promotes=False).version for _ in range(3)]


def names_before(organisation: Organisation) -> list[int]:
    return [version.number for version in in_use_before(organisation, "any")]


def test_numbers_and_folders(school: School, three: list[Version], models_home: Path) -> None:
    assert [version.number for version in three] == [1, 2, 3]
    assert three[2].folder == "versions/school/3"
    assert (models_home / "versions/school/3/manifest.json").is_file()
    assert three[0].n_bytes > 0


def test_other_organisations_count_for_themselves(three: list[Version], trained: Trained) -> None:
    other = build_school("other")
    version = trained(other.organisation, "popularity").version
    assert (version.number, version.folder) == (1, "versions/other/1")


def test_a_run_is_registered_once(school: School, three: list[Version]) -> None:
    assert versions.register(three[0].run, None, {}) == three[0]  # type: ignore[arg-type]


def test_what_a_dead_process_left_is_swept_away(
    school: School, three: list[Version], trained: Trained, models_home: Path
) -> None:
    orphan = models_home / "versions/school/4"
    orphan.mkdir()
    (orphan / "half").write_text("written")
    version = trained(school.organisation, "popularity").version
    assert version.number == 4
    assert not (orphan / "half").exists()


def test_promote_and_the_log(school: School, three: list[Version]) -> None:
    assert live(school.organisation, "any") is None
    promote(three[0], by=None, why="first")
    promote(three[2], by=None, why="better")
    assert live(school.organisation, "any") == three[2]
    log = Promotion.objects.order_by("id").values_list("version__number", "previous__number", "action", "why")
    assert list(log) == [(1, None, "promote", "first"), (3, 1, "promote", "better")]


def test_roll_back_goes_further_back_every_time(school: School, three: list[Version]) -> None:
    for version in three:
        promote(version, by=None, why="up")
    assert names_before(school.organisation) == [2, 1]
    assert roll_back(school.organisation, "any", by=None, why="bad").version == three[1]
    assert roll_back(school.organisation, "any", by=None, why="bad too").version == three[0]
    assert live(school.organisation, "any") == three[0]
    with pytest.raises(InvalidInput, match="nothing to roll back to"):
        roll_back(school.organisation, "any", by=None, why="and again")


def test_after_a_roll_back_a_new_promotion_builds_on_it(school: School, three: list[Version]) -> None:
    promote(three[0], by=None, why="up")
    promote(three[1], by=None, why="up")
    roll_back(school.organisation, "any", by=None, why="bad")
    promote(three[2], by=None, why="up")
    assert names_before(school.organisation) == [1]


def test_promoting_what_is_in_use_is_said(school: School, three: list[Version]) -> None:
    promote(three[0], by=None, why="up")
    with pytest.raises(InvalidInput, match="v1 popularity is in use already"):
        promote(three[0], by=None, why="again")


def test_a_damaged_version_is_not_put_into_use(school: School, three: list[Version]) -> None:
    (versions.folder_of(three[1]) / "popularity.npy").unlink()
    with pytest.raises(InvalidInput, match=r"popularity\.npy"):
        promote(three[1], by=None, why="up")
    assert live(school.organisation, "any") is None


def test_an_exchanged_folder_is_not_put_into_use(school: School, three: list[Version], trained: Trained) -> None:
    folder = versions.folder_of(three[1])
    folder.rename(folder.with_name("away"))
    versions.folder_of(three[0]).rename(folder)
    with pytest.raises(InvalidInput, match="not the one registered"):
        promote(three[1], by=None, why="up")


def test_members_of_other_organisations_change_nothing(cast: object, three: list[Version]) -> None:
    stranger = cast.south.members["administrator"]  # type: ignore[attr-defined]
    with pytest.raises(InvalidInput, match="another organisation"):
        promote(three[0], by=stranger, why="mine now")


def test_scopes_are_apart(school: School, trained: Trained) -> None:
    red = school.courses["red"]
    whole = trained(school.organisation, "popularity").version
    of_course = trained(school.organisation, "popularity", course=red).version
    assert live(school.organisation, "any") == whole
    assert live(school.organisation, "any", red) == of_course
    assert live(school.organisation, "course") is None


@pytest.mark.django_db(transaction=True)
def test_promotions_at_once_come_one_after_the_other(models_home: Path, trained: Trained) -> None:
    school = build_school()
    made = [trained(school.organisation, "popularity", promotes=False).version for _ in range(4)]
    start = threading.Barrier(len(made))

    def put(version: Version) -> None:
        try:
            start.wait(10)
            promote(version, by=None, why="at once")
        finally:
            connection.close()

    threads = [threading.Thread(target=put, args=[version]) for version in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    log = list(Promotion.objects.order_by("id").values_list("version_id", "previous_id"))
    assert len(log) == 4
    assert [previous for _version, previous in log] == [None, *(version for version, _previous in log[:-1])]
