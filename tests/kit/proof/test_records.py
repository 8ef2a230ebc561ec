"""Each part of the proof has a record of its own, which says what was measured, and by whom and when it was written."""

import pytest
from gradkit.errors import UserError
from gradkit.files import digest_contents
from gradkit.proof import specimen_records, specimens
from gradkit.proof.prove import Proof
from gradkit.proof.records import (
    Authorship,
    Figure,
    MeasuredSet,
    Record,
    check_records,
    describe_set,
    read_record,
    read_records,
    write_record,
)
from gradkit.proof.shown_programs import ShownProgram
from gradkit.proof.specimen_records import make_counterexamples_record, make_specimens_record
from gradkit.proof.specimens import SPECIMENS, read_misconceptions
from gradkit.submissions.outcome import Verdict
from gradkit.suite.evidence import Evidence
from gradkit.suite.results import Item, make_result
from msgspec import structs

MADE = MeasuredSet(5, "mutants", "operators", "2026-11-30", "0123456789abcdef")
RECORD = Record(
    "mutants",
    "Mutants",
    "Are they caught?",
    "gradkit mutants --record",
    "2026-11-30",
    MADE,
    [Figure("caught", "99.7 %", "99.9 %", "98.1 %")],
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return the folder of the records, which is empty."""
    monkeypatch.setattr("gradkit.proof.records.records_folder", lambda: tmp_path)
    return tmp_path


def test_a_figure_keeps_the_value_from_before(folder):
    write_record(RECORD)
    again = Figure("caught", "99.7 %", "100 %")
    new = Figure("survivors", "0", "0")
    write_record(Record("mutants", "Mutants", "?", "gradkit mutants", "2026-12-01", MADE, [again, new]))
    (record,) = read_records()
    assert [(figure.now, figure.before) for figure in record.figures] == [("100 %", "98.1 %"), ("0", "not measured")]


def test_a_record_is_of_a_part_that_exists():
    with pytest.raises(ValueError, match="is not a part of the proof"):
        Record("others", "Others", "?", "gradkit others", "2026-11-30", MADE, [])


def test_a_damaged_record_is_named_before_a_run_and_harms_no_other_part(folder):
    (folder / "attacks.json").write_bytes(b"{")
    write_record(RECORD)
    assert read_record("mutants") == RECORD
    check_records("mutants", "seeds")
    for read in (lambda: check_records("mutants", "attacks"), read_records):
        with pytest.raises(UserError, match=r"attacks\.json is not a record of the proof: .*delete it"):
            read()


# --- sets ------------------------------------------------------------------------------------------------------------


def test_a_set_has_the_date_of_its_writing_and_a_digest_of_names_and_contents():
    made = Authorship("two authors", "2026-01-31")
    described = describe_set(2, "things", made, [("a", b"1"), ("b", b"2")])
    assert described == MeasuredSet(2, "things", "two authors", "2026-01-31", described.digest)
    assert described.digest == digest_contents([("b", b"2"), ("a", b"1")])
    others = [[("a", b"1")], [("a", b"1"), ("b", b"3")], [("a", b"1"), ("c", b"2")], [("a", b"1b2")]]
    assert len({described.digest, *map(digest_contents, others)}) == 5


def test_the_digest_of_specimens_is_that_of_their_edits_and_not_of_the_results(monkeypatch):
    misconceptions = read_misconceptions()
    wrong = misconceptions["tanh_overwrites"]

    def digest(misconception, **results):
        chosen = {**misconceptions, "tanh_overwrites": misconception}
        for module in (specimens, specimen_records):
            monkeypatch.setattr(module, "read_misconceptions", lambda: chosen)
        proof = Proof("tanh_overwrites", wrong.title, wrong.kind, {}, **results)
        made = make_specimens_record([proof]).set
        assert (made.size, made.written) == (1, SPECIMENS.written)
        return made.digest

    before = digest(wrong, wrong_results="")
    assert digest(wrong, wrong_results="fails another item") == before
    assert digest(structs.replace(wrong, caught_by=[]), wrong_results="") == before
    assert digest(structs.replace(wrong, edits=wrong.edits[:-1]), wrong_results="") != before


# --- what students are shown -----------------------------------------------------------------------------------------


def test_a_wrong_program_counts_whatever_else_fails_and_lowers_no_other_figure():
    misconceptions = read_misconceptions()
    code = ("from engine import Value", "a = Value(0.5)", "y = a.tanh()", "y.backward()", "print(a.grad)")

    def proof(name, wrong_results, fault, is_hidden=False):
        misconception = misconceptions[name]
        (item, *_) = misconception.caught_by
        result = make_result(
            Item(item, item.partition("/")[0], "Title", 1.0, (), hidden=is_hidden),
            Verdict.FAILED,
            Evidence("it is wrong", () if is_hidden else code),
        )
        programs = () if is_hidden else (ShownProgram(item, code, "numbers", fault),)
        return Proof(name, misconception.title, misconception.kind, {item: result}, wrong_results, programs)

    proofs = [
        proof("tanh_overwrites", "also fails another item", "prints 1.0, not 0.5"),
        proof("exp_overwrites", "", "prints 2.0, not 0.5"),
        proof("log_overwrites", "", ""),
        proof("relu_overwrites", "", "", is_hidden=True),
    ]
    specimens_record, shown = make_specimens_record(proofs), make_counterexamples_record(proofs)
    figures = {figure.name: figure.now for figure in [*specimens_record.figures, *shown.figures]}
    assert figures["caught by exactly the items that must catch them"] == "3 of 4"
    assert figures["misconceptions of which every shown program prints the shown numbers when pasted"] == "1 of 3"
    assert figures["misconceptions without a program"] == "1"
    assert specimens_record.misses == ["tanh_overwrites: also fails another item"]
    assert [miss.partition(":")[0] for miss in shown.misses] == ["tanh_overwrites", "exp_overwrites"]
    tables = {table.title: table.rows for table in shown.tables}
    assert tables["Misconceptions without a program"] == [["relu_overwrites", "nothing: only hidden items catch it"]]
