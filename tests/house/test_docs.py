"""The documentation tells all of it and nothing else: settings, dependencies, algorithms, formats, commands, links."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from django.core.management import get_commands

from analytics.imports.formats import FORMATS
from neuralink_site import env
from recommender.algorithms.catalogue import ALGORITHMS
from tests.house.tree import ROOT

DOCS = sorted((ROOT / "docs").glob("*.md"))
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#]+)(?:#[^)]*)?\)")
MADE_LATER = {"docs/screenshot.png"}
"""Pictures that `make screenshots` makes."""


def table_rows(text: str) -> list[list[str]]:
    """Cells of every row of every table that begins with a name in its first cell."""
    rows = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in text.splitlines() if line[:1] == "|"]
    return [row for row in rows if set(row[0]) - set("-: ") and row[0] not in {"Variable", "Package"}]


def setting_objections(text: str, read: Iterable[env.SettingRead]) -> list[str]:
    told = {row[0].strip("`"): row for row in table_rows(text)}
    objections = [f"{name} is told but never read." for name in told.keys() - {setting.name for setting in read}]
    for setting in read:
        row = told.get(setting.name)
        if row is None:
            objections.append(f"{setting.name} is read but not told.")
        elif row[1:3] != [setting.default, setting.allowed]:
            objections.append(f"{setting.name}: told {row[1:3]}, but it is {[setting.default, setting.allowed]}.")
        elif len(row[3]) < 10:
            objections.append(f"{setting.name}: say what it does.")
    return objections


def required(text: str) -> set[str]:
    """Names of the direct dependencies: the lines before the part that is brought in by others."""
    direct = text.split("# Brought in by the above")[0]
    return {match.lower() for match in re.findall(r"^([A-Za-z][\w.-]*)", direct, re.MULTILINE)}


def dependency_objections(docs: str, requirements: str) -> list[str]:
    told, needed = {row[0].lower() for row in table_rows(docs)}, required(requirements)
    return [f"{name} is needed but not explained." for name in sorted(needed - told)] + [
        f"{name} is explained but not needed." for name in sorted(told - needed)
    ]


def missing(words: Iterable[str], text: str) -> list[str]:
    return [f"`{word}` is not told." for word in words if f"`{word}`" not in text]


def dead_links(path: Path, text: str) -> list[str]:
    targets = [(path.parent / target).resolve() for target in LINK.findall(text)]
    return [f"{path.name} links to {target}, which is not there." for target in targets if not is_there(target)]


def is_there(target: Path) -> bool:
    return target.exists() or target.relative_to(ROOT).as_posix() in MADE_LATER


def dead_commands(text: str) -> list[str]:
    """`manage.py` commands and `make` targets that a reader is told to type and that are not there."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    commands = {name for name in re.findall(r"manage\.py ([a-z_]+)", text) if name not in get_commands()}
    made = {
        name for name in re.findall(r"`make ([a-z-]+)|^make ([a-z-]+)", text, re.MULTILINE) for name in name if name
    }
    return [f"There is no command {name}." for name in commands] + [f"make {name}?" for name in made - targets]


def test_settings_are_told():
    assert setting_objections((ROOT / "docs/settings.md").read_text(), env.SETTINGS_READ.values()) == []


SAMPLE = env.SettingRead("NEURALINK_X", "integer", "3", "an integer", "what it does")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "| `NEURALINK_X` | 4 | an integer | what it does |",
        "| `NEURALINK_X` | 3 | a number | what it does |",
        "| `NEURALINK_X` | 3 | an integer | |",
        "| `NEURALINK_X` | 3 | an integer | what it does |\n| `NEURALINK_Y` | 3 | an integer | what it does |",
    ],
)
def test_wrong_settings_are_noticed(text):
    assert setting_objections(text, [SAMPLE])


def test_right_settings_are_not():
    assert setting_objections("| `NEURALINK_X` | 3 | an integer | what it does |", [SAMPLE]) == []


def test_dependencies_are_explained():
    requirements = "".join((ROOT / name).read_text() for name in ("requirements-dev.txt",)).replace("-r ", "# ")
    docs = (ROOT / "docs/dependencies.md").read_text()
    product, tools = docs.split("## Tests and tools")
    assert dependency_objections(product, (ROOT / "requirements.txt").read_text()) == []
    assert dependency_objections(tools, requirements) == []


def test_unexplained_dependencies_are_noticed():
    assert dependency_objections("| numpy | arrays | BSD | none |", "numpy==2\nscipy==1\n")
    assert dependency_objections("| numpy | arrays | BSD | none |", "# nothing\n")
    assert dependency_objections("| numpy | arrays | BSD | none |", "numpy==2\n") == []


def test_algorithms_and_formats_are_told():
    assert missing(ALGORITHMS, (ROOT / "docs/adding_an_algorithm.md").read_text()) == []
    assert missing(FORMATS, (ROOT / "docs/adding_an_import_format.md").read_text()) == []
    assert missing(["sasrec"], "`ease`")


def test_the_readme_names_the_two_commands_and_every_page_of_docs():
    text = (ROOT / "README.md").read_text()
    assert "make run" in text
    assert "make test" in text
    assert [path.name for path in DOCS if f"docs/{path.name}" not in text] == []


@pytest.mark.parametrize("path", [ROOT / "README.md", *DOCS], ids=lambda path: path.name)
def test_links_and_commands_work(path):
    text = path.read_text()
    assert dead_links(path, text) == []
    assert dead_commands(text) == []


def test_dead_links_and_commands_are_noticed():
    assert dead_links(ROOT / "README.md", "see [this](docs/nowhere.md)")
    assert dead_commands("python manage.py make_coffee")
    assert dead_commands("`make coffee`")


def test_every_path_that_is_named_is_there():
    assert dead_paths((ROOT / "docs/architecture.md").read_text()) == []
    assert dead_paths("see `analytics/nowhere.py`")


def dead_paths(text: str) -> list[str]:
    named = re.findall(r"`((?:analytics|recommender|neuralink_site|tests)/[\w/]+(?:\.py)?)/?`", text)
    return [f"{name} is not there." for name in named if not (ROOT / name).exists()]
