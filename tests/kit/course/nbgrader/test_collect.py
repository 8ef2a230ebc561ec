"""`gradkit course collect`: every student who handed in has a notebook in nbgrader's folder."""

import json
import zipfile
from io import BytesIO

import pytest
from gradkit.catalogue.assignments import choose_assignments
from gradkit.cli.main import app
from gradkit.course import collect as module
from gradkit.course.collect import State, collect
from gradkit.submissions.intake.not_taken_in import NotTakenIn
from gradkit.submissions.intake.students import StudentsError
from typer.testing import CliRunner

ENGINE = "class Value:\n    '''{}'''\n"
ASSIGNMENT = "a1_expressions"
PAGE = f"{ASSIGNMENT}.ipynb"


@pytest.fixture
def collect_files(tmp_path):
    """Collect these files: collected({"ada/engine.py": "..."}) returns (files in nbgrader's folder by path, result of
    each student)."""

    def of(files, as_zip=False, **options):
        downloads = tmp_path / "downloads"
        for name, text in () if as_zip else files.items():
            path = downloads / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        if as_zip:
            with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
                for name, text in files.items():
                    archive.writestr(name, text)
            downloads = tmp_path / "all.zip"
        into = tmp_path / "submitted"
        results = list(collect(choose_assignments("a1")[0], downloads, into, **options))
        collected_files = {str(path.relative_to(into)): path.read_bytes() for path in into.rglob("*") if path.is_file()}
        return collected_files, {each.student: each for each in results if not isinstance(each, NotTakenIn)}

    return of


def solution(content):
    """Return the text of a notebook's solution cell."""
    (cell,) = [cell for cell in json.loads(content)["cells"] if "nbgrader" in cell["metadata"]]
    assert cell["metadata"]["nbgrader"]["solution"]
    assert cell["metadata"]["nbgrader"]["grade_id"] == "engine"
    return cell["source"]


SHAPES = {
    "a folder each": {"ada/engine.py": ENGINE, "bob/hw/engine (1).py": ENGINE},
    "Moodle's folders": {
        "ada_12_assignsubmission_file_/engine.py": ENGINE,
        "bob_34_assignsubmission_file_/engine.py": ENGINE,
    },
    "Moodle's files": {
        "ada_12_assignsubmission_file_engine.py": ENGINE,
        "bob_34_assignsubmission_file_engine.py": ENGINE,
    },
    "Moodle 4's folders, with text": {
        "ada_12_assignsubmission_file/engine.py": ENGINE,
        "ada_12_assignsubmission_onlinetext/onlinetext.html": "<p>",
        "bob_34_assignsubmission_file/engine.py": ENGINE,
    },
    "a platform's download in a folder": {
        "all/ada_12_assignsubmission_file_/engine.py": ENGINE,
        "all/bob_34_assignsubmission_file_/engine.py": ENGINE,
    },
    "Canvas's files": {
        "ada_12_345_engine.py": ENGINE,
        "bob_LATE_34_567_engine-2.py": ENGINE,
        "bob_34_1_engine.py": "old",
    },
}


@pytest.mark.parametrize("as_zip", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_files_become_notebooks_with_the_names_of_every_platform(shape, as_zip, collect_files):
    files, results = collect_files(SHAPES[shape], as_zip)
    assert set(files) == {f"ada/{ASSIGNMENT}/{PAGE}", f"bob/{ASSIGNMENT}/{PAGE}"}
    assert {solution(content) for content in files.values()} == {ENGINE}
    assert not any(each.reason for each in results.values())


def test_a_notebook_is_copied_as_it_is(collect_files):
    notebook = b'{"cells": [], "nbformat": 4} '
    files, results = collect_files(
        {"ada/a1_expressions (1).ipynb": notebook, "ada/engine.py": ENGINE, "ada/helper.py": "x"}
    )
    assert files == {f"ada/{ASSIGNMENT}/{PAGE}": notebook, f"ada/{ASSIGNMENT}/helper.py": b"x"}
    assert [each.file for each in results["ada"].not_taken_in] == ["engine.py"]


BOMBS = {
    "a packed notebook": (PAGE, bytes(100 << 20), zipfile.ZIP_BZIP2),
    "a packed file": ("engine.py", bytes(100 << 20), zipfile.ZIP_LZMA),
    "a file too long for a cell": ("engine.py", b"#" * 70_000, zipfile.ZIP_DEFLATED),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_has_a_reason_and_the_next_student_is_collected(kind, collect_files):
    name, content, method = BOMBS[kind]
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        archive.writestr(name, content)
    files, results = collect_files({"bob.zip": packed.getvalue(), "ada/engine.py": ENGINE, "cyd/engine.py": ENGINE})
    assert set(files) == {f"ada/{ASSIGNMENT}/{PAGE}", f"cyd/{ASSIGNMENT}/{PAGE}"}
    assert f"{name} is larger than" in results["bob"].reason


def test_a_submission_that_reaches_a_limit_has_a_reason_and_the_next_student_is_collected(collect_files, monkeypatch):
    real = module.choose_files

    def greedy(entries, *rest):
        return {"engine.py": bytes(1 << 30)} if entries[0].parts == ("big.py",) else real(entries, *rest)

    monkeypatch.setattr(module, "choose_files", greedy)
    files, results = collect_files({"bob/big.py": "", "ada/engine.py": ENGINE, "cyd/engine.py": ENGINE})
    assert set(files) == {f"ada/{ASSIGNMENT}/{PAGE}", f"cyd/{ASSIGNMENT}/{PAGE}"}
    assert results["bob"].reason == "Reading the submission takes more memory than is allowed (192 MB)."


def test_a_huge_class_is_refused_before_it_takes_memory(collect_files):
    with pytest.raises(StudentsError, match="holds more than 50,000 files"):
        collect_files({f"ada/{number}": "" for number in range(50_001)}, as_zip=True)


def test_a_folder_that_cannot_be_written_is_an_error_and_not_a_result(collect_files, tmp_path):
    (tmp_path / "submitted").write_text("a file")
    with pytest.raises(OSError, match="submitted"):
        collect_files({"ada/engine.py": ENGINE})


def test_collecting_again_changes_nothing_and_a_different_submission_stays_until_forced(collect_files):
    first, _ = collect_files({"ada/engine.py": ENGINE})
    assert collect_files({})[0] == first
    files, results = collect_files({"ada/engine.py": "class Value: pass"})
    assert files == first
    assert any("--force" in warning for warning in results["ada"].warnings)
    assert solution(collect_files({}, force=True)[0][f"ada/{ASSIGNMENT}/{PAGE}"]) == "class Value: pass"


def test_a_submission_with_nothing_to_grade_has_a_reason(collect_files):
    files, results = collect_files({"ada/engine.py": ENGINE, "bob/essay.txt": "hello"})
    assert set(files) == {f"ada/{ASSIGNMENT}/{PAGE}"}
    assert (
        results["bob"].reason == "There is no engine.py or a1_expressions.ipynb in this submission; it holds essay.txt."
    )


def test_no_name_leads_out_of_the_folder(collect_files, tmp_path):
    collect_files({"../../evil/engine.py": ENGINE, "ada/engine.py": ENGINE, "ada/../../x.py": "x"}, as_zip=True)
    made = {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*")}
    assert made == {"all.zip", "submitted"}
    assert {path.name for path in (tmp_path / "submitted").iterdir()} == {"ada"}


def test_a_timestamp_of_nbgrader_is_copied(collect_files):
    files, _ = collect_files({"ada/engine.py": ENGINE, "ada/timestamp.txt": "2026-01-01 00:00 UTC"})
    assert files[f"ada/{ASSIGNMENT}/timestamp.txt"] == b"2026-01-01 00:00 UTC"


def test_the_timestamp_in_a_folder_for_each_assignment_is_found(collect_files):
    files, _ = collect_files(
        {f"ada/{ASSIGNMENT}/engine.py": ENGINE, f"ada/{ASSIGNMENT}/timestamp.txt": "2026-01-01 00:00 UTC"}
    )
    assert files[f"ada/{ASSIGNMENT}/timestamp.txt"] == b"2026-01-01 00:00 UTC"


def test_a_timestamp_without_a_time_is_left_out_with_a_warning(collect_files):
    files, results = collect_files({"ada/engine.py": ENGINE, "ada/timestamp.txt": "yesterday, I swear"})
    assert set(files) == {f"ada/{ASSIGNMENT}/{PAGE}"}
    assert "timestamp.txt was left out because it does not contain a time." in results["ada"].warnings


@pytest.mark.parametrize("name", ["\x1b[31mx", "\udcffx"])
def test_warnings_are_printable(name, collect_files):
    _, results = collect_files({f"ada/{name}/engine.py": ENGINE, "ada/b/c/engine.py": ENGINE})
    assert all(warning.isprintable() for warning in results["ada"].warnings)


def test_force_replaces_a_submission_with_all_its_files(collect_files, tmp_path):
    collect_files({"ada/engine.py": ENGINE, "ada/helper.py": "x = 1"})
    (tmp_path / "downloads/ada/helper.py").unlink()
    _, results = collect_files({})
    assert results["ada"].state is State.SKIPPED
    assert set(collect_files({}, force=True)[0]) == {f"ada/{ASSIGNMENT}/{PAGE}"}


def test_in_nbgraders_folder_files_become_notebooks_in_place(tmp_path):
    into = tmp_path / "submitted"
    for folder in (f"[ada]/{ASSIGNMENT}", "bob/a2_backprop"):
        (into / folder).mkdir(parents=True)
        (into / folder / "engine.py").write_text(ENGINE)
    (into / "[ada]" / ASSIGNMENT / "timestamp.txt").write_text("2026-01-01 00:00 UTC")
    for state in (State.NEW, State.UNCHANGED):
        assert [each.state for each in collect(choose_assignments("a1")[0], into, into)] == [state, State.NO_NOTEBOOK]
    assert {path.name for path in into.glob(f"*/{ASSIGNMENT}/*")} == {"engine.py", PAGE, "timestamp.txt"}
    assert {path.name for path in into.iterdir()} == {"[ada]", "bob"}


def test_the_file_of_one_student_does_not_stop_the_class(collect_files):
    full_of_marks = b"PK\1\2" * 300_000
    files, _ = collect_files({"ada_1_2_engine.py": ENGINE, "eve_3_4_x.bin": full_of_marks}, as_zip=True)
    assert set(files) == {f"ada/{ASSIGNMENT}/{PAGE}"}


def test_of_several_uploads_in_canvas_the_latest_is_used_with_a_warning(collect_files):
    files, results = collect_files(
        {"ada_1_2_engine-9.py": "old", "ada_1_3_engine-10.py": ENGINE, "ada_1_1_engine.py": "older"}
    )
    assert solution(files[f"ada/{ASSIGNMENT}/{PAGE}"]) == ENGINE
    assert "engine.py: upload number 10 was used." in results["ada"].warnings
    assert {each.file for each in results["ada"].not_taken_in} == {"engine-9.py", "engine.py"}


def test_of_two_files_with_the_same_name_neither_is_chosen(collect_files):
    _, results = collect_files({"ada_1_2_engine.py": "one", "ada_1_3_engine.py": "other"})
    assert results["ada"].reason == "The submission holds engine.py twice."


def test_a_zip_in_a_folder_is_a_class_if_a_platform_has_packed_it_and_a_link_is_not(collect_files, tmp_path):
    collect_files({"ada_1_2_engine.py": ENGINE}, as_zip=True)
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads" / "all.zip").symlink_to(tmp_path / "all.zip")
    with pytest.raises(StudentsError):
        collect_files({})
    (tmp_path / "downloads" / "all.zip").unlink()
    (tmp_path / "all.zip").rename(tmp_path / "downloads" / "all.zip")
    assert collect_files({})[1].keys() == {"ada"}


def test_the_command_counts_and_its_exit_status_says_whether_all_have_a_notebook(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("ada/engine.py", "bob/essay.txt"):
        (tmp_path / "downloads" / name).parent.mkdir(parents=True)
        (tmp_path / "downloads" / name).write_text(ENGINE)
    done = CliRunner().invoke(app, ["course", "collect", "a1", "downloads"])
    assert done.exit_code == 1
    assert "1 of 2 students have a notebook in submitted: 1 new, 1 without a notebook." in done.output
    (tmp_path / "downloads/bob/engine.py").write_text(ENGINE)
    done = CliRunner().invoke(app, ["course", "collect", "a1", "downloads"])
    assert done.exit_code == 0
    assert "2 of 2 students have a notebook in submitted: 1 as before, 1 new." in done.output


def test_characters_that_cannot_be_decoded_are_a_warning(collect_files):
    files, results = collect_files({"ada/engine.py": b"# caf\xe9\n"})
    assert solution(files[f"ada/{ASSIGNMENT}/{PAGE}"]) == "# caf\ufffd\n"
    assert any("UTF-8" in warning for warning in results["ada"].warnings)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["a1", "nowhere"], "There is no folder or zip nowhere."),
        (["a9", "."], "There is no assignment 'a9'"),
        (["all", "."], "Name one assignment"),
    ],
)
def test_wrong_arguments_are_explained_in_one_line(words, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["course", "collect", *words])
    assert done.exit_code == 1
    assert message in done.output
    assert "Traceback" not in done.output
