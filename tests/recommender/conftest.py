"""The school, a data folder of its own for every test, and runs done in the test's own process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from analytics.jobs import working_on
from analytics.models import Learner, Member
from recommender.models import Risk, Run
from recommender.registry import versions
from recommender.serving import list_rules, live, openings, outline, predictor, shown
from recommender.training.retrain import retrain
from recommender.training.start import start_run
from tests.cast import Cast
from tests.recommender.college import College, build_college
from tests.recommender.risks import add_risks
from tests.recommender.school import School, build_school


@pytest.fixture
def school(db: None) -> School:
    return build_school()


@pytest.fixture
def college(db: None) -> College:
    return build_college()


@pytest.fixture(autouse=True)
def long_lease(settings: Any) -> None:
    """The thread that extends it cannot see a test's transaction, and a busy machine takes its time."""
    settings.NEURALINK_LEASE_SECONDS = 600


@pytest.fixture
def models_home(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Versions are written to a folder of the test; the process knows of no version when it begins."""
    # Not settings.HOME: the embedded database lives there too.
    monkeypatch.setattr(versions, "data_folder", lambda: tmp_path)
    settings.NEURALINK_SWAP_SECONDS = settings.NEURALINK_SHARED_SECONDS = settings.NEURALINK_NAME_SECONDS = 0
    live.forget()
    openings.forget()
    shown.forget()
    outline.forget()
    list_rules.forget()
    predictor.forget()
    yield tmp_path
    live.forget()
    openings.forget()
    shown.forget()
    outline.forget()
    list_rules.forget()
    predictor.forget()


@pytest.fixture
def trained(models_home: Path) -> Callable[..., Run]:
    """`trained(organisation, "ease")`: a run from the queue to its end, done here."""

    def do(organisation: Any, algorithm: str = "ease", **options: Any) -> Run:
        run = start_run(organisation, algorithm, **options)
        with working_on(Run, run.pk) as lease:
            assert lease is not None
            retrain(lease)
        run.refresh_from_db()
        return run

    return do


@pytest.fixture
def risks(cast: Cast) -> dict[int, Risk]:
    """North's algebra, by number of the learner; every learner but the third has an address."""
    for number, learner in enumerate(cast.north.learners):
        learner.attributes = {"email": f"{learner.external_id}@example.org"} if number != 2 else {}
    Learner.objects.bulk_update(cast.north.learners, ["attributes"])
    return add_risks(cast.north)


@pytest.fixture
def instructor(cast: Cast) -> Member:
    """North's, with a name and an address."""
    member = cast.north.members["instructor"]
    member.login.first_name, member.login.last_name, member.login.email = "Irene", "Castillo", "irene@example.org"
    member.login.save()
    return member
