"""Regression trees as arrays, and asking them with NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.datasets.studies import Floats
from recommender.errors import InvalidData

TREE_ARRAYS = ("feature", "threshold", "left", "right", "nan_goes_left", "value", "first", "group", "base")


@dataclass(frozen=True)
class Forest:
    """n_nodes in n_trees; a leaf is its own child on both sides, so that every row may take the same steps."""

    feature: NDArray[np.int32]  # (n_nodes,)
    threshold: NDArray[np.float32]  # (n_nodes,) left if at most this
    left: NDArray[np.int32]  # (n_nodes,)
    right: NDArray[np.int32]
    nan_goes_left: NDArray[np.int32]  # (n_nodes,) 0 or 1
    value: NDArray[np.float32]  # (n_nodes,) of a leaf
    first: NDArray[np.int32]  # (n_trees + 1,) the first node of each tree, and n_nodes
    group: NDArray[np.int32]  # (n_trees,) of the features that it splits on; -1 if of none
    base: NDArray[np.float32]  # (1,) what everything starts from; NaN if there is nothing to say

    def total(self, features: NDArray[np.float32]) -> Floats:
        return np.asarray(self.base[0] + sum(self._leaves(features), np.zeros(len(features))), np.float64)

    def by_group(self, features: NDArray[np.float32], n_groups: int) -> Floats:
        """(k, n_groups) the sum of each group's trees."""
        found = np.zeros((len(features), n_groups))
        for group, values in zip(self.group, self._leaves(features), strict=True):
            if group >= 0:
                found[:, group] += values
        return found

    def _leaves(self, features: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Per tree (k,): the value of the leaf that each row falls into."""
        columns = np.ascontiguousarray(features.T)
        return [self._leaf(columns, begin, end) for begin, end in zip(self.first[:-1], self.first[1:], strict=True)]

    def _leaf(self, columns: NDArray[np.float32], begin: int, end: int) -> NDArray[np.float32]:
        """One step a node in the order in which they were made: parents stand before their children."""
        node = np.full(columns.shape[1], begin, np.int32)
        for place in range(begin, end):
            if self.left[place] == place:
                continue
            here = np.flatnonzero(node == place)
            if not len(here):
                continue
            values = columns[self.feature[place], here]
            goes_left = values <= self.threshold[place]
            if self.nan_goes_left[place]:
                goes_left |= np.isnan(values)
            node[here] = np.where(goes_left, self.left[place], self.right[place])
        return self.value[node]


def exported(model: Any, group_of_feature: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """The arrays of a fitted histogram booster of scikit-learn; of None, a forest that says NaN.

    Its trees have no public form, and pickles are not kept here: a test compares the answers of both.

    Raises:
        InvalidData: a tree splits on the features of two groups.
    """
    predictors = [] if model is None else [stage[0].nodes for stage in model._predictors]
    base = np.nan if model is None else float(np.ravel(model._baseline_prediction)[0])
    counts = np.array([0, *(len(nodes) for nodes in predictors)])
    first = np.cumsum(counts)
    columns: dict[str, list[NDArray[Any]]] = {name: [] for name in TREE_ARRAYS[:6]}
    groups = []
    for nodes, begin in zip(predictors, first[:-1], strict=True):
        own, is_leaf = begin + np.arange(len(nodes)), nodes["is_leaf"].astype(bool)
        columns["feature"].append(nodes["feature_idx"])
        columns["threshold"].append(nodes["num_threshold"])
        columns["left"].append(np.where(is_leaf, own, begin + nodes["left"]))
        columns["right"].append(np.where(is_leaf, own, begin + nodes["right"]))
        columns["nan_goes_left"].append(nodes["missing_go_to_left"])
        columns["value"].append(nodes["value"])
        groups.append(_group_of(nodes["feature_idx"][~is_leaf], group_of_feature))
    kinds = dict.fromkeys(("feature", "left", "right", "nan_goes_left"), np.int32)
    arrays: dict[str, NDArray[Any]] = {
        name: np.concatenate([np.zeros(0), *parts]).astype(kinds.get(name, np.float32))
        for name, parts in columns.items()
    }
    return arrays | {
        "first": first.astype(np.int32),
        "group": np.array(groups, np.int32),
        "base": np.array([base], np.float32),
    }


def _group_of(features: NDArray[np.integer[Any]], group_of_feature: NDArray[np.int64]) -> int:
    groups = set(group_of_feature[features].tolist()) - {-1}
    if len(groups) > 1:
        raise InvalidData(f"A tree splits on features of {len(groups)} factors, so what each did cannot be told.")
    return int(groups.pop()) if groups else -1
