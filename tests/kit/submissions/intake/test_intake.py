"""Intake: the student's files are found in a submission of any layout, and nothing else happens."""

import dataclasses
import gzip
import os
import stat
import struct
import tarfile
import tracemalloc
import zipfile
from io import BytesIO

import pytest
from gradkit.submissions.intake import archives, choose, entries
from gradkit.submissions.intake import take_in as module
from gradkit.submissions.intake.take_in import take_in
from gradkit.submissions.outcome import Verdict

ENGINE = b"class Value: pass\n"


def zipped(path, *entries, compression=zipfile.ZIP_DEFLATED):
    """Write a zip of (name or ZipInfo, content), and return its path."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


def link(name, target):
    """Return a zip's entry that is a symbolic link."""
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info, target


@pytest.fixture
def take(tmp_path):
    """Take in a submission: take(path) returns (content of each file by name, Intake)."""
    count = 0

    def of(source, modules=("engine",)):
        nonlocal count
        count += 1
        target = tmp_path / f"intake{count}"
        intake = take_in(source, target, modules)
        files = {path.relative_to(target).as_posix(): path.read_bytes() for path in target.rglob("*.*")}
        return files, intake

    return of


@pytest.fixture
def write_folder(tmp_path):
    """Write a folder with these files: laid_out({"hw/engine.py": b"..."}) returns its path."""

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
        "notes.md": b"",
        "plot.png": b"\x89",
        "report.pdf": b"%PDF",
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
def test_the_engine_is_found_in_every_layout(shape, kind, take, write_folder, tmp_path):
    source = write_folder(SHAPES[shape])
    if kind == "zip":
        source = zipped(tmp_path / "it.zip", *SHAPES[shape].items())
    files, intake = take(source)
    assert (files, intake.failure, intake.warnings) == ({"engine.py": ENGINE}, None, ())


def test_a_folder_and_a_zip_of_the_same_files_are_one_submission(take, write_folder, tmp_path):
    source = write_folder({"engine.py": ENGINE, "helpers.py": b"x = 1"})
    packed = zipped(tmp_path / "it.zip", ("hw/engine.py", ENGINE), ("hw/helpers.py", b"x = 1"))
    assert take(source)[1].digest == take(packed)[1].digest
    assert take(source)[1].digest != take(write_folder({"helpers.py": b"x = 2"}))[1].digest


def test_files_beside_the_engine_come_along_and_settings_do_not(take, write_folder):
    files, _ = take(
        write_folder({"engine.py": ENGINE, "helpers.py": b"", "pytest.ini": b"", "my-notes.py": b"", "x.pth": b""})
    )
    assert files.keys() == {"engine.py", "helpers.py"}


def test_a_zip_in_a_folder_is_opened_since_learning_platforms_pack_so(take, write_folder, tmp_path):
    packed = zipped(tmp_path / "it.zip", ("engine.py", ENGINE)).read_bytes()
    files, _ = take(write_folder({"Ada_123_assignsubmission_file_/hw.zip": packed, "onlinetext.html": b""}))
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
def test_the_name_of_a_download_is_recognized_with_a_warning(name, take, write_folder):
    files, intake = take(write_folder({name: ENGINE}))
    assert files == {"engine.py": ENGINE}
    assert intake.warnings == (f"engine.py is missing. {name} was used as engine.py.",)


def test_the_right_name_takes_precedence_over_a_copy(take, write_folder):
    files, intake = take(write_folder({"engine (1).py": b"old", "engine.py": ENGINE}))
    assert files == {"engine.py": ENGINE}
    assert [each.file for each in intake.not_taken_in] == ["engine (1).py"]
    assert intake.warnings == ()


def test_of_several_engines_the_outermost_is_used_with_a_warning(take, write_folder):
    files, intake = take(write_folder({"engine.py": ENGINE, "backup/old/engine.py": b"old"}))
    assert files == {"engine.py": ENGINE}
    assert intake.warnings == (
        "2 folders contain files to grade. The outermost was used: the submission's own folder.",
    )


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a/engine.py": b"1", "b/engine.py": b"2"}, "Which folder is meant? a, b"),
        ({"engine (1).py": b"1", "engine (2).py": b"2"}, "Which file is meant? engine (1).py, engine (2).py"),
        ({"hw1.zip": b"1", "hw2.zip": b"2"}, "Which archive is meant? hw1.zip, hw2.zip"),
    ],
)
def test_an_ambiguous_submission_is_an_error_and_nothing_is_guessed(files, message, take, write_folder):
    found_files, intake = take(write_folder(files))
    assert (found_files, intake.failure.verdict, intake.failure.message) == ({}, Verdict.ERROR, message)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "."),
        ({"engine.py.png": b""}, "; it holds engine.py.png."),
        ({"notes.txt": b"sorry"}, "; it holds notes.txt."),
        ({"ada_engine.py": ENGINE, "old/engine_final.py": b""}, "; it holds ada_engine.py, old/engine_final.py."),
        ({"engine.rar": b"Rar!"}, "; it holds engine.rar."),
        ({f"hw{number}.py": b"" for number in range(9)}, "; it holds hw0.py, hw1.py, hw2.py, hw3.py, hw4.py, ...."),
    ],
)
def test_a_submission_without_the_file_is_not_implemented_and_the_message_lists_its_files(
    files, message, take, write_folder
):
    found_files, intake = take(write_folder(files))
    assert found_files == {}
    assert intake.failure.verdict is Verdict.NOT_IMPLEMENTED
    assert intake.failure.message == f"There is no engine.py in this submission{message}"


def test_a_zip_beside_a_demo_is_opened(take, write_folder, tmp_path):
    packed = zipped(tmp_path / "it.zip", ("engine.py", ENGINE)).read_bytes()
    assert take(write_folder({"hw.zip": packed, "demo.py": b"1"}))[0] == {"engine.py": ENGINE}


def test_helpers_beyond_the_maximum_are_left_out_with_a_warning(take, write_folder):
    helpers = {f"helper{number:03}.py": b"" for number in range(choose.MAX_OTHER_FILES + 10)}
    files, intake = take(write_folder({"engine.py": ENGINE, **helpers}))
    assert len(files) == choose.MAX_OTHER_FILES + 1
    (left_out,) = intake.not_taken_in
    assert left_out.file == "helper050.py, helper051.py, helper052.py, helper053.py, ..."
    assert left_out.reason == "The submission has 60 other .py files. Only the first 50 were used."


@pytest.mark.parametrize(
    "name", ["engine" + "1" * 200 + "!.py", "engine" + " copy" * 40 + "!", "engine" + "(1)" * 60 + "x.py"]
)
def test_matching_any_name_is_quick(name, take, write_folder):
    assert take(write_folder({name: ENGINE}))[0] == {}


# --- hostile ---------------------------------------------------------------------------------------------------------


def test_nothing_is_written_outside(take, tmp_path):
    entries = [
        (name, b"evil") for name in ("../engine.py", "a/../../engine.py", "..\\engine.py", "/etc/../../engine.py")
    ]
    before = sorted(tmp_path.rglob("*"))
    files, _ = take(zipped(tmp_path / "it.zip", *entries))
    assert files == {}
    assert [path for path in sorted(tmp_path.rglob("*")) if "intake" not in path.name] == [*before, tmp_path / "it.zip"]


def test_an_absolute_name_is_a_name_like_any_other(take, tmp_path):
    files, _ = take(zipped(tmp_path / "it.zip", ("/engine.py", ENGINE)))
    assert files == {"engine.py": ENGINE}


def test_links_are_not_followed(take, write_folder, tmp_path):
    secret = tmp_path / "secret.py"
    secret.write_bytes(b"s3cret")
    files, intake = take(zipped(tmp_path / "it.zip", link("engine.py", str(secret))))
    assert (files, intake.failure.verdict) == ({}, Verdict.NOT_IMPLEMENTED)
    home = write_folder({})
    (home / "engine.py").symlink_to(secret)
    (home / "more").symlink_to(tmp_path)
    files, intake = take(home)
    assert (files, intake.failure.verdict) == ({}, Verdict.NOT_IMPLEMENTED)


def test_what_is_not_a_file_is_not_opened(take, write_folder):
    home = write_folder({"helpers.py": b""})
    os.mkfifo(home / "engine.py")
    files, intake = take(home)
    assert (files, intake.failure.verdict) == ({}, Verdict.NOT_IMPLEMENTED)


def test_a_zip_bomb_is_unpacked_only_until_it_is_detected(take, tmp_path):
    bomb = zipped(tmp_path / "it.zip", ("engine.py", b"#" * (100 << 20)))
    files, intake = take(bomb)
    assert (files, intake.failure.message) == ({}, "engine.py is larger than a megabyte.")


METHODS = {"stored": 0, "deflate": zipfile.ZIP_DEFLATED, "bzip2": zipfile.ZIP_BZIP2, "LZMA": zipfile.ZIP_LZMA}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", [0, 1, 100_000, choose.MAX_FILE_BYTES])
def test_every_usual_method_is_unpacked_whole(method, size, take, tmp_path):
    content = (ENGINE * (size // len(ENGINE) + 1))[:size]
    packed = zipped(tmp_path / "it.zip", ("engine.py", content), compression=METHODS[method])
    assert take(packed)[0] == {"engine.py": content}


@pytest.mark.parametrize("method", METHODS)
def test_every_method_stops_unpacking_at_the_requested_size(method, tmp_path):
    zipped(tmp_path / "it.zip", ("engine.py", bytes(20 << 20)), compression=METHODS[method])
    with entries.open_regular(tmp_path / "it.zip") as open_submission:
        (entry,) = entries.list_zip_entries(open_submission, entries.MAX_ZIP_BYTES, 1)
        tracemalloc.start()
        content = entry.read(1000)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert content == bytes(1000)
    assert peak < 1 << 20  # of these 20 MB


@pytest.mark.parametrize("method", METHODS)
def test_a_wrong_checksum_is_noticed_whatever_the_method(method, take, tmp_path):
    raw = bytearray(zipped(tmp_path / "it.zip", ("engine.py", ENGINE), compression=METHODS[method]).read_bytes())
    raw[raw.index(b"PK\1\2") + 16] ^= 1
    (tmp_path / "it.zip").write_bytes(raw)
    assert take(tmp_path / "it.zip")[1].failure.message == "it.zip is damaged, or is not a zip (BadZipFile)."


def test_what_takes_too_much_memory_to_read_has_its_verdict_and_always_the_same_digest(take, write_folder, monkeypatch):
    monkeypatch.setattr(module, "choose_files", lambda *_: {"engine.py": bytes(1 << 30)})
    source = write_folder({"engine.py": ENGINE})
    (files, intake), (_, again) = take(source), take(source)
    assert (files, intake.failure.verdict) == ({}, Verdict.OUT_OF_MEMORY)
    assert intake.failure.message == "Reading the submission takes more memory than is allowed (192 MB)."
    assert intake.digest == again.digest


def test_what_takes_too_long_to_read_has_its_verdict(take, write_folder, monkeypatch):
    limits = dataclasses.replace(module.READING, cpu_seconds=1)
    monkeypatch.setattr(module, "READING", limits)
    monkeypatch.setattr(module, "choose_files", lambda *_: sum(iter(int, 1)))
    files, intake = take(write_folder({"engine.py": ENGINE}))
    assert (files, intake.failure.verdict) == ({}, Verdict.TIMEOUT)


def test_what_is_not_taken_in_is_a_short_list_however_much_there_is(take, write_folder):
    copies = {f"engine ({number}).py": b"" for number in range(500)}
    _, intake = take(write_folder({"engine.py": ENGINE, **copies}))
    assert len(intake.not_taken_in) == 21
    assert intake.not_taken_in[-1].reason == "There are 480 more such files."


def test_a_large_file_beside_the_engine_is_left_out_with_a_warning(take, write_folder):
    files, intake = take(write_folder({"engine.py": ENGINE, "data.py": b"#" * (choose.MAX_FILE_BYTES + 1)}))
    assert files == {"engine.py": ENGINE}
    assert [(each.file, each.reason) for each in intake.not_taken_in] == [("data.py", "It is larger than a megabyte.")]


def test_too_many_files_are_refused(take, tmp_path):
    with zipfile.ZipFile(tmp_path / "it.zip", "w") as archive:
        for number in range(entries.MAX_ENTRIES + 1):
            archive.writestr(f"{number}.txt", b"")
    assert take(tmp_path / "it.zip")[1].failure.message == "The zip holds more than 10,000 files."


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_exists_twice_is_refused(take, tmp_path):
    intake = take(zipped(tmp_path / "it.zip", ("engine.py", b"1"), ("engine.py", b"2")))[1]
    assert intake.failure.message == "The submission holds engine.py twice."


def damaged(tmp_path):
    """Return damaged zips by the kind of damage."""
    whole = zipped(tmp_path / "whole.zip", ("engine.py", ENGINE * 50)).read_bytes()
    locked = bytearray(whole)
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        struct.pack_into("<H", locked, whole.index(signature) + offset, 1)
    flipped = bytearray(whole)
    flipped[40:60] = b"\xff" * 20
    foreign = bytearray(whole)
    for signature, offset in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
        struct.pack_into("<H", foreign, whole.index(signature) + offset, 99)
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
def test_a_zip_that_cannot_be_read_is_an_error_in_plain_words(kind, take, tmp_path):
    path = tmp_path / "it.zip"
    path.write_bytes(damaged(tmp_path)[kind])
    files, intake = take(path)
    assert files == {}
    assert intake.failure.verdict is Verdict.ERROR
    assert "zip" in intake.failure.message.lower() or "cannot be" in intake.failure.message
    assert intake.failure.message.isprintable()


def test_names_that_no_file_can_have_are_ignored(take, tmp_path):
    entries = [("\x1b[31m/engine.py", ENGINE), ("x" * 5000 + ".py", b""), ("a\nb.py", b"")]
    files, intake = take(zipped(tmp_path / "it.zip", *entries))
    assert files == {"engine.py": ENGINE}
    assert intake.failure is None


def test_the_message_of_a_failure_is_printable(take, tmp_path):
    intake = take(zipped(tmp_path / "it.zip", ("\x1b[2Ja/engine.py", b"1"), ("b/engine.py", b"2")))[1]
    assert intake.failure.message.isprintable()


def test_a_zip_larger_than_the_maximum_is_refused(take, tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_ZIP_BYTES", 100)
    assert "larger than" in take(zipped(tmp_path / "it.zip", ("engine.py", os.urandom(5000))))[1].failure.message


def packed_in(depth, name="hw.zip"):
    """Return a submission with engine.py in `depth` zips, each in the next one."""
    content, inner = ENGINE, "engine.py"
    for _ in range(depth):
        outer = BytesIO()
        zipped(outer, (inner, content))
        content, inner = outer.getvalue(), name
    return {inner: content}


@pytest.mark.parametrize("depth", [1, 2])
def test_a_zip_within_a_zip_is_opened(depth, take, write_folder):
    assert take(write_folder(packed_in(depth)))[0] == {"engine.py": ENGINE}


def test_a_zip_within_three_zips_stays_packed_and_is_listed(take, write_folder):
    files, intake = take(write_folder(packed_in(3)))
    assert (files, intake.failure.verdict) == ({}, Verdict.NOT_IMPLEMENTED)
    assert "hw.zip" in intake.failure.message


# --- tar -------------------------------------------------------------------------------------------------------------


def tarred(mode, *members):
    """Return a tar of (name or TarInfo, content)."""
    raw = BytesIO()
    with tarfile.open(fileobj=raw, mode=mode) as archive:
        for name, content in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, BytesIO(content))
    return raw.getvalue()


@pytest.mark.parametrize(("name", "mode"), [("hw.tar.gz", "w:gz"), ("hw.tgz", "w:gz"), ("HW.TAR", "w")])
@pytest.mark.parametrize("within", ["a folder", "nothing", "a zip"])
def test_a_tar_is_opened(name, mode, within, take, write_folder, tmp_path):
    raw = tarred(mode, ("hw/engine.py", ENGINE), ("./hw/helpers/plots.py", b"x = 1"))
    if within == "a folder":
        source = write_folder({name: raw})
    elif within == "a zip":
        source = zipped(tmp_path / "it.zip", (name, raw))
    else:
        source = tmp_path / name
        source.write_bytes(raw)
    assert take(source)[0] == {"engine.py": ENGINE, "helpers/plots.py": b"x = 1"}


def special_member(kind):
    info = tarfile.TarInfo("engine.py")
    info.type, info.linkname = kind, "/etc/passwd"
    return info


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_what_is_not_a_file_in_a_tar_is_ignored(kind, take, write_folder):
    raw = tarred("w:gz", (special_member(kind), b""), ("../evil.py", b"1"), ("hw/x/../../../evil.py", b"1"))
    files, intake = take(write_folder({"hw.tar.gz": raw}))
    assert (files, intake.failure.verdict) == ({}, Verdict.NOT_IMPLEMENTED)


def test_a_tar_bomb_is_unpacked_only_until_it_is_detected(take, write_folder):
    raw = gzip.compress(bytes(archives.MAX_TAR_BYTES + 1), 1)
    assert "larger than 64 megabytes" in take(write_folder({"hw.tar.gz": raw}))[1].failure.message


DAMAGED_TARS = {
    "empty": b"",
    "not packed": b"hello",
    "cut": tarred("w:gz", ("engine.py", os.urandom(5000)))[:-2000],
    "cut inside": gzip.compress(tarred("w", ("engine.py", bytes(5000)))[:2000]),
    "a chain of headers": gzip.compress(tarred("w", ("engine.py", ENGINE))[:512] * 3),
}


@pytest.mark.parametrize("kind", DAMAGED_TARS)
def test_a_tar_that_cannot_be_read_is_an_error_in_plain_words(kind, take, write_folder):
    files, intake = take(write_folder({"hw.tar.gz": DAMAGED_TARS[kind]}))
    assert files == {}
    assert intake.failure.message
    assert intake.not_taken_in[0].reason == intake.failure.message
