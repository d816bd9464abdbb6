"""What every import format keeps to; inherit `FormatContract` and write a source (docs/adding_an_import_format.md)."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

from analytics.errors import InvalidInput
from analytics.imports.formats import FORMATS, format_named
from analytics.imports.formats.base import Batch, Format
from analytics.imports.start import create_import
from analytics.imports.targets import WAYS
from analytics.models import Event, JobState, Organisation
from tests.analytics.imports.conftest import worked_on


class FormatContract:
    name: ClassVar[str]
    """Its name in the table of formats."""
    n_rows: ClassVar[int]
    """Rows of the source, those that will be rejected included."""

    def write(self, folder: Path) -> Path:
        """Write a small source with at least 20 rows into an empty folder; what an import is given as its path."""
        raise NotImplementedError

    @pytest.fixture
    def source(self, tmp_path: Path) -> Path:
        folder = tmp_path / "source"
        folder.mkdir()
        return self.write(folder)

    def batches(self, source: Path, batch_rows: int = 3, position: dict[str, object] | None = None) -> list[Batch]:
        return list(format_named(self.name)(source, {}, batch_rows=batch_rows).batches(position or {}))

    def test_it_is_in_the_table_and_says_what_it_is(self) -> None:
        assert self.name in FORMATS
        kind = format_named(self.name)
        assert issubclass(kind, Format)
        assert kind.label
        assert all(option.help for option in kind.options)

    def test_every_row_is_read_once_and_numbered(self, source: Path) -> None:
        numbers: dict[str, list[int]] = {}
        for batch in self.batches(source):
            found = [*batch.row_numbers.tolist(), *(row.row_number for row in batch.broken)]
            numbers.setdefault(batch.file_name, []).extend(sorted(found))
            assert batch.rows.num_rows == batch.raw.num_rows == len(batch.row_numbers)
            assert batch.target in WAYS
        assert sum(map(len, numbers.values())) == self.n_rows
        assert all(each == list(range(1, len(each) + 1)) for each in numbers.values())

    def test_it_goes_on_from_every_position(self, source: Path) -> None:
        whole = self.batches(source)
        assert len(whole) > 3
        for place, batch in enumerate(whole):
            later = self.batches(source, position=batch.position)
            assert [(each.rows, each.raw) for each in later] == [(each.rows, each.raw) for each in whole[place + 1 :]]
            assert [each.row_numbers.tolist() for each in later] == [
                each.row_numbers.tolist() for each in whole[place + 1 :]
            ]

    def test_the_size_of_batches_does_not_matter(self, source: Path) -> None:
        assert [row for batch in self.batches(source, 1) for row in batch.raw.to_pylist()] == [
            row for batch in self.batches(source, 1000) for row in batch.raw.to_pylist()
        ]

    def test_progress_grows_to_one(self, source: Path) -> None:
        shares = [batch.share for batch in self.batches(source)]
        assert shares == sorted(shares)
        assert shares[0] > 0
        assert shares[-1] == 1.0

    def test_what_is_not_there_is_refused(self, source: Path) -> None:
        with pytest.raises(InvalidInput):
            format_named(self.name)(source.parent / "nowhere", {}).check()

    def test_unknown_options_are_refused(self) -> None:
        with pytest.raises(InvalidInput, match="no option 'colour'"):
            format_named(self.name).check_options({"colour": "red"})

    def test_its_ledger_adds_up_and_it_is_taken_once(self, source: Path, organisation: Organisation) -> None:
        done, again = (worked_on(create_import(organisation, self.name, source)) for _ in range(2))
        assert (done.state, done.error) == (JobState.SUCCEEDED, "")
        assert done.adds_up
        assert again.adds_up
        assert done.n_read == again.n_read == self.n_rows
        assert (again.n_accepted, again.n_rejected) == (0, done.n_rejected)
        assert Event.objects.filter(from_import=again).count() == 0
