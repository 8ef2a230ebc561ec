"""The report: it matches docs/report.schema.json, and no cell of the grades is a formula."""

import csv
import json
import re
import unicodedata

import jsonschema
import msgspec
import pytest
from gradkit.authoring.check.report_schema import DEFINITIONS, find_schema_faults
from gradkit.grader import report
from gradkit.grader.report import Conditions, UnreadableError, make_report, read
from gradkit.grades.class_grades import make_plain_grades
from gradkit.outputs.grades_csv import without_formulas, write_grades
from gradkit.submissions.intake.take_in import Intake
from gradkit.submissions.outcome import Verdict
from gradkit.suite.evidence import Evidence, make_row
from gradkit.suite.results import Item, Results, make_result
from hypothesis import given
from hypothesis import strategies as st

CONDITIONS = Conditions("0.1.0 0123456789abcdef", "3.11.7", "0123456789abcdef", "public", True, True)


@pytest.fixture(scope="module")
def schema(root):
    found = json.loads((root / "docs/report.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(found)
    return jsonschema.Draft202012Validator(found)


def item(name, *needs):
    return Item(f"a1_trial/test_{name}", "a1_trial", f"about {name}", 1.0, tuple(f"a1_trial/test_{n}" for n in needs))


def report_with(*ended, student="ada", warnings=()):
    """Return a report of items given as (item, verdict, evidence)."""
    results = Results([each for each, _, _ in ended])
    for each, verdict, evidence in ended:
        blocked_by = results.failed_prerequisites(each)
        if blocked_by and verdict is not Verdict.PASSED:
            results.add(make_result(each, Verdict.BLOCKED, blocked_by=blocked_by))
        else:
            results.add(make_result(each, verdict, evidence))
    return make_report(student, Intake("0" * 32, warnings=warnings), CONDITIONS, results)


WORDS = st.text(max_size=40)
EVIDENCE = st.builds(
    Evidence,
    WORDS,
    st.lists(WORDS, max_size=3).map(tuple),
    st.lists(st.builds(make_row, WORDS, *[st.floats() | st.booleans()] * 2), max_size=2).map(tuple),
    *[WORDS] * 5,
)


@given(EVIDENCE)
def test_every_report_fits_the_schema_and_reads_back_as_it_was(tmp_path_factory, schema, evidence):
    one, two, three = item("one"), item("two", "one"), item("three")
    whole = report_with((one, Verdict.FAILED, evidence), (two, Verdict.ERROR, evidence), (three, Verdict.PASSED, None))
    path = tmp_path_factory.mktemp("report") / "ada.json"
    report.write(whole, path)
    schema.validate(json.loads(path.read_bytes()))
    assert read(path) == whole
    assert [item.verdict for item in read(path).items] == [Verdict.FAILED, Verdict.BLOCKED, Verdict.PASSED]
    assert read(path).items[0].evidence == evidence


def test_every_real_report_can_be_read_and_fits_the_schema(school, suite, schema):
    for name in ("tanh_overwrites", "number_not_wrapped", "order_by_recursion", "sum_forgets_its_parents"):
        school.hand_in_misconception(name, name)
    school.hand_in("nan", "class Value:\n    def __init__(self, data, *_): self.data, self.grad = float('nan'), 0")
    school.hand_in("no engine", "def")
    (school.submissions / "empty").mkdir()
    reports = school.grade(suite=suite("all"))  # each is read, and so checked
    assert len(reports) == 7
    for name in reports:
        schema.validate(json.loads((school.out / f"{name}.json").read_bytes()))


def test_a_report_has_only_the_title_and_verdict_of_a_hidden_item(school, suite):
    school.hand_in_misconception("ada", "waits_for_uses_elsewhere")
    (missed,) = [item for item in school.grade(suite=suite("a2"))["ada"].items if not item.earned]
    assert missed.hidden
    assert missed.verdict is Verdict.FAILED
    assert missed.evidence.message == "What this item checks is kept for grading: its title is the hint."
    assert (missed.evidence.code, missed.evidence.rows, missed.evidence.failing_graph) == ((), (), None)
    assert missed.evidence.hint == ""


def test_a_drawing_in_a_report_is_the_failing_expression(school, suite):
    school.hand_in_misconception("ada", "subtraction_forgets_the_minus")
    wrong = [item for item in school.grade(suite=suite("a2"))["ada"].items if item.evidence]
    failing_graph = wrong[0].evidence.failing_graph
    assert [step[0] for step in failing_graph.graph.steps] == ["sub"]
    node = failing_graph.wrong[0]
    assert (failing_graph.got.grad[node], failing_graph.want.grad[node]) == (
        wrong[0].evidence.rows[0].yours,
        wrong[0].evidence.rows[0].expected,
    )


@pytest.mark.parametrize(("name", "struct"), DEFINITIONS.items(), ids=str)
def test_the_schema_has_the_fields_of_the_record_each_explained_on_a_line_of_its_own(name, struct, schema, root):
    definition = schema.schema["$defs"][name] if name else schema.schema
    assert list(find_schema_faults(definition, struct)) == []
    lines = (root / "docs/report.schema.json").read_text().splitlines()
    for field in msgspec.structs.fields(struct):
        start = f'"{field.encode_name}": {{'
        assert any(line.strip().startswith(start) and "description" in line for line in lines)


def test_the_schema_knows_every_verdict(schema):
    assert schema.schema["$defs"]["item"]["properties"]["verdict"]["enum"] == [verdict.value for verdict in Verdict]


def test_an_incomplete_report_is_refused():
    results = Results([item("one"), item("two")])
    results.add(make_result(item("one"), Verdict.PASSED))
    with pytest.raises(ValueError, match="not every item"):
        make_report("ada", Intake("0" * 32), CONDITIONS, results)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"\xff\xfe", b'{"format": 4}', b"[" * 100_000, b'{"format": 4, "student": 5}']
)
def test_a_file_that_is_not_a_report_is_refused_with_a_reason(content, tmp_path):
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(UnreadableError, match=r"x\.json is not a report"):
        read(tmp_path / "x.json")
    with pytest.raises(UnreadableError, match="cannot be read"):
        read(tmp_path / "y.json")


def test_a_report_of_an_earlier_format_says_so(tmp_path):
    (tmp_path / "x.json").write_bytes(b'{"format": 3, "student": "ada"}')
    with pytest.raises(UnreadableError, match=r"x\.json was made by an older gradkit \(format 3\)\. Grade again\."):
        read(tmp_path / "x.json")


# --- grades.csv ------------------------------------------------------------------------------------------------------


def rows_of(path):
    with path.open(newline="", encoding="utf-8-sig") as opened:
        return list(csv.reader(opened))


def test_the_grades_hold_points_by_assignment_and_the_counts_of_verdicts(tmp_path):
    evidence = Evidence("m")
    whole = report_with((item("one"), Verdict.FAILED, evidence), (item("two", "one"), Verdict.FAILED, evidence))
    write_grades(
        make_plain_grades([whole, report_with((item("one"), Verdict.PASSED, None), student="Zoë")]),
        tmp_path / "grades.csv",
    )
    header, ada, zoe = rows_of(tmp_path / "grades.csv")
    assert header[:4] == ["student", "a1_trial", "points", "out_of"]
    assert dict(zip(header, ada))["failed"] == "1"
    assert dict(zip(header, ada))["blocked"] == "1"
    assert (dict(zip(header, zoe))["student"], dict(zip(header, zoe))["points"]) == ("Zoë", "1")


def starts_like_a_formula(cell):
    """Return whether a spreadsheet that ignores quotes, spaces, invisible letters and widths sees a formula."""
    text = "".join(letter for letter in cell if letter != '"' and unicodedata.category(letter)[0] not in "CZ")
    return unicodedata.normalize("NFKC", text[:1])[:1] in ("=", "+", "-", "@")


def formula_cells(path):
    """Return every cell that is a formula, with any separator and any rule for quotes."""
    lines = re.split(r"[\r\n]", path.read_text(encoding="utf-8-sig"))
    ways = [(sign, quoting) for sign in ",;\t|" for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE)]
    rows = [row for sign, quoting in ways for row in csv.reader(lines, delimiter=sign, quoting=quoting)]
    return [cell for row in rows for cell in row if starts_like_a_formula(cell)]


FORMULAS = [
    *(
        "=HYPERLINK(1)",
        "+1",
        "-1",
        "@x",
        " =1+1",
        "\xa0=1",
        "\u200b=1",
        "\ufeff=1",
        "\u3000=1",
        "\x00=1",
        "\u202e=1",
        "\U00011462=1",
    ),
    *("\uff1d1", "\uff0b1", "\uff0d1", "\uff20x", "\ufe66" + "1", "=cmd|' /C calc'!A0"),
]


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_cell_is_a_formula_in_any_country_s_spreadsheet(formula, tmp_path):
    assert without_formulas(formula).startswith(f"'{formula[:2]}")
    path = tmp_path / "grades.csv"
    for before in ("", "a;", "a; ", "a,", "a\t", "a\n", "a\r\n", "a|", 'a"', 'a";"'):
        name = before + formula
        write_grades(
            make_plain_grades(
                [report_with((item("one"), Verdict.PASSED, None), student=name, warnings=[name, "b", name])]
            ),
            path,
        )
        assert formula_cells(path) == []


@given(st.text(st.sampled_from("a=+-@;,|\t\r\n\" '\uff1d\u200b\xa0")), st.text())
def test_no_name_of_a_student_and_no_warning_becomes_a_formula(tmp_path_factory, name, warning):
    path = tmp_path_factory.mktemp("grades") / "grades.csv"
    for texts in ((name, warning), (warning, name)):
        write_grades(
            make_plain_grades([report_with((item("one"), Verdict.PASSED, None), student=texts[0], warnings=texts)]),
            path,
        )
        assert formula_cells(path) == []


@given(st.text())
def test_an_ordinary_cell_stays_as_it_is(text):
    assert without_formulas(text).replace("'", "") == text.replace("'", "")
    if not any(map(starts_like_a_formula, re.split('[,;|"\t\r\n]', text))):
        assert without_formulas(text) == text


def test_excel_reads_letters_outside_ascii_correctly(tmp_path):
    write_grades(
        make_plain_grades([report_with((item("one"), Verdict.PASSED, None), student="M\xfcller")]),
        tmp_path / "grades.csv",
    )
    assert (tmp_path / "grades.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert rows_of(tmp_path / "grades.csv")[1][0] == "M\xfcller"
