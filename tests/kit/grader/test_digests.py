"""Digests: a class is graded again if something changes on which a verdict or report depends, and only then."""

import dataclasses
import importlib.metadata
import shutil

import grimp
import msgspec
import pytest
from gradkit.catalogue.assignments import Assignment, choose_assignments, corpora_folder
from gradkit.corpora.library import Library
from gradkit.grader import digests
from gradkit.grader.conditions import make_conditions
from gradkit.grader.suite import load_suite

ROOTS = ("gradkit.grader.whole_class.classroom", "gradkit.suite")
"""The module that grades a class, and the package that test files import."""

TEXTS_FOR_STUDENTS = ("title", "story", "tasks")

OTHER_VALUES = {
    "name": "a1_other",
    "modules": ("engine", "nn"),
    "names": ("Value.__add__",),
    "item_seconds": 7.0,
    "submission_seconds": 70.0,
    "builds_on": ("nn",),
    "packages": ("numpy",),
    "retry_with": ("engine",),
    "title": "Another title",
    "story": "another story.",
    "tasks": (),
}
"""For each field of an assignment a value that no assignment has."""


# --- the kit ---------------------------------------------------------------------------------------------------------


def imported_when_grading():
    """Return the modules of gradkit that grading a class imports, at any time. A package is its `__init__`."""
    graph = grimp.build_graph("gradkit", exclude_type_checking_imports=True, cache_dir=None)
    packages = {module.rpartition(".")[0] for module in graph.modules}
    imported, waiting = set(), [*ROOTS]
    while waiting:
        module = waiting.pop()
        if module not in imported:
            imported.add(module)
            waiting += graph.find_modules_directly_imported_by(module)
            waiting += [module.rpartition(".")[0]] if "." in module else []
    return {f"{module}.__init__" if module in packages else module for module in imported}


def test_the_kit_s_digest_covers_what_grading_imports_and_nothing_else():
    files = [path for path in digests.KIT.rglob("*.py") if digests.is_digested(path)]
    digested = {".".join(("gradkit", *path.relative_to(digests.KIT).with_suffix("").parts)) for path in files}
    imported = imported_when_grading()
    assert imported - digested == set(), "Add these to DIGESTED, or remove them from NOT_DIGESTED."
    assert digested - imported == set(), "Grading does not import these: add them to NOT_DIGESTED."


def test_every_row_of_the_tables_is_a_module_or_a_package():
    for name in (*digests.DIGESTED, *digests.NOT_DIGESTED):
        path = digests.KIT.joinpath(*name.split("."))
        assert path.is_dir() or path.with_suffix(".py").is_file(), name


@pytest.fixture
def kit(tmp_path, monkeypatch):
    """Return a copy of the kit, and let the digests read the copy."""
    copy = tmp_path / "gradkit"
    shutil.copytree(digests.KIT, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(digests, "KIT", copy)
    return copy


@pytest.mark.parametrize("file", ["cli/grading.py", "outputs/terminal.py", "course/stubs.py", "suite/screen.py"])
def test_a_changed_help_text_does_not_change_the_kit_s_digest(kit, file):
    before = digests.digest_kit()
    with (kit / file).open("a", encoding="utf-8") as opened:
        opened.write("# changed\n")
    assert digests.digest_kit() == before


@pytest.mark.parametrize("file", ["inside/worker.py", "grader/phases.py", "suite/__init__.py", "grader/a_new_file.py"])
def test_a_file_that_decides_about_reports_changes_the_kit_s_digest(kit, file):
    before = digests.digest_kit()
    with (kit / file).open("a", encoding="utf-8") as opened:
        opened.write("# changed\n")
    assert digests.digest_kit() != before


# --- the suite -------------------------------------------------------------------------------------------------------


@pytest.fixture
def course(root, tmp_path):
    """Return a copy of the suites, the corpora and the reference, and let the digests read the copy."""
    for folder in ("tests/a1_expressions", "tests/a4_networks", "tests/corpora", "reference/solution"):
        shutil.copytree(root / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.fixture
def digest_of(course, monkeypatch):
    """Return a function that returns the digest of an assignment's suite in the copy of the course."""
    suites = {}
    for name in ("a1", "a4"):
        suite = load_suite(choose_assignments(name), Library(corpora_folder()))
        suites[name] = dataclasses.replace(suite, reference=course / "reference/solution")

    def digest(name):
        with monkeypatch.context() as patched:
            patched.setattr("gradkit.catalogue.assignments.course_home", lambda: course)
            return digests.digest_suite(suites[name])

    return digest


@pytest.mark.parametrize(
    ("file", "changed"),
    [
        ("tests/a1_expressions/test_a1_expressions.py", {"a1", "a4"}),  # items of a4 need some of a1
        ("tests/a4_networks/test_a4_networks.py", {"a4"}),
        ("reference/solution/engine.py", {"a4"}),
        ("tests/corpora/diagnoses.json", {"a1", "a4"}),
    ],
)
def test_a_changed_file_of_the_course_changes_the_digests_of_the_assignments_that_use_it(
    course, digest_of, file, changed
):
    before = {name: digest_of(name) for name in ("a1", "a4")}
    with (course / file).open("a", encoding="utf-8") as opened:
        opened.write("\n")
    assert {name for name in before if digest_of(name) != before[name]} == changed


@pytest.mark.parametrize(("owner", "changed"), [("a1", {"a1", "a4"}), ("a4", {"a4"}), ("a6", set())])
def test_a_changed_corpus_changes_the_digests_of_the_assignments_that_use_it(course, digest_of, owner, changed):
    suite = load_suite(choose_assignments(owner), Library(corpora_folder()))
    corpus = next(test.settings.corpus for test in suite.tests if test.settings.corpus)
    before = {name: digest_of(name) for name in ("a1", "a4")}
    with (course / "tests/corpora" / corpus.file_name).open("a", encoding="utf-8") as opened:
        opened.write("\n")
    assert {name for name in before if digest_of(name) != before[name]} == changed


def test_every_field_of_an_assignment_is_read_by_grading_or_is_a_text_for_students():
    fields = {field.name for field in msgspec.structs.fields(Assignment)}
    assert fields == {*digests.GRADED_FIELDS, *TEXTS_FOR_STUDENTS} == OTHER_VALUES.keys()


@pytest.mark.parametrize("field", OTHER_VALUES)
def test_a_changed_setting_changes_the_digest_if_grading_reads_it(field):
    (assignment,) = choose_assignments("a1")
    changed = Assignment(**{**msgspec.structs.asdict(assignment), "builds_on": ("engine",)})
    before = digests.encode_graded_fields(changed)
    after = digests.encode_graded_fields(msgspec.structs.replace(changed, **{field: OTHER_VALUES[field]}))
    assert (before != after) == (field not in TEXTS_FOR_STUDENTS)


# --- reports that are kept -------------------------------------------------------------------------------------------


def test_a_class_is_not_regraded_for_a_story_or_a_release_that_changes_no_report(school, solution, monkeypatch):
    school.hand_in("ada", solution())
    first = school.grade()
    (assignment,) = school.suite.assignments
    story = dataclasses.replace(
        school.suite, assignments=(msgspec.structs.replace(assignment, story="another story."),)
    )
    monkeypatch.setattr(importlib.metadata, "version", lambda _name: "99.0")
    assert make_conditions(story, True).kit != first["ada"].conditions.kit
    assert school.grade(suite=story) == first
    assert school.ended["ada"].seconds is None


def test_a_class_is_regraded_for_another_limit(school, solution):
    school.hand_in("ada", solution())
    school.grade()
    (assignment,) = school.suite.assignments
    longer = msgspec.structs.replace(assignment, item_seconds=assignment.item_seconds + 1)
    school.grade(suite=dataclasses.replace(school.suite, assignments=(longer,)))
    assert school.ended["ada"].seconds is not None
