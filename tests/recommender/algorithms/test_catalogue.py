import re
import subprocess
import sys
from pathlib import Path

import pytest

from recommender.algorithms.catalogue import ALGORITHMS, algorithm_class, build
from recommender.errors import UnknownName

ROOT = Path(__file__).parents[3]
IMPORT_ALL = """
import sys
from recommender.algorithms.catalogue import ALGORITHMS, build
for name in ALGORITHMS:
    build(name)
print(sorted({"keras", "django", "pandas"} & {name.split(".")[0] for name in sys.modules}))
"""


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(
        UnknownName,
        match=r"no algorithm called 'eaze'\. Known: .*ease.*sasrec",
    ):
        build("eaze")


def test_no_algorithm_imports_keras_before_it_is_fitted() -> None:
    answer = subprocess.run([sys.executable, "-c", IMPORT_ALL], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_the_recipe_lists_every_algorithm_with_its_abilities() -> None:
    text = (ROOT / "docs" / "adding_an_algorithm.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (yes|no) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|", text, re.MULTILINE)
    assert [name for name, *_ in rows] == list(ALGORITHMS)
    for name, order, explains, by_features, trains_in in rows:
        found = algorithm_class(name)
        assert (order == "yes") is found.uses_order
        assert (explains.strip() != "no") is found.explains
        assert ("new activities" in by_features) is found.learns_new_activities
        assert by_features.strip().endswith("newcomers") is found.learns_newcomers
        assert ("Keras" in trains_in) is found.needs_keras


def test_every_algorithm_inherits_the_contract() -> None:
    tests = "\n".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.rglob("test_*.py"))
    for name in ALGORITHMS:
        assert re.search(rf'\(AlgorithmContract\):\n    name = "{name}"', tests), f"{name} has no contract test"
