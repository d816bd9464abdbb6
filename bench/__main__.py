"""`python -m bench SUBJECT [--case CASE ...]`: measure one subject; all of them, in their quick size, without.

A subject is a module with `add_arguments(parser)`, `measure(arguments)` (a generator of `Measurement`), and `QUICK`
(the arguments of its quick size). Adding one: the module, and a line in `SUBJECTS`.
"""

import argparse
import sys
from importlib import import_module
from types import ModuleType

from bench.record import Measurement, json_line, keep, print_table

SUBJECTS: dict[str, str] = {
    "imports": "bench.imports",
    "quality": "bench.quality",
    "train": "bench.train",
    "serve": "bench.serve",
    "outcomes": "bench.outcomes",
    "pages": "bench.pages",
    "xapi": "bench.xapi",
}


def main(words: list[str]) -> None:
    if not words:
        for name, path in SUBJECTS.items():
            run(name, import_module(path), list(import_module(path).QUICK))
        return
    if words[0] not in SUBJECTS:
        sys.exit(f"There is no subject {words[0]!r}. Known: {', '.join(SUBJECTS)}.")
    run(words[0], import_module(SUBJECTS[words[0]]), words[1:])


def run(name: str, subject: ModuleType, words: list[str]) -> None:
    """Print each number as soon as it is there, then all of them as a table, and keep them."""
    parser = argparse.ArgumentParser(prog=f"bench {name}", description=subject.__doc__)
    parser.add_argument("--case", nargs="+", default=[], help="measure only these cases")
    subject.add_arguments(parser)
    measured: list[Measurement] = []
    lines: list[str] = []
    try:
        for one in subject.measure(parser.parse_args(words)):
            measured.append(one)
            lines.append(json_line(one))
            print(lines[-1], flush=True)
    finally:
        if lines:
            print_table(measured)
            print(f"Kept in {keep(name, lines)}")


if __name__ == "__main__":
    main(sys.argv[1:])
