"""Rules of the house as functions: each takes a name and a text and returns its objections, one sentence each.

They are functions of text so that every rule can be shown a bad sample and must object to it.
"""

from __future__ import annotations

import ast
import re

MOST_LINES = {".py": 400, ".html": 150, ".js": 200, ".css": 400}
MOST_FUNCTION_LINES = 50
VAGUE_MODULES = {"utils", "util", "services", "service", "helpers", "helper", "misc", "common"}
DEEP_LEARNING = "tensor" + "flow"
DEEP_LEARNING_HOMES = (
    "recommender/algorithms/neural",
    "recommender/outcomes",
    "recommender/backends/tf_cluster.py",
    "tests/recommender/algorithms/neural",
    "tests/recommender/outcomes",
)
OTHER_WORDS = {"user": "member or login", "student": "learner", "item": "activity", "resource": "activity"}
"""Words for a thing that has another name here (DESIGN 3)."""
HOME_OF_SOMEBODY = re.compile("|".join(["/" + "work\\b", "/" + "root/", "/" + "home/", "/" + "Users/", "/" + "tmp/"]))
TEMPLATE_CODE = re.compile(  # `mono` is the class of names of columns, commands and ids
    r"{%\s*(?:comment|blocktrans(?:late)?)\b.*?{%\s*end(?:comment|blocktrans(?:late)?)\s*%}"
    r"|<(script|style|code|pre|kbd)\b.*?</\1>|<(\w+)[^>]*\bmono\b[^>]*>.*?</\2>|<!--.*?-->|{#.*?#}",
    re.DOTALL,
)
SHOWN_ATTRIBUTE = re.compile(r'\b(?:title|alt|placeholder|aria-label)="([^"]*)"')
WORD = re.compile(r"[^\W\d_]{2,}")


def too_long(name: str, text: str) -> list[str]:
    n_lines = text.count("\n")
    most = MOST_LINES["." + name.rsplit(".", 1)[-1]]
    return [f"{name} has {n_lines} lines; {most} is the most: split it."] if n_lines > most else []


def long_functions(name: str, text: str) -> list[str]:
    return [
        f"{name}: the function {node.name} has {_n_lines(node)} lines of code; {MOST_FUNCTION_LINES} is the most."
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _n_lines(node) > MOST_FUNCTION_LINES
    ]


def _n_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Its docstring does not count: to say less is not shorter code."""
    first = node.body[0]
    is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    told = (first.end_lineno or first.lineno) - first.lineno + 1 if is_docstring else 0
    return (node.end_lineno or node.lineno) - node.lineno + 1 - told


def vague_module(name: str) -> list[str]:
    stem = name.rsplit("/", 1)[-1].removesuffix(".py")
    return [f"{name}: name the module by its verb or noun, not {stem!r}."] if stem in VAGUE_MODULES else []


def names_deep_learning(name: str, text: str) -> list[str]:
    if DEEP_LEARNING not in text or name.startswith(DEEP_LEARNING_HOMES):
        return []
    return [f"{name} names {DEEP_LEARNING}; only {', '.join(DEEP_LEARNING_HOMES[:3])} may."]


def prints(name: str, text: str) -> list[str]:
    return [
        f"{name}:{node.lineno} prints; log it, or write to the command's stdout."
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]


def bare_copies(name: str, text: str) -> list[str]:
    """What psycopg2 raises in `copy_expert` is no `django.db.Error` by itself, which jobs and answers look for."""
    nodes = list(ast.walk(ast.parse(text)))
    wrapping = [
        node
        for node in nodes
        if isinstance(node, ast.With) and any("wrap_database_errors" in ast.unparse(item) for item in node.items)
    ]
    wrapped = {id(inner) for node in wrapping for inner in ast.walk(node)}
    return [
        f"{name}:{node.lineno} copies outside of connection.wrap_database_errors."
        for node in nodes
        if isinstance(node, ast.Attribute) and node.attr == "copy_expert" and id(node) not in wrapped
    ]


def absolute_paths(name: str, text: str) -> list[str]:
    return [
        f"{name}:{number} names {match.group()!r}, which is on nobody else's machine."
        for number, line in enumerate(text.splitlines(), 1)
        if (match := HOME_OF_SOMEBODY.search(line))
    ]


def relative_imports(name: str, text: str) -> list[str]:
    return [
        f"{name}:{node.lineno} imports relatively; say the whole name."
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ImportFrom) and node.level
    ]


def untranslated(name: str, text: str) -> list[str]:
    """Words of a template that people would read and that no translation can reach."""
    visible = TEMPLATE_CODE.sub(" ", text)
    visible = re.sub(r"{[%{].*?[%}]}", " ", visible, flags=re.DOTALL)
    words = [word for value in SHOWN_ATTRIBUTE.findall(visible) for word in WORD.findall(value)]
    words += WORD.findall(re.sub(r"&\w+;|<[^>]*>", " ", visible))
    words = [word for word in words if word != "Neuralink" and not word.isupper()]  # NDCG is NDCG everywhere
    return [f"{name} shows {' '.join(words[:8])!r} outside of translate."] if words else []


def foreign_words(name: str, words: list[str]) -> list[str]:
    """`words`: names of fields, parameters or addresses of the thing called `name`."""
    return [
        f"{name}: {word!r} says {part!r}; here that is called {OTHER_WORDS[part]}."
        for word in words
        for part in re.split(r"[_\-/<>:]", word)
        if part.removesuffix("s") in OTHER_WORDS
        for part in [part.removesuffix("s")]
    ]
