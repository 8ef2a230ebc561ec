"""After the first grades: an appeal, a changed item, a second hand-in, and what became of whose points."""

import re

import msgspec
import pytest
from works import A1, SOLUTION

CHANGED = """\
points = { number_minus_value = 3 }
off = ["seven_to_the_twelfth"]
"""
"""One item counts more, and another is switched off."""


@pytest.fixture(scope="module")
def regraded(make_term):
    """Canvas' course with a1 graded, and graded again with changed items: the reports before, and what was printed."""
    term = make_term("canvas")
    assert term.grade(A1) == 0
    term.before = term.reports(A1)
    term.write_course(CHANGED)
    assert term.grade(A1) == 0
    return term


@pytest.fixture
def wrong_minus(regraded):
    """The hand-in whose minus is wrong."""
    (found,) = [each for each in regraded.platform.hand_ins(A1) if each.work_name == "wrong_minus"]
    return found


def test_an_appeal_is_answered_with_the_smallest_expression_that_shows_the_mistake(regraded, wrong_minus):
    student = regraded.report_of(wrong_minus).student
    path = regraded.reports_folder(A1) / f"{student}.json"
    status, shown = regraded.run("explain", path, "number_minus_value")
    assert status == 0
    assert re.search(r"\d+(\.\d+)? - x", shown)
    assert "yours" in shown


def test_changed_points_and_items_that_are_off_change_every_total_by_the_same_rule(regraded):
    after = regraded.reports(A1)
    assert after.keys() == regraded.before.keys()
    for key, report in after.items():
        old = regraded.before[key].by_id()
        assert set(old) - set(report.by_id()) == {f"{A1}/test_seven_to_the_twelfth"}
        for item in report.items:
            points = 3 if item.id.endswith("/test_number_minus_value") else old[item.id].points
            assert (item.verdict, item.points) == (old[item.id].verdict, points)
        assert report.points == sum(item.points for item in report.items)


def test_the_old_reports_are_kept_as_they_were(regraded):
    kept = sorted((regraded.reports_folder(A1) / "earlier" / "1").glob("*.json"))
    names = {path.name for path in kept}
    assert {f"{report.student}.json" for report in regraded.before.values()} <= names
    for report in regraded.before.values():
        path = regraded.reports_folder(A1) / "earlier" / "1" / f"{report.student}.json"
        assert msgspec.json.decode(path.read_bytes(), type=type(report)) == report


def test_comparing_says_who_gains_who_loses_and_by_which_item(regraded):
    status, shown = regraded.run("compare", regraded.reports_folder(A1))
    assert status == 0
    assert "number_minus_value" in shown or "2 - x" in shown
    assert "seven_to_the_twelfth" in shown or "7" in shown
    after = regraded.reports(A1)
    for key, report in after.items():
        difference = report.earned - regraded.before[key].earned
        if difference:
            lines = [line for line in shown.splitlines() if report.student in line]
            assert lines, f"{report.student} is not in the comparison"
            assert any(f"{abs(difference):g}" in line for line in lines), lines


def test_the_comparison_is_a_file_for_a_spreadsheet_too(regraded):
    status, _ = regraded.run("compare", regraded.reports_folder(A1), "--csv", "changes.csv")
    assert status == 0
    text = (regraded.folder / "changes.csv").read_text(encoding="utf-8-sig")
    for report in regraded.reports(A1).values():
        if report.earned:
            assert report.student in text


def test_one_student_alone_is_graded_again_and_the_others_stay_in_the_list(make_term):
    term = make_term("github")
    assert term.grade(A1) == 0
    before, rows = term.reports(A1), term.rows(A1)
    (late,) = [each for each in term.platform.hand_ins(A1) if each.work_name == "syntax_error"]
    clone = next(term.downloads[A1].glob(f"*-{late.person.login}"))
    (clone / "engine.py").write_text(SOLUTION, encoding="utf-8")
    name = before[late.person.login].student
    status, _ = term.run("grade", A1, term.downloads[A1], "--out", "reports", "--only", name)
    assert status == 0
    after = term.reports(A1)
    assert after.pop(late.person.login).earned == 19.5
    assert before.pop(late.person.login).earned == 0
    assert after == before
    assert len(term.rows(A1)) == len(rows)
    status, shown = term.run("compare", term.reports_folder(A1))
    assert status == 0
    assert re.search(rf"{re.escape(name)}.*19\.5", shown)


@pytest.mark.parametrize(
    "command", ["gradkit grade ", "gradkit explain ", "gradkit compare ", "--only ", "--out reports"]
)
def test_the_page_about_a_term_has_the_commands_that_these_tests_run(command, root):
    assert command in (root / "docs/course.md").read_text(encoding="utf-8")
