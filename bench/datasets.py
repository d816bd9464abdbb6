"""Data sets to measure recommenders on, each with the protocol of the figures it is compared with."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.record import ROOT
from recommender.datasets.interactions import DAY_SECONDS, Interactions, Sequences, feature_hash, offsets_of
from recommender.datasets.splits import RANDOM_HOLDOUT, Split, leave_last_out, time_split
from tests import toy

DATA = ROOT.parent / "shared" / "data"


class DataMissing(Exception):
    """The files of a data set are not on this machine."""


@dataclass(frozen=True)
class Dataset:
    split: Callable[[], Split]
    protocol: str
    about: str


def table(*place: str) -> pd.DataFrame:
    """A file below the shared data.

    Raises:
        DataMissing: it is not there.
    """
    path = DATA.joinpath(*place)
    if not path.exists():
        raise DataMissing(f"{path} is not there: the real data sets are not part of the project.")
    return pd.read_parquet(path)


def movielens_1m() -> Split:
    rows = table("ml-1m", "interactions.parquet")
    return leave_last_out(Interactions.from_columns(rows["user"], rows["item"], rows["position"]))


def mooccubex(*, is_clean: bool = False) -> Split:
    """The split comes with the data: one course per learner is the answer.

    The last training row of each of the 97,722 lists is no enrolment but an echo of the answer, its number without the
    last digit: what is left of a line that was cut. It stands between the history and what follows: the answers follow
    the row before it as any event follows another. It also misleads whoever counts what is met together: lists that
    end in the same broken row are those from which one and the same answer was taken. `is_clean` leaves it out, for us
    and for every peer alike.
    """
    rows = table("mooccubex", "enrolments.parquet")
    if is_clean:
        is_train = rows["split"] == "train"
        rows = rows[~is_train | rows["pos"].lt(rows["pos"].where(is_train).groupby(rows["user"]).transform("max"))]
    rows = rows.drop_duplicates(["user", "course"])
    # Text ids become numbers in their alphabetical order.
    learner, course = (np.unique(rows[name], return_inverse=True)[1] for name in ("user", "course"))
    is_test = (rows["split"] == "test").to_numpy()
    position = rows["pos"].to_numpy(np.int64)
    train = Interactions.from_columns(learner[~is_test], course[~is_test], position[~is_test])
    known = np.isin(course, train.activity_ids) & np.isin(learner, train.learner_ids) & is_test
    order = np.argsort(learner[known], kind="stable")
    answers = np.searchsorted(train.activity_ids, course[known][order]).astype(np.int32)
    tested, counts = np.unique(np.searchsorted(train.learner_ids, learner[known]), return_counts=True)
    parameters = {"n_unknown_targets": int(is_test.sum() - known.sum())}
    inputs = train.sequences().take(tested)
    answer_lists = Sequences(offsets_of(counts), answers)
    return Split(train, inputs, answer_lists, tested.astype(np.int32), RANDOM_HOLDOUT, parameters)


def oulad(course: str | None = None) -> Split:
    """Every click on every site of the virtual learning environment, day offsets as days of the calendar.

    `course`: only that presentation, named as BBB-2013J.
    """
    rows = table("oulad", "studentVle.parquet")
    if course is not None:
        rows = rows[(rows["code_module"].astype(str) + "-" + rows["code_presentation"].astype(str)) == course]
    day = oulad_days(rows["code_presentation"]) + rows["date"].to_numpy(np.int64)
    events = Interactions.from_columns(rows["id_student"], rows["id_site"], day * DAY_SECONDS)
    came = pd.DataFrame({"activity": rows["id_site"], "day": day, "learner": rows["id_student"]}).drop_duplicates()
    days = came.groupby(["activity", "day"], as_index=False).size()
    events = events.with_days(days["activity"], days["day"] * DAY_SECONDS, days["size"])
    return time_split(events.described(oulad_features(events.activity_ids)))


def oulad_days(presentations: pd.Series) -> NDArray[np.int64]:
    """The first day of each presentation, in days since 1970."""
    names = presentations.astype(str)
    month = np.where(names.str[4] == "B", 2, 10)
    starts = pd.to_datetime({"year": names.str[:4].astype(int), "month": month, "day": 1})
    return np.asarray((starts - pd.Timestamp(0)).dt.days, np.int64)


def oulad_sites() -> pd.DataFrame:
    rows = table("oulad", "vle.parquet").set_index("id_site")
    rows["course"] = rows["code_module"].astype(str) + "-" + rows["code_presentation"].astype(str)
    return rows


def oulad_features(ids: NDArray[np.int64]) -> Sequences:
    """As `recommender.history` reads them of an import."""
    rows = oulad_sites().loc[ids, ["course", "activity_type"]]
    each = [
        [f"kind={kind}", f"course={course}", f"parent={course}", f"word={kind}", f"word={pk}"]
        for pk, course, kind in rows.itertuples()
    ]
    return lists_of([[feature_hash(fact) for fact in facts] for facts in each])


def lists_of(each: list[list[int]]) -> Sequences:
    offsets = offsets_of(np.array([len(one) for one in each], np.int64))
    return Sequences(offsets, np.array([one for row in each for one in row], np.int32))


def circle() -> Split:
    return leave_last_out(toy.chain(n_learners=400, n_activities=60, length=12))


_PRESENTATIONS = {
    "AAA": ("2013J", "2014J"),
    "BBB": ("2013B", "2013J", "2014B", "2014J"),
    "CCC": ("2014B", "2014J"),
    "DDD": ("2013B", "2013J", "2014B", "2014J"),
    "EEE": ("2013J", "2014B", "2014J"),
    "FFF": ("2013B", "2013J", "2014B", "2014J"),
    "GGG": ("2013J", "2014B", "2014J"),
}

DATASETS: dict[str, Dataset] = {
    "ml-1m": Dataset(movielens_1m, "leave_last_out", "MovieLens-1M, 3,416 activities, 6,040 learners"),
    "mooccubex": Dataset(mooccubex, "random_holdout", "MOOCCubeX, 3,366 courses, 97,722 learners"),
    "mooccubex-clean": Dataset(
        partial(mooccubex, is_clean=True), "random_holdout", "MOOCCubeX without the broken row of each learner"
    ),
    "oulad": Dataset(oulad, "time_split", "Open University, 6,268 sites, 26,074 learners, all presentations"),
    "toy": Dataset(circle, "leave_last_out", "a seeded circle of 60 activities; needs no files"),
}
DATASETS |= {
    f"oulad-{module}-{presentation}": Dataset(
        partial(oulad, f"{module}-{presentation}"), "time_split", "one presentation of it"
    )
    for module, presentations in _PRESENTATIONS.items()
    for presentation in presentations
}
