"""A file whose import ends with an exception: what it had defined is graded, and the report names the line."""

from gradkit.grades.class_grades import make_plain_grades
from gradkit.outputs.grades_csv import grades_csv

STOP = "engine.py stopped at line 185: AttributeError: 'Value' object has no attribute 'gelu'."


def test_a_try_out_at_the_end_costs_no_points_and_report_and_table_name_its_line(school, solution):
    school.hand_in("ada", solution() + "\n\nprint(Value(2.0).gelu())\n")
    school.hand_in("bob", "raise SystemExit\n" + solution())
    reports = school.grade()
    assert reports["ada"].earned == reports["ada"].points
    assert [(stop.file, stop.line) for stop in reports["ada"].stopped] == [("engine.py", 185)]
    assert any(note.startswith(STOP) for note in reports["ada"].notes())
    assert reports["bob"].earned == 0
    assert reports["bob"].stopped == ()

    assert STOP in grades_csv(make_plain_grades(list(reports.values()))).decode("utf-8-sig")
