"""The back ends by name. A new one: a file beside `local.py`, a line here, the contract tests, a line in the docs."""

from importlib import import_module

from recommender.backends.base import Backend
from recommender.errors import UnknownName

BACKENDS: dict[str, str] = {
    "local": "recommender.backends.local.LocalBackend",
}


def backend(name: str) -> Backend:
    """Load on first use: a back end may need packages that are not installed.

    Raises:
        UnknownName: not in the table.
    """
    if name not in BACKENDS:
        raise UnknownName("back end", name, BACKENDS)
    module, _, attribute = BACKENDS[name].rpartition(".")
    made: Backend = getattr(import_module(module), attribute)()
    return made
