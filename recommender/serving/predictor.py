"""The predictor in use, kept by this process: small arrays, loaded again only when another version is put into use."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from analytics.public import Organisation
from recommender.models import TargetKind, Version
from recommender.outcomes.base import Predictor
from recommender.registry import versions

MAX_KEPT = 16


@dataclass(frozen=True)
class LivePredictor:
    version: Version
    predictor: Predictor


_kept: dict[int, Predictor] = {}
_lock = threading.Lock()


def live_predictor(organisation: Organisation) -> LivePredictor | None:
    """The one in use; None if none is yet.

    Raises:
        RecommenderError: its files are damaged or of another release; the message says what to do.
    """
    version = versions.live(organisation, TargetKind.OUTCOME)
    if version is None:
        return None
    with _lock:
        if version.pk not in _kept:
            while len(_kept) >= MAX_KEPT:
                del _kept[next(iter(_kept))]
            _kept[version.pk] = versions.loaded_predictor(version)
        return LivePredictor(version, _kept[version.pk])


def forget() -> None:
    """Drop every predictor of this process, as after a restart."""
    with _lock:
        _kept.clear()
