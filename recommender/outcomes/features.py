"""Features of an enrolment on a day: every one belongs to a factor that people can read (see `factors`).

One function per factor, `Seen` in, named columns of shape (n,) out; NaN where there is nothing to tell. Who somebody is
(gender, age, region, ...) is never among them: `Seen` does not hold it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.datasets.studies import MATERIAL_KINDS, Flags, Floats, Ints
from recommender.outcomes.seen import Seen

Columns = dict[str, Floats]
Numbers = NDArray[np.number[Any]]

WINDOWS = (7, 14, 28)
USUAL_SHARE = 0.3
"""Work counts as expected once so many of the peers have handed it in, a material once they have opened it: not all is
compulsory."""
DUE_SHARE = 0.5
"""Work without a due date counts as due once so many of the peers have handed it in."""


def pause(seen: Seen) -> Columns:
    last = _largest(seen.days.owner, seen.days.day, len(seen))
    since = np.where(np.isfinite(last), seen.day - last, np.nan)
    same = seen.days.owner[1:] == seen.days.owner[:-1]
    gaps = _largest(seen.days.owner[1:][same], np.diff(seen.days.day)[same], len(seen))
    return {
        "pause_days": since,
        "pause_rank": ranks(np.nan_to_num(since, nan=np.inf), seen),
        "longest_pause_days": np.fmax(np.where(np.isfinite(gaps), gaps, np.nan), since),
    }


def active_days(seen: Seen) -> Columns:
    n_days = _count(seen.days.owner, len(seen))
    before = seen.days.day < 0
    return {
        "active_days": n_days,
        "active_days_rank": ranks(n_days, seen),
        "active_days_before": _count(seen.days.owner[before], len(seen)),
        "amount_before": _sum(seen.days.owner, seen.days.amount, before, len(seen)),
    }


def recent_activity(seen: Seen) -> Columns:
    found: Columns = {}
    for n_days in WINDOWS:
        recent = seen.days.day > seen.day - n_days
        active, amount = (
            _count(seen.days.owner[recent], len(seen)),
            _sum(seen.days.owner, seen.days.amount, recent, len(seen)),
        )
        found |= {f"active_{n_days}": active, f"amount_{n_days}": amount, f"amount_{n_days}_rank": ranks(amount, seen)}
        if n_days > min(WINDOWS):
            found[f"active_{n_days}_rank"] = ranks(active, seen)
    recent = seen.days.day > seen.day - 14
    found["events_14"] = _sum(seen.days.owner, seen.days.n_events, recent, len(seen))
    found["trend"] = (found["amount_14"] + 5) / (found["amount_28"] - found["amount_14"] + 5)
    return found


def materials(seen: Seen) -> Columns:
    amount = _total(seen.days.owner, seen.days.amount, len(seen))
    met = _total(seen.days.owner, seen.days.n_materials, len(seen))
    recent = seen.days.day > seen.day - 14
    met_14 = _sum(seen.days.owner, seen.days.n_materials, recent, len(seen))
    n_days = np.maximum(_count(seen.days.owner, len(seen)), 1)
    found = {
        "met": met,  # each once a day
        "met_rank": ranks(met, seen),
        "met_14": met_14,
        "met_14_rank": ranks(met_14, seen),
        "met_a_day": met / n_days,
        "amount": amount,
        "amount_rank": ranks(amount, seen),
        "amount_a_day": amount / n_days,
    }
    return found | opened(seen)


def opened(seen: Seen) -> Columns:
    """Each material once, however often it was met: how many, of which kind, and whether those that peers opened."""
    owner, which = seen.materials.owner, seen.materials.material
    share = opened_share(seen)
    n = _count(owner, len(seen))
    new = _count(owner[seen.materials.day > seen.day - 14], len(seen))
    common = _total(owner, share[which], len(seen))
    usual = share >= USUAL_SHARE
    n_usual = np.bincount(seen.materials.run[usual], minlength=seen.n_runs)[seen.run]
    usual_opened = _count(owner[usual[which]], len(seen))
    rarity = np.bincount(owner, -np.log(np.maximum(share, 1e-4))[which], len(seen))
    found = {
        "opened": n,
        "opened_rank": ranks(n, seen),
        "opened_14_rank": ranks(new, seen),
        "common_share": common / np.maximum(np.bincount(seen.materials.run, share, seen.n_runs)[seen.run], 0.05),
        "common_rank": ranks(common, seen),
        "usual_opened_share": _ratio(usual_opened, n_usual),
        "usual_unopened": (n_usual - usual_opened).astype(np.float64),
        "rarity": _ratio(rarity, n),
    }
    kind = seen.materials.kind[which]
    for place, name in enumerate(MATERIAL_KINDS):
        of_kind = _count(owner[kind == place], len(seen))
        met = _total(seen.days.owner, seen.days.n_by_kind[:, place], len(seen))
        found |= {
            f"opened_{name}": of_kind,
            f"opened_{name}_rank": ranks(of_kind, seen),
            f"met_{name}_rank": ranks(met, seen),
        }
    return found


def missing_work(seen: Seen) -> Columns:
    """Each assessment counts as much as peers take it seriously: by the share of them that has handed it in."""
    share, is_due = peers_share(seen), due(seen)
    hands = seen.work
    usual = is_due & (share >= USUAL_SHARE)
    expected = np.bincount(hands.run, share, seen.n_runs)[seen.run]
    expected_due = np.bincount(hands.run, share * is_due, seen.n_runs)[seen.run]
    mine = np.bincount(hands.owner, share[hands.work], len(seen))
    mine_due = np.bincount(hands.owner, (share * is_due)[hands.work], len(seen))
    n_usual = np.bincount(hands.run[usual], minlength=seen.n_runs)[seen.run]
    found: Columns = {
        "missing": n_usual - _count(hands.owner[usual[hands.work]], len(seen)),
        "handed_in": _count(hands.owner, len(seen)),
        "missing_weight": (expected_due - mine_due).astype(np.float64),
        "handed_in_share": _ratio(mine_due, expected_due, at_least=USUAL_SHARE),
        "ahead_weight": (mine - mine_due).astype(np.float64),
        "beside_peers": mine / np.maximum(expected, 0.05),
    }
    for place, latest in enumerate(_latest_due(seen, usual, 3), start=1):
        found[f"handed_in_last_{place}"] = _of_latest(seen, latest, np.ones(len(hands.owner)), missing=0.0)
    return found


def punctuality(seen: Seen) -> Columns:
    hands = seen.work
    early = hands.due_day[hands.work] - hands.day
    dated = np.isfinite(early)
    owner, early = hands.owner[dated], early[dated]
    n_dated = _count(owner, len(seen))
    return {
        "early_days": _ratio(np.bincount(owner, early, len(seen)), n_dated),
        "n_late": np.where(n_dated > 0, _count(owner[early < 0], len(seen)), np.nan),
        "early_days_last": _last(owner, early, len(seen)),
    }


def results(seen: Seen) -> Columns:
    hands = seen.work
    marked = np.isfinite(hands.result)
    owner, work, result = hands.owner[marked], hands.work[marked], hands.result[marked]
    n_results = _count(owner, len(seen))
    n_of_work = np.maximum(np.bincount(work, minlength=len(hands.run)), 1)
    mean = np.bincount(work, result, len(hands.run)) / n_of_work
    spread = np.sqrt(np.maximum(np.bincount(work, result**2, len(hands.run)) / n_of_work - mean**2, 1e-4))
    share, is_due = peers_share(seen), due(seen)
    weight = share * is_due
    worst = -_largest(owner, -result, len(seen))
    found = {
        "result": _ratio(np.bincount(owner, result, len(seen)), n_results),
        "result_beside_peers": _ratio(np.bincount(owner, ((result - mean[work]) / spread[work]), len(seen)), n_results),
        "result_worst": np.where(np.isfinite(worst), worst, np.nan),
        "result_last": _last(owner, result, len(seen)),
        "result_with_missing": _ratio(
            np.bincount(owner, result * weight[work], len(seen)),
            np.bincount(hands.run, weight, seen.n_runs)[seen.run],
            at_least=USUAL_SHARE,
        ),
    }
    for place, latest in enumerate(_latest_due(seen, is_due & (share >= USUAL_SHARE), 3), start=1):
        found[f"result_last_{place}"] = _of_latest(seen, latest, hands.result, missing=np.nan)
    return found


def rhythm(seen: Seen) -> Columns:
    begun = seen.days.day >= 0
    weeks = np.unique(seen.days.owner[begun] * 10_000 + seen.days.day[begun] // 7) // 10_000
    n_weeks = max(seen.day, 0) // 7 + 1
    return {"active_weeks_share": _count(weeks, len(seen)) / n_weeks}


def enrolled_early(seen: Seen) -> Columns:
    return {"enrolled_early_days": -seen.start_day, "enrolled_rank": ranks(np.nan_to_num(seen.start_day), seen)}


def earlier_courses(seen: Seen) -> Columns:
    return {
        "n_earlier": seen.n_earlier,
        "n_earlier_finished": seen.n_earlier_finished,
        "earlier_finished_share": _ratio(seen.n_earlier_finished, seen.n_earlier),
        "n_earlier_here": seen.n_earlier_here,
        "attempt": seen.attempt,
    }


def parallel_courses(seen: Seen) -> Columns:
    return {"n_parallel": seen.n_parallel}


def course(seen: Seen) -> Columns:
    due_day = np.where(seen.work.due_day > seen.day, seen.work.due_day, np.inf)
    upcoming = np.full(seen.n_runs, np.inf)
    np.minimum.at(upcoming, seen.work.run, due_day)
    until = np.where(np.isfinite(upcoming), upcoming - seen.day, np.nan)
    return {"course_risk": seen.expected[seen.run], "next_due_days": until[seen.run]}


OF_FACTOR: dict[str, Callable[[Seen], Columns]] = {
    "pause": pause,
    "active_days": active_days,
    "recent_activity": recent_activity,
    "materials": materials,
    "missing_work": missing_work,
    "punctuality": punctuality,
    "results": results,
    "rhythm": rhythm,
    "enrolled_early": enrolled_early,
    "earlier_courses": earlier_courses,
    "parallel_courses": parallel_courses,
    "course": course,
}

TOLD = {
    "pause": "pause_days",
    "active_days": "active_days",
    "recent_activity": "events_14",
    "materials": "opened",
    "missing_work": "missing",
    "punctuality": "early_days",
    "results": "result",
    "rhythm": "active_weeks_share",
    "enrolled_early": "enrolled_early_days",
    "earlier_courses": "earlier_finished_share",
    "parallel_courses": "n_parallel",
    "course": "course_risk",
}
"""The feature that is told to people as the value of a factor."""


def told(columns: Columns) -> Columns:
    """(n,) each: what can be told of every factor, under the names of `factors.TELLINGS`; NaN: nothing."""
    attempt = columns["attempt"]
    return {name: columns[feature] for name, feature in TOLD.items()} | {
        "attempt": np.where(attempt > 1, attempt, np.nan)  # that it is the first says nothing
    }


def peers_share(seen: Seen) -> Floats:
    """(w,) of those who still run, who has handed each assessment in."""
    is_peer = seen.who[seen.work.owner]
    n_peers = np.maximum(np.bincount(seen.run[seen.who], minlength=seen.n_runs), 1)
    handed = np.bincount(seen.work.work[is_peer], minlength=len(seen.work.run))
    return np.asarray(handed / n_peers[seen.work.run])


def opened_share(seen: Seen) -> Floats:
    """(q,) of those who still run, who has opened each material."""
    is_peer = seen.who[seen.materials.owner]
    n_peers = np.maximum(np.bincount(seen.run[seen.who], minlength=seen.n_runs), 1)
    opened = np.bincount(seen.materials.material[is_peer], minlength=len(seen.materials.run))
    return np.asarray(opened / n_peers[seen.materials.run])


def due(seen: Seen) -> Flags:
    """(w,) whether each assessment is due by the day."""
    dated = np.isfinite(seen.work.due_day)
    return np.where(dated, seen.work.due_day <= seen.day, peers_share(seen) >= DUE_SHARE)


def ranks(values: Floats, seen: Seen) -> Floats:
    """(n,) share of the peers in the run that are below (half of those that are equal); NaN outside `who`."""
    who = np.flatnonzero(seen.who)
    order = who[np.lexsort((values[who], seen.run[who]))]
    run, value = seen.run[order], values[order]
    begins = np.ones(len(order), bool)
    begins[1:] = (run[1:] != run[:-1]) | (value[1:] != value[:-1])
    tie = np.cumsum(begins) - 1
    place = np.bincount(tie, np.arange(len(order))) / np.maximum(np.bincount(tie), 1)
    n_peers = np.bincount(run, minlength=seen.n_runs)
    before = np.concatenate(([0], np.cumsum(n_peers)[:-1]))
    found = np.full(len(seen), np.nan)
    found[order] = (place[tie] - before[run] + 0.5) / n_peers[run] if len(order) else 0.0
    return found


def _latest_due(seen: Seen, usual: Flags, n: int) -> list[Ints]:
    """The n latest assessments of each run that are due and usual: n arrays of shape (r,), -1 where there is none."""
    found = np.full((n, seen.n_runs), -1)
    when = np.where(np.isfinite(seen.work.due_day), seen.work.due_day, np.arange(len(seen.work.run)) - 1e6)
    places = np.flatnonzero(usual)
    places = places[np.lexsort((-when[places], seen.work.run[places]))]
    run = seen.work.run[places]
    nth = np.arange(len(places)) - np.searchsorted(run, run)
    found[nth[nth < n], run[nth < n]] = places[nth < n]
    return list(found)


def _of_latest(seen: Seen, latest: Ints, values: Floats, missing: float) -> Floats:
    """(n,) what each enrolment has for the assessment `latest` of its run; NaN where the run has none."""
    found = np.where(latest[seen.run] >= 0, missing, np.nan)
    hit = seen.work.work == latest[seen.run[seen.work.owner]]
    found[seen.work.owner[hit]] = values[hit]
    return found


def _count(owner: Ints, n: int) -> Floats:
    return np.bincount(owner, minlength=n).astype(np.float64)


def _total(owner: Ints, values: Numbers, n: int) -> Floats:
    return np.bincount(owner, values, n).astype(np.float64)


def _sum(owner: Ints, values: Floats, which: Flags, n: int) -> Floats:
    return _total(owner[which], values[which], n)


def _ratio(part: Numbers, whole: Numbers, at_least: float = 0.5) -> Floats:
    """NaN where the whole is too small."""
    return np.where(whole >= at_least, part / np.maximum(whole, 1e-9), np.nan)


def _largest(owner: Ints, values: Floats | Ints, n: int) -> Floats:
    """(n,) the largest value of each owner; -inf without any."""
    found = np.full(n, -np.inf)
    np.maximum.at(found, owner, values)
    return found


def _last(owner: Ints, values: Floats, n: int) -> Floats:
    """(n,) the value of each owner's last row; NaN without any."""
    found = np.full(n, np.nan)
    found[owner] = values  # rows are sorted by owner and day, and the last assignment stays
    return found
