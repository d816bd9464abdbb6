"""An organisation to import into, and an import in one call."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analytics.imports.run import run_import
from analytics.imports.start import create_import
from analytics.jobs import working_on
from analytics.models import Import, Organisation

HEADER = "learner,activity,verb,at,value,unit\n"


@pytest.fixture
def organisation(db: None) -> Organisation:
    return Organisation.objects.create(slug="importing", name="Importing", time_zone="Europe/Madrid")


def worked_on(import_: Import) -> Import:
    """The import after a worker was at it."""
    with working_on(Import, import_.pk) as lease:
        if lease is not None:
            run_import(lease)
    import_.refresh_from_db()
    return import_


@pytest.fixture
def import_csv(organisation: Organisation, tmp_path: Path) -> Callable[..., Import]:
    """`import_csv("l1,a1,viewed,2024-03-01,,")`: those rows under HEADER; bytes are a whole file."""

    def take(content: str | bytes, name: str = "events.csv", dry: bool = False, **options: Any) -> Import:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else (HEADER + content).encode())
        return worked_on(create_import(organisation, "csv", path, options=options, is_dry_run=dry))

    return take
