"""The made-up class of 60, in the shapes of four platforms, from the download to a compared regrade.

Each test is a promise about all students of a platform. `works.WORKS` has the labels: what must come of each hand-in.
"""

import re
from itertools import chain

from people import CLASS, LATENESS
from platforms import PLATFORMS, list_uploads
from works import A1, A2, WORKS

BOTH = (A1, A2)


def hand_ins(term):
    return chain.from_iterable(term.platform.hand_ins(assignment) for assignment in BOTH)


def test_the_class_has_60_students_and_every_odd_work_is_in_it():
    assert len(CLASS) == 60
    assert [len(platform.people) for platform in PLATFORMS.values()] == [15, 15, 15, 15]
    handed_in = {hand_in.work_name for person in CLASS for hand_in in person.hand_ins.values()}
    assert handed_in == WORKS.keys()


def test_the_course_file_and_the_platforms_list_of_the_class_have_no_fault(term):
    status, shown = term.run("course", "check")
    assert status == 0
    assert "no fault found" in shown


# --- intake -----------------------------------------------------------------------------------------------------------


def test_every_hand_in_has_a_report_of_its_own(term):
    for assignment in BOTH:
        expected = {term.platform.find_id(hand_in) for hand_in in term.platform.hand_ins(assignment)}
        assert expected - term.reports(assignment).keys() == set(), "hand-ins without a report"
        assert term.reports(assignment).keys() - expected == set(), "reports of nobody"


def test_grading_ends_well_although_some_hand_ins_cannot_be_used(term):
    assert term.statuses == [0, 0]


def test_every_hand_in_earns_what_its_label_says(term):
    earned, expected = {}, {}
    for hand_in in hand_ins(term):
        key = f"{hand_in.person.full_name[:30]} {hand_in.assignment}: {hand_in.work_name}"
        expected[key] = hand_in.work.points[hand_in.assignment]
        earned[key] = term.report_of(hand_in).earned
    assert earned == expected


def test_what_was_odd_is_shown_of_every_hand_in(term):
    silent = [
        f"{hand_in.person.full_name[:30]} {hand_in.assignment}: {hand_in.work_name}: no {pattern!r}"
        for hand_in in hand_ins(term)
        for pattern in hand_in.work.shown
        if not re.search(pattern, term.shown_of(hand_in))
    ]
    assert silent == []


def test_what_cannot_be_used_is_listed_with_what_to_do(term):
    for hand_in in hand_ins(term):
        listed = term.report_of(hand_in).not_taken_in
        if not hand_in.work.is_taken_in:
            assert listed, f"nothing is listed of {hand_in.person.full_name}, {hand_in.work_name}"
        for each in listed:
            assert each.reason
            assert each.advice
            assert each.file in term.screens[hand_in.assignment]
            assert each.file in term.shown_of(hand_in)


def test_no_upload_disappears_without_a_line(term):
    for assignment in BOTH:
        reports = term.reports(assignment).values()
        known = [name for report in reports for name in (report.student, *report.ids.values()) if len(name) > 3]
        for upload in list_uploads(term.downloads[assignment]):
            assert upload in term.screens[assignment] or any(name in upload for name in known), upload


def test_the_line_that_stops_an_import_is_named(term):
    for hand_in in hand_ins(term):
        stopped = term.report_of(hand_in).stopped
        assert bool(stopped) == bool(hand_in.work.stopped_at), hand_in.work_name
        for each in stopped:
            line = hand_in.work.files["engine.py"].decode().splitlines()[each.line - 1]
            assert line.startswith(hand_in.work.stopped_at)


def test_resubmissions_count_once_and_the_last_counts(term):
    for hand_in in hand_ins(term):
        if hand_in.n_earlier:
            assert term.report_of(hand_in).earned == hand_in.work.points[hand_in.assignment]


# --- names, ids and times ---------------------------------------------------------------------------------------------


def namesakes(term):
    names = [person.full_name for person in term.platform.people]
    return [person for person in term.platform.people if names.count(person.full_name) > 1]


def test_everyone_on_the_roster_has_a_row_with_number_and_section(term):
    # Moodle's list of participants has no number that its downloads have, so two of one name cannot be told apart.
    ambiguous = namesakes(term) if term.platform.name == "moodle" else []
    for assignment in BOTH:
        for person in term.platform.people:
            if person not in ambiguous:
                (row,) = term.rows_of(person, assignment)
                shown = row["section"] or row["group"]  # Moodle has groups, and GitHub neither
                assert shown == ("" if term.platform.name == "github" else person.section)


def test_two_of_one_name_that_cannot_be_told_apart_are_named_and_not_guessed(term):
    for person in namesakes(term) if term.platform.name == "moodle" else []:
        for assignment in BOTH:
            reports = [term.report_of(hand_in) for hand_in in [person.hand_ins[assignment]]]
            assert [report.ids.get("id", "") for report in reports] == [""]
            assert re.search(rf"{person.id}\b", term.screens[assignment])


def test_absent_students_are_listed_and_have_no_points_rather_than_0(term):
    for assignment in BOTH:
        for person in term.platform.people:
            if assignment not in person.hand_ins:
                (row,) = term.rows_of(person, assignment)
                assert row["points"] == ""
                assert "absent" in row.values()
                assert person.last in term.screens[assignment]


def test_the_test_student_of_the_platform_is_nobody(term):
    for assignment in BOTH:
        assert not [row for row in term.rows(assignment) if "12999" in row.values()]


def test_ids_of_the_download_are_in_every_output(term):
    for hand_in in hand_ins(term):
        platform_id = term.platform.find_id(hand_in)
        assert [row for row in term.rows(hand_in.assignment) if platform_id in row.values()]


def test_time_and_late_mark_of_the_download_are_kept(term):
    for hand_in in hand_ins(term):
        report = term.report_of(hand_in)
        if term.platform.has_times:
            leader = hand_in.group[0].hand_ins[hand_in.assignment] if hand_in.group else hand_in
            assert report.submitted.startswith(leader.submitted.strftime("%Y-%m-%dT%H:%M"))
        if term.platform.marks_late:
            assert report.is_marked_late == hand_in.is_late


def test_late_days_are_counted_and_cost_what_the_course_says(term):
    seen = set()
    for hand_in in hand_ins(term):
        key = (hand_in.person.full_name, hand_in.assignment)
        rows = term.rows_of(hand_in.person, hand_in.assignment)
        if term.platform.marks_late or not rows or not rows[0]["final_points"]:
            continue
        (row,) = rows
        found = (int(row["late_days"]), int(row["free_days"]), float(row["final_points"]))
        assert found == LATENESS.get(key, (0, 0, float(row["points"]))), key
        seen.add(key)
    expected = {key for key in LATENESS if key[0] in {person.full_name for person in term.platform.people}}
    assert expected <= seen


def test_late_by_an_unknown_time_costs_nothing_and_is_listed(term):
    for hand_in in hand_ins(term):
        if term.platform.marks_late and hand_in.is_late:
            (row,) = term.rows_of(hand_in.person, hand_in.assignment)
            assert row["final_points"] == row["points"]
            lines = [line for line in term.screens[hand_in.assignment].splitlines() if "unknown time" in line]
            assert any(row["student"] in line for line in lines)
