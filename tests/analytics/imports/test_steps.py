"""Every step of cleaning: what it does, what it counts, and what becomes of the rows without it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from analytics.errors import InvalidInput
from analytics.imports.formats import FORMATS, format_named
from analytics.imports.steps import STEPS
from analytics.models import Event, Import, JobState, Learner, LearnerIdentity, RowVerdict

ImportCsv = Callable[..., Import]
DAY = "2024-03-01T10:00Z"


def events() -> list[tuple[Any, ...]]:
    names = ("learner__external_id", "activity__external_id", "verb", "value", "unit")
    return list(Event.objects.order_by("id").values_list(*names))


@pytest.mark.parametrize(
    ("step", "row", "touched", "on", "off"),
    [
        ("trim", f" l1 ,a1,viewed,{DAY},,", 1, ("l1", "a1", "viewed", None, ""), (" l1 ", "a1", "viewed", None, "")),
        ("trim", f"l1,U\u0308,viewed,{DAY},,", 1, ("l1", "Ü", "viewed", None, ""),
         ("l1", "U\u0308", "viewed", None, "")),
        ("encodings", f"MÃ¼ller,a1,viewed,{DAY},,", 1, ("Müller", "a1", "viewed", None, ""),
         ("MÃ¼ller", "a1", "viewed", None, "")),
        ("encodings", f"å\xad¦ä¹\xa0,a1,viewed,{DAY},,", 1, ("学习", "a1", "viewed", None, ""),
         ("å\xad¦ä¹", "a1", "viewed", None, "")),
        ("synonyms", f"l1,a1,watched,{DAY},,", 1, ("l1", "a1", "progressed", None, ""),
         ("l1", "a1", "other", None, "")),
        ("times", "l1,a1,viewed,25/03/2024 10:00,,", 0, ("l1", "a1", "viewed", None, ""), "at_unreadable"),
        ("times", "l1,a1,viewed,2024-03-01 10:00,,", 0, ("l1", "a1", "viewed", None, ""), "at_unreadable"),
        ("numbers", f'l1,a1,viewed,{DAY},"1,5",points', 1, ("l1", "a1", "viewed", 1.5, "points"),
         "value_not_a_number"),
        ("numbers", f'l1,a1,viewed,{DAY},"12,5 %",', 1, ("l1", "a1", "viewed", 0.125, "share"), "value_not_a_number"),
        ("standardise", f"l1,a1,viewed,{DAY},2,min", 1, ("l1", "a1", "viewed", 120.0, "seconds"), "unit_unknown"),
        ("bounds", f"l1,a1,viewed,{DAY},-5,seconds", 1, "value_impossible", ("l1", "a1", "viewed", -5.0, "seconds")),
        ("bounds", f"l1,a1,viewed,{DAY},1.5,share", 1, "value_impossible", ("l1", "a1", "viewed", 1.5, "share")),
    ],
)  # fmt: skip
def test_on_and_off(import_csv: ImportCsv, step: str, row: str, touched: int, on: Any, off: Any) -> None:
    """A row is what it became, or the code with which it was rejected."""
    for expected, steps_off in ((on, []), (off, [step])):
        done = import_csv(row + "\n", steps_off=steps_off)
        assert (done.error, done.adds_up) == ("", True)
        if isinstance(expected, str):
            assert done.counts_by_code == {expected: 1}
        else:
            assert events() == [pytest.approx(expected)]
        label = f"{step}@{STEPS[step].version}"
        assert done.counts_by_step.get(label, 0) == (
            touched if not steps_off else done.n_rejected or bool("other" in off)
        )
        Event.objects.all().delete()
        Import.objects.all().delete()


def test_the_ledger_counts_what_each_step_touched(import_csv: ImportCsv) -> None:
    done = import_csv(
        f" l1,a1,watched,{DAY},2,min\n"
        f"l1,a1 ,viewed,{DAY},\"1,5\",\n"
        f",a1,viewed,{DAY},,\n"
        f"l1,a1,viewed,{DAY},-1,clicks\n"
    )  # fmt: skip
    assert done.adds_up
    assert done.counts_by_step == {
        "trim@1": 2, "incomplete@1": 1, "synonyms@1": 1, "numbers@2": 1, "standardise@2": 1, "bounds@1": 1,
    }  # fmt: skip
    assert (done.n_accepted, done.n_repaired, done.n_rejected) == (2, 1, 2)


def test_a_clean_file_is_not_touched(import_csv: ImportCsv) -> None:
    assert import_csv(f"l1,a1,viewed,{DAY},5,seconds\n").counts_by_step == {}


def test_filling_as_the_import_says(import_csv: ImportCsv) -> None:
    content = (
        f"learner,activity,verb,at,value,unit\nl1,a1,,{DAY},5,\nl1,a2,viewed,{DAY},7,clicks\nl1,a2,viewed,{DAY},,\n"
    )
    options = {"default_verb": "progressed", "default_unit": "minutes", "default_kind": "video"}
    done = import_csv(content.encode(), **options)
    assert events() == [
        ("l1", "a1", "progressed", 300.0, "seconds"), ("l1", "a2", "viewed", 7.0, "clicks"),
        ("l1", "a2", "viewed", None, ""),
    ]  # fmt: skip
    assert done.counts_by_code == {"verb_filled": 1, "unit_filled": 1}
    assert done.counts_by_step == {"fill@2": 3, "standardise@2": 1}
    assert RowVerdict.objects.get(code="verb_filled").sentence.startswith("The row has no verb; “progressed” was taken")
    assert import_csv(content.encode(), **options, steps_off=["fill"]).counts_by_code == {"verb_missing": 1}


def test_every_rule_of_filling_is_told_of_its_rows(import_csv: ImportCsv) -> None:
    content = f"learner,activity,at,value,course\nl1,a1,{DAY},,\nl1,a2,,3,c2\n"
    options = {
        "default_verb": "viewed", "default_at": "2024-03-05T12:00Z", "default_course": "c1", "default_value": "1",
        "default_unit": "clicks",
    }  # fmt: skip
    done = import_csv(content.encode(), **options)
    assert (done.error, done.adds_up, done.n_accepted, done.n_repaired) == ("", True, 2, 2)
    assert events() == [("l1", "a1", "viewed", 1.0, "clicks"), ("l1", "a2", "viewed", 3.0, "clicks")]
    courses = Event.objects.order_by("id").values_list("activity__course__external_id", "occurred_at__day")
    assert list(courses) == [("c1", 1), ("c2", 5)]
    assert done.counts_by_code == {
        "verb_filled": 2, "at_filled": 1, "course_filled": 1, "value_filled": 1, "unit_filled": 2,
    }  # fmt: skip
    assert done.counts_by_step == {"fill@2": 2}
    sentence = RowVerdict.objects.get(code="course_filled").sentence
    assert sentence == "The row names no course; “c1” was taken, as this import says."
    off = import_csv(content.encode(), **options, steps_off=["fill"])
    assert (off.n_accepted, off.counts_by_code) == (0, {"verb_missing": 2})


def test_a_column_that_nothing_states_is_asked_for(import_csv: ImportCsv) -> None:
    with pytest.raises(InvalidInput, match="has no column 'verb'"):
        import_csv(f"learner,activity,at\nl1,a1,{DAY}\n".encode())


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("default_value", "many", "must be a number, but it is 'many'"),
        ("full_mark", "1e999", "must be a number"),
        ("default_at", "soon", "must be a time such as 2024-03-01T09:30, but it is 'soon'"),
    ],
)
def test_rules_that_cannot_be_followed_are_refused(option: str, value: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as caught:
        format_named("csv").check_options({option: value})
    assert caught.value.pointer == option


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("1:30:00", "", (5400.0, "seconds")),
        ("0:00:01.5", "min", (1.5, "seconds")),
        ("PT1H30M", "", (5400.0, "seconds")),
        ("P1DT0.5S", "seconds", (86_400.5, "seconds")),
        ("17/20", "", (0.85, "share")),
        ('"4,5 out of 9"', "points", (0.5, "share")),
        ("1:30", "", "value_not_a_number"),
        ("PT", "", "value_not_a_number"),
        ("PT1..5S", "", "value_not_a_number"),
        ("3/0", "", "value_not_a_number"),
        ("17/20", "clicks", "value_not_a_number"),
        ("1:30:00", "points", "value_not_a_number"),
        ("25/20", "", "value_impossible"),
    ],
)
def test_lengths_of_time_and_marks(import_csv: ImportCsv, text: str, unit: str, expected: Any) -> None:
    row = f"l1,a1,viewed,{DAY},{text},{unit}\n"
    done = import_csv(row)
    if isinstance(expected, str):
        assert expected in done.counts_by_code
        assert not done.n_accepted
    else:
        assert [event[3:] for event in events()] == [expected]
        assert done.counts_by_step["numbers@2"] == 1
    assert import_csv(row, steps_off=["numbers"]).counts_by_code == {"value_not_a_number": 1}


def test_points_are_shares_of_the_full_mark_that_is_stated(import_csv: ImportCsv) -> None:
    content = f"learner,activity,verb,at,value,unit,full_mark\nl1,a,submitted,{DAY},15,points,\n"
    content += f"l1,b,submitted,{DAY},15,points,20\nl1,c,submitted,{DAY},15,clicks,\n"
    done = import_csv(content.encode(), full_mark="30")
    assert [event[3:] for event in events()] == [(0.5, "share"), (0.75, "share"), (15.0, "clicks")]
    assert done.counts_by_step == {"standardise@2": 2}
    off = import_csv(content.encode(), full_mark="30", steps_off=["standardise"])
    assert (off.n_accepted, [event[3:] for event in events()][3:]) == (
        3,
        [(0.5, "share"), (0.75, "share"), (15.0, "clicks")],
    )


@pytest.mark.parametrize("row", [f"{'l' * 501},a1,viewed,{DAY},,", f"l1,a\0,viewed,{DAY},,"])
def test_what_cannot_be_kept_stops_an_import_that_may_reject_nothing(import_csv: ImportCsv, row: str) -> None:
    assert import_csv(f"l1,a1,viewed,{DAY},,\n{row}\n").n_rejected == 1
    done = import_csv(f"l2,a1,viewed,{DAY},,\n{row}\n", steps_off=["storable"])
    assert done.state == JobState.FAILED
    assert "neither rejects nor cuts such rows" in done.error
    assert not Learner.objects.filter(external_id="l2").exists()


def test_learners_are_found_by_any_address_that_is_known_of_them(import_csv: ImportCsv) -> None:
    import_csv(f"17,a1,viewed,{DAY},,\n18,a1,viewed,{DAY},,\n19,a1,viewed,{DAY},,\n")
    Learner.objects.filter(external_id="17").update(attributes={"E-mail": "Ana@x.org", "tutor": "tom@x.org"})
    Learner.objects.filter(external_id="18").update(attributes={"tutor": "tom@x.org"})
    bea = Learner.objects.get(external_id="18")
    LearnerIdentity.objects.create(
        organisation=bea.organisation, learner=bea, key="mbox:mailto:bea@x.org", agent={"mbox": "mailto:bea@x.org"}
    )
    rows = "".join(f"{each},a1,viewed,{DAY},,\n" for each in ("ana@X.org", "BEA@x.org", "tom@x.org", "19.0", "20.0"))
    done = import_csv(rows, name="b.csv")
    assert done.counts_by_code == {"learner_matched": 3}
    assert done.counts_by_step == {"match_learners@2": 3}
    assert {row[0] for row in events()} == {"17", "18", "19", "tom@x.org", "20.0"}
    off = import_csv(rows, name="c.csv", steps_off=["match_learners"])
    assert off.counts_by_step == {}
    assert Learner.objects.filter(external_id="19.0").exists()


def test_a_row_without_learner_stops_an_import_that_may_leave_nothing_out(import_csv: ImportCsv) -> None:
    done = import_csv(f"l1,a1,viewed,{DAY},,\n,a1,viewed,{DAY},,\n", steps_off=["incomplete"])
    assert done.state == JobState.FAILED
    assert done.error.startswith("A row names no learner, and this import does not leave out such rows")
    assert not Event.objects.exists()


def test_marks_of_a_full_mark(import_csv: ImportCsv) -> None:
    content = f"learner,activity,verb,at,value,full_mark\nl1,a1,submitted,{DAY},15,20\nl1,a2,submitted,{DAY},15,0\n"
    import_csv(content.encode())
    assert [event[3:] for event in events()] == [(0.75, "share"), (15.0, "")]


def test_learners_of_one_address(import_csv: ImportCsv) -> None:
    import_csv(f"Ana@X.org,a1,viewed,{DAY},,\n")
    done = import_csv(f"ana@x.ORG,a1,viewed,{DAY},,\nid7,a1,viewed,{DAY},,\nID7,a1,viewed,{DAY},,\n", name="b.csv")
    assert done.counts_by_code == {"learner_matched": 1}
    assert done.counts_by_step == {"match_learners@2": 1}
    assert set(Learner.objects.values_list("external_id", flat=True)) == {"Ana@X.org", "id7", "ID7"}
    import_csv(f"ANA@x.org,a1,viewed,{DAY},,\n", name="c.csv", steps_off=["match_learners"])
    assert Learner.objects.filter(external_id="ANA@x.org").exists()


def test_duplicates_are_merged_by_the_key_of_the_source(import_csv: ImportCsv) -> None:
    header = "learner,activity,verb,at,id\n"
    import_csv((header + f"l1,a1,viewed,{DAY},k1\n").encode())
    again = (header + f"l1,a1,viewed,{DAY},k1\nl1,a1,viewed,{DAY},k2\nl1,a1,viewed,{DAY},k2\n").encode()
    done = import_csv(again, name="b.csv")
    assert (done.n_accepted, done.counts_by_step) == (1, {"merge_duplicates@1": 2})
    done = import_csv(again, name="c.csv", steps_off=["merge_duplicates"])
    assert (done.n_accepted, done.counts_by_step) == (3, {})


@pytest.mark.parametrize(
    "text", ["Ã", "naïve Ümläut", "Â£ and €", "1Â½", "Ã©tude Ã la carte", "学习", "A\u0308Ã¼", "â€œhiâ€\u009d"]
)
def test_only_what_is_garbled_is_put_right(import_csv: ImportCsv, text: str) -> None:
    import_csv(f"{text},a1,viewed,{DAY},,\n", steps_off=["trim"])
    try:
        expected = text.encode("cp1252").decode()
    except (UnicodeEncodeError, UnicodeDecodeError):
        expected = "“hi”" if text.startswith("â€œ") else text
    assert Learner.objects.get().external_id == expected


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_takes_steps_off(name: str) -> None:
    format_named(name).check_options({"steps_off": list(STEPS)})
    with pytest.raises(InvalidInput, match="must be one of"):
        format_named(name).check_options({"steps_off": ["cleaning"]})
    with pytest.raises(InvalidInput, match="must be one of"):
        format_named(name).check_options({"steps_off": {"a": 1}})
