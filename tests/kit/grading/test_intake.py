"""Taking submissions in: whatever shape they have, the student's files come out, and nothing else happens."""

import dataclasses
import os
import stat
import struct
import tracemalloc
import zipfile
from io import BytesIO

import pytest
from gradkit.submissions.intake import choose, entries
from gradkit.submissions.intake import take_in as module
from gradkit.submissions.intake.take_in import take_in
from gradkit.submissions.outcome import Verdict

ENGINE = b"class Value: pass\n"


def zipped(path, *entries, compression=zipfile.ZIP_DEFLATED):
    """A zip of (name or ZipInfo, content)."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


def link(name, target):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info, target


@pytest.fixture
def taken(tmp_path):
    """What is taken in of a submission: (files by name, TakenIn)."""
    count = 0

    def of(source, modules=("engine",)):
        nonlocal count
        count += 1
        target = tmp_path / f"taken{count}"
        found = take_in(source, target, modules)
        return {path.name: path.read_bytes() for path in target.iterdir()}, found

    return of


@pytest.fixture
def laid_out(tmp_path):
    """A folder with these files: laid_out({"hw/engine.py": b"..."})."""

    def of(files):
        home = tmp_path / "handed in"
        for name, content in files.items():
            path = home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        home.mkdir(exist_ok=True)
        return home

    return of


SHAPES = {
    "plain": {"engine.py": ENGINE},
    "among junk": {
        "engine.py": ENGINE,
        "notes.txt": b"",
        "plot.png": b"\x89",
        "report.pdf": b"%PDF",
        "data.csv": b"1",
        "__pycache__/engine.cpython-311.pyc": b"x",
        ".git/config": b"",
        ".DS_Store": b"",
        "old.ipynb": b"{}",
    },
    "nested": {"homework 2/engine.py": ENGINE},
    "deeply nested": {"a/b/c/engine.py": ENGINE},
    "names with spaces and Unicode": {"Übung 2 (höchste)/engine.py": ENGINE},
    "a Mac's leavings": {"hw/engine.py": ENGINE, "__MACOSX/hw/._engine.py": b"\0\5", "hw/._engine.py": b"\0"},
    "the virtual environment too": {
        "engine.py": ENGINE,
        ".venv/lib/engine.py": b"no",
        "venv/lib/site-packages/engine.py": b"no",
    },
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_the_engine_is_found_in_whatever_it_is_packed_in(shape, kind, taken, laid_out, tmp_path):
    source = laid_out(SHAPES[shape])
    if kind == "zip":
        source = zipped(tmp_path / "it.zip", *SHAPES[shape].items())
    files, found = taken(source)
    assert (files, found.failure, found.warnings) == ({"engine.py": ENGINE}, None, ())


def test_a_folder_and_a_zip_of_the_same_files_are_one_submission(taken, laid_out, tmp_path):
    source = laid_out({"engine.py": ENGINE, "helpers.py": b"x = 1"})
    packed = zipped(tmp_path / "it.zip", ("hw/engine.py", ENGINE), ("hw/helpers.py", b"x = 1"))
    assert taken(source)[1].digest == taken(packed)[1].digest
    assert taken(source)[1].digest != taken(laid_out({"helpers.py": b"x = 2"}))[1].digest


def test_files_beside_the_engine_come_along_and_settings_do_not(taken, laid_out):
    files, _ = taken(
        laid_out({"engine.py": ENGINE, "helpers.py": b"", "pytest.ini": b"", "my-notes.py": b"", "x.pth": b""})
    )
    assert files.keys() == {"engine.py", "helpers.py"}


def test_a_zip_in_a_folder_is_what_a_learning_platform_hands_out(taken, laid_out, tmp_path):
    packed = zipped(tmp_path / "it.zip", ("engine.py", ENGINE)).read_bytes()
    files, _ = taken(laid_out({"Ada_123_assignsubmission_file_/hw.zip": packed, "onlinetext.html": b""}))
    assert files == {"engine.py": ENGINE}


@pytest.mark.parametrize(
    "name",
    [
        "engine (1).py",
        "engine-2.py",
        "Engine.py",
        "engine.py.txt",
        "engine copy.py",
        "ENGINE.PY",
        "Copy of engine.py",
        "engine (1) (1).py",
    ],
)
def test_a_download_s_name_is_understood_and_noted(name, taken, laid_out):
    files, found = taken(laid_out({name: ENGINE}))
    assert files == {"engine.py": ENGINE}
    assert found.warnings == (f"engine.py is missing. {name} was used as engine.py.",)


def test_a_name_as_it_should_be_goes_before_one_that_is_nearly_so(taken, laid_out):
    files, found = taken(laid_out({"engine (1).py": b"old", "engine.py": ENGINE}))
    assert files == {"engine.py": ENGINE}
    assert found.warnings == ("engine (1).py was ignored because the submission has engine.py.",)


def test_of_several_engines_the_outermost_is_taken_and_that_is_noted(taken, laid_out):
    files, found = taken(laid_out({"engine.py": ENGINE, "backup/old/engine.py": b"old"}))
    assert files == {"engine.py": ENGINE}
    assert found.warnings == ("2 folders contain files to grade. The outermost was used: .",)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"a/engine.py": b"1", "b/engine.py": b"2"}, "Which folder is meant? a, b"),
        ({"engine (1).py": b"1", "engine (2).py": b"2"}, "Which file is meant? engine (1).py, engine (2).py"),
        ({"hw1.zip": b"1", "hw2.zip": b"2"}, "Which zip is meant? hw1.zip, hw2.zip"),
    ],
)
def test_where_it_cannot_be_told_nothing_is_guessed(files, said, taken, laid_out):
    found_files, found = taken(laid_out(files))
    assert (found_files, found.failure.verdict, found.failure.message) == ({}, Verdict.ERROR, said)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "."),
        ({"engine/readme.md": b""}, "."),
        ({"notes.txt": b"sorry"}, "; it holds notes.txt."),
        ({"ada_engine.py": ENGINE, "old/engine_final.py": b""}, "; it holds ada_engine.py, old/engine_final.py."),
        ({"engine.rar": b"Rar!"}, "; it holds engine.rar."),
        ({f"hw{number}.py": b"" for number in range(9)}, "; it holds hw0.py, hw1.py, hw2.py, hw3.py, hw4.py, ...."),
    ],
)
def test_a_submission_without_the_file_is_not_written_and_says_what_it_holds(files, said, taken, laid_out):
    found_files, found = taken(laid_out(files))
    assert found_files == {}
    assert found.failure.verdict is Verdict.NOT_IMPLEMENTED
    assert found.failure.message == f"There is no engine.py in this submission{said}"


def test_a_zip_beside_a_demo_is_looked_into(taken, laid_out, tmp_path):
    packed = zipped(tmp_path / "it.zip", ("engine.py", ENGINE)).read_bytes()
    assert taken(laid_out({"hw.zip": packed, "demo.py": b"1"}))[0] == {"engine.py": ENGINE}


def test_helpers_beyond_a_number_are_left_out_and_that_is_noted(taken, laid_out):
    helpers = {f"helper{number:03}.py": b"" for number in range(choose.MAX_OTHER_FILES + 10)}
    files, found = taken(laid_out({"engine.py": ENGINE, **helpers}))
    assert len(files) == choose.MAX_OTHER_FILES + 1
    assert found.warnings == ("The submission has 60 other .py files. Only the first 50 were used.",)


@pytest.mark.parametrize(
    "name", ["engine" + "1" * 200 + "!.py", "engine" + " copy" * 40 + "!", "engine" + "(1)" * 60 + "x.py"]
)
def test_no_name_takes_long_to_understand(name, taken, laid_out):
    assert taken(laid_out({name: ENGINE}))[0] == {}


# --- hostile ---------------------------------------------------------------------------------------------------------


def test_nothing_is_written_outside(taken, tmp_path):
    entries = [
        (name, b"evil") for name in ("../engine.py", "a/../../engine.py", "..\\engine.py", "/etc/../../engine.py")
    ]
    before = sorted(tmp_path.rglob("*"))
    files, _ = taken(zipped(tmp_path / "it.zip", *entries))
    assert files == {}
    assert [path for path in sorted(tmp_path.rglob("*")) if "taken" not in path.name] == [*before, tmp_path / "it.zip"]


def test_an_absolute_name_is_a_name_like_any_other(taken, tmp_path):
    files, _ = taken(zipped(tmp_path / "it.zip", ("/engine.py", ENGINE)))
    assert files == {"engine.py": ENGINE}


def test_links_are_not_followed(taken, laid_out, tmp_path):
    secret = tmp_path / "secret.py"
    secret.write_bytes(b"s3cret")
    files, found = taken(zipped(tmp_path / "it.zip", link("engine.py", str(secret))))
    assert (files, found.failure.verdict) == ({}, Verdict.NOT_IMPLEMENTED)
    home = laid_out({})
    (home / "engine.py").symlink_to(secret)
    (home / "more").symlink_to(tmp_path)
    files, found = taken(home)
    assert (files, found.failure.verdict) == ({}, Verdict.NOT_IMPLEMENTED)


def test_what_is_no_file_is_not_opened(taken, laid_out):
    home = laid_out({"helpers.py": b""})
    os.mkfifo(home / "engine.py")
    files, found = taken(home)
    assert (files, found.failure.verdict) == ({}, Verdict.NOT_IMPLEMENTED)


def test_a_bomb_unpacks_no_further_than_is_needed_to_see_it(taken, tmp_path):
    bomb = zipped(tmp_path / "it.zip", ("engine.py", b"#" * (100 << 20)))
    files, found = taken(bomb)
    assert (files, found.failure.message) == ({}, "engine.py is larger than a megabyte.")


METHODS = {"stored": 0, "deflate": zipfile.ZIP_DEFLATED, "bzip2": zipfile.ZIP_BZIP2, "LZMA": zipfile.ZIP_LZMA}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", [0, 1, 100_000, choose.MAX_FILE_BYTES])
def test_every_usual_method_is_unpacked_whole(method, size, taken, tmp_path):
    content = (ENGINE * (size // len(ENGINE) + 1))[:size]
    packed = zipped(tmp_path / "it.zip", ("engine.py", content), compression=METHODS[method])
    assert taken(packed)[0] == {"engine.py": content}


@pytest.mark.parametrize("method", METHODS)
def test_no_method_unpacks_further_than_it_is_asked_to(method, tmp_path):
    zipped(tmp_path / "it.zip", ("engine.py", bytes(20 << 20)), compression=METHODS[method])
    with entries.open_regular(tmp_path / "it.zip") as opened:
        (entry,) = entries.entries_of_zip(opened, entries.MAX_ZIP_BYTES, 1)
        tracemalloc.start()
        content = entry.read(1000)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert content == bytes(1000)
    assert peak < 1 << 20  # of these 20 MB


@pytest.mark.parametrize("method", METHODS)
def test_a_wrong_checksum_is_noticed_whatever_the_method(method, taken, tmp_path):
    raw = bytearray(zipped(tmp_path / "it.zip", ("engine.py", ENGINE), compression=METHODS[method]).read_bytes())
    raw[raw.index(b"PK\1\2") + 16] ^= 1
    (tmp_path / "it.zip").write_bytes(raw)
    assert taken(tmp_path / "it.zip")[1].failure.message == "The submission cannot be read: BadZipFile."


def test_what_takes_too_much_memory_to_read_has_its_verdict_and_always_the_same_digest(taken, laid_out, monkeypatch):
    monkeypatch.setattr(module, "choose_files", lambda *_: {"engine.py": bytes(1 << 30)})
    source = laid_out({"engine.py": ENGINE})
    (files, found), (_, again) = taken(source), taken(source)
    assert (files, found.failure.verdict) == ({}, Verdict.OUT_OF_MEMORY)
    assert found.failure.message == "Reading the submission takes more memory than is allowed (192 MB)."
    assert found.digest == again.digest


def test_what_takes_too_long_to_read_has_its_verdict(taken, laid_out, monkeypatch):
    limits = dataclasses.replace(module.READING, cpu_seconds=1)
    monkeypatch.setattr(module, "READING", limits)
    monkeypatch.setattr(module, "choose_files", lambda *_: sum(iter(int, 1)))
    files, found = taken(laid_out({"engine.py": ENGINE}))
    assert (files, found.failure.verdict) == ({}, Verdict.TIMEOUT)


def test_notes_are_few_and_short_however_many_there_are(taken, laid_out):
    copies = {f"engine ({number}).py": b"" for number in range(500)}
    _, found = taken(laid_out({"engine.py": ENGINE, **copies}))
    assert len(found.warnings) == 21
    assert found.warnings[-1] == "and 480 more"


def test_a_large_file_beside_the_engine_is_left_out_and_noted(taken, laid_out):
    files, found = taken(laid_out({"engine.py": ENGINE, "data.py": b"#" * (choose.MAX_FILE_BYTES + 1)}))
    assert files == {"engine.py": ENGINE}
    assert found.warnings == ("data.py was left out because it is larger than a megabyte.",)


def test_a_crowd_of_files_is_refused(taken, tmp_path):
    with zipfile.ZipFile(tmp_path / "it.zip", "w") as archive:
        for number in range(entries.MAX_ENTRIES + 1):
            archive.writestr(f"{number}.txt", b"")
    assert taken(tmp_path / "it.zip")[1].failure.message == "The zip holds more than 10,000 files."


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_twice_is_refused(taken, tmp_path):
    found = taken(zipped(tmp_path / "it.zip", ("engine.py", b"1"), ("engine.py", b"2")))[1]
    assert found.failure.message == "The submission holds engine.py twice."


def damaged(tmp_path):
    whole = zipped(tmp_path / "whole.zip", ("engine.py", ENGINE * 50)).read_bytes()
    locked = bytearray(whole)
    for mark, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = whole.index(mark) + place
        struct.pack_into("<H", locked, at, 1)
    flipped = bytearray(whole)
    flipped[40:60] = b"\xff" * 20
    foreign = bytearray(whole)
    for mark, place in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
        struct.pack_into("<H", foreign, whole.index(mark) + place, 99)
    return {
        "no zip at all": b"hello",
        "empty": b"",
        "cut": whole[:-30],
        "locked": bytes(locked),
        "damaged": bytes(flipped),
        "an unknown method": bytes(foreign),
        "seven bytes of a zip": whole[:7],
    }


@pytest.mark.parametrize(
    "kind", ["no zip at all", "empty", "cut", "locked", "damaged", "an unknown method", "seven bytes of a zip"]
)
def test_a_zip_that_cannot_be_read_is_an_error_in_plain_words(kind, taken, tmp_path):
    path = tmp_path / "it.zip"
    path.write_bytes(damaged(tmp_path)[kind])
    files, found = taken(path)
    assert files == {}
    assert found.failure.verdict is Verdict.ERROR
    assert "zip" in found.failure.message.lower() or "cannot be" in found.failure.message
    assert found.failure.message.isprintable()


def test_names_that_no_file_can_have_hurt_nobody(taken, tmp_path):
    entries = [("\x1b[31m/engine.py", ENGINE), ("x" * 5000 + ".py", b""), ("a\nb.py", b"")]
    files, found = taken(zipped(tmp_path / "it.zip", *entries))
    assert files == {"engine.py": ENGINE}
    assert found.failure is None


def test_a_problem_s_words_are_printable(taken, tmp_path):
    found = taken(zipped(tmp_path / "it.zip", ("\x1b[2Ja/engine.py", b"1"), ("b/engine.py", b"2")))[1]
    assert found.failure.message.isprintable()


def test_a_zip_is_never_read_further_than_its_cap(taken, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_ZIP_BYTES", 100)
    assert "larger than" in taken(zipped(tmp_path / "it.zip", ("engine.py", os.urandom(5000))))[1].failure.message


def test_a_zip_within_a_zip_stays_packed(taken, tmp_path):
    inner = BytesIO()
    zipped(inner, ("engine.py", ENGINE))
    found = taken(zipped(tmp_path / "it.zip", ("inner.zip", inner.getvalue())))[1]
    assert found.failure.verdict is Verdict.NOT_IMPLEMENTED
