"""Recommenders that work inside another one: read from a text, trained, kept in its state, and asked for reasons."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.base import Algorithm, FitOptions, Scores, State
from recommender.algorithms.catalogue import ALGORITHMS, build
from recommender.algorithms.config import values_of
from recommender.algorithms.neural import checkpoints
from recommender.datasets.interactions import Index, Interactions
from recommender.errors import InvalidConfig


def built(text: str, config_name: str, excluded: Iterable[str]) -> list[Algorithm]:
    """The members that a text names, unfitted: `sequential_linear:long_steps=20,ease`.

    Args:
        text: names with commas between them; parameters behind colons.
        config_name: whose parameter `members` the text is, for the error.
        excluded: names that may not stand there.

    Raises:
        InvalidConfig: no member, an unknown one, or a parameter that it does not have.
    """
    known = [name for name in ALGORITHMS if name not in set(excluded)]
    found = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, *settings = part.split(":")
        if name not in known:
            raise InvalidConfig("members", config_name, "names among " + ", ".join(known), name)
        found.append(build(name, values_of(settings)))
    if not found:
        raise InvalidConfig("members", config_name, "one name or more", text)
    return found


def expected_arrays(members: Iterable[Algorithm]) -> dict[str, tuple[type[np.generic], int]]:
    """Of all members: name -> dtype, dimensions; each name begins with its member's place and name."""
    return {
        _prefix(place, member) + name: kind
        for place, member in enumerate(members)
        for name, kind in member.expected_arrays().items()
    }


def state_of(members: Iterable[Algorithm]) -> State:
    """What fitted members have learnt, by those names."""
    return {
        _prefix(place, member) + name: array
        for place, member in enumerate(members)
        for name, array in member.state().items()
    }


def restored(members: Iterable[Algorithm], state: Mapping[str, NDArray[Any]]) -> list[Algorithm]:
    """The same members, fitted, from a state with those names."""
    found = []
    for place, member in enumerate(members):
        prefix = _prefix(place, member)
        own = {name.removeprefix(prefix): array for name, array in state.items() if name.startswith(prefix)}
        found.append(type(member).from_state(member.config, own))
    return found


def fitted(member: Algorithm, interactions: Interactions, options: FitOptions) -> Algorithm:
    """The member, trained; or as an earlier attempt at this very training left it in the working folder."""
    if options.working_folder is None:
        return member.fit(interactions, options)
    folder: Path = options.working_folder / "fitted"
    recipe = f"{member.name} {member.config.as_dict()} seed {options.seed} {interactions.fingerprint}"
    names = sorted(member.expected_arrays())
    found = checkpoints.read(folder, recipe)
    if found is not None:
        return type(member).from_state(member.config, dict(zip(names, found.groups["state"], strict=True)))
    member.fit(interactions, options)
    state = member.state()
    checkpoints.write(folder, recipe, checkpoints.Checkpoint({}, {"state": [state[name] for name in names]}))
    return member


def reasons(
    members: Iterable[Algorithm],
    weights: Iterable[float],
    history: Index,
    indices: NDArray[np.integer],
    times: NDArray[np.int64] | None,
) -> NDArray[np.float64]:
    """The members' own reasons, in units of how far their answers spread, by their weights.

    Shape (len(indices), len(history)), as `Algorithm._explain_each`; members that do not explain are passed over.
    """
    total = np.zeros((len(indices), len(history)))
    for member, weight in zip(members, weights, strict=True):
        if member.explains:
            spread = float(member.score([history], None if times is None else [times]).std()) or 1.0
            total += max(weight, 0.0) * member._explain_each(history, indices, times) / spread
    return total


def is_open(histories: Iterable[Index], n_activities: int) -> NDArray[np.bool_]:
    """Shape (n_histories, n_activities): which activities are not in the history."""
    lists = list(histories)
    found = np.ones((len(lists), n_activities), bool)
    found[np.repeat(np.arange(len(lists)), [len(one) for one in lists]), np.concatenate(lists)] = False
    return found


def standardise(scores: Scores, is_open: NDArray[np.bool_]) -> None:
    """Mean 0 and deviation 1 over the open activities of each row, in place."""
    n_open = np.maximum(np.count_nonzero(is_open, axis=1), 1).astype(np.float32)[:, None]
    scores -= (scores * is_open).sum(axis=1, keepdims=True) / n_open
    of_open = scores * is_open
    deviation = np.sqrt(np.einsum("ij,ij->i", of_open, of_open)[:, None] / n_open)
    scores /= np.where(deviation > 0, deviation, np.float32(1))


def _prefix(place: int, member: Algorithm) -> str:
    return f"member_{place}_{member.name}_"
