"""The `gradkit` command: it prints what it did or what is wrong, and its exit status distinguishes the two."""

import errno
import re
import shutil
import subprocess
import sys

import pytest
import typer
from gradkit.catalogue.assignments import corpora_folder
from gradkit.catalogue.home import course_home
from gradkit.cli.main import app
from gradkit.errors import UserError
from typer.testing import CliRunner


@pytest.fixture
def gradkit():
    def call(*arguments):
        return CliRunner().invoke(app, list(arguments))

    return call


def commands(group, *words):
    """Yield the words of every command: ("course", "build"), and so on."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *words, name)
        else:
            yield (*words, name)


COMMANDS = list(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_of_every_command_shows_an_example(gradkit, words):
    shown = gradkit(*words, "--help")
    assert shown.exit_code == 0
    message = " ".join(shown.output.split())
    assert re.search(rf"Examples?: .*gradkit {' '.join(words)}", message)


def test_help_says_what_the_exit_status_means(gradkit):
    message = " ".join(gradkit("--help").output.split())
    assert "0 done, 1 an error or something that is left to do, 2 wrong usage, 130 stopped by Ctrl-C." in message


def test_wrong_usage_is_status_2(gradkit):
    assert gradkit("check", "--no-such-option").exit_code == 2
    assert gradkit("no-such-command").exit_code == 2


def failing(error):
    def fail(*arguments):
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (UserError("engine.py is missing: write it."), "engine.py is missing: write it."),
        (OSError(errno.ENOSPC, "No space left on device", "x.py"), "x.py: No space left on device. Free some space"),
        (ModuleNotFoundError("", name="libcst"), "This needs libcst, which is not installed here: pip install"),
        (ModuleNotFoundError("", name="tomlkit.items"), "pip install 'gradkit[author]'"),
    ],
)
def test_an_error_is_shown_in_one_line_with_status_1(error, message, gradkit, monkeypatch):
    monkeypatch.setattr("gradkit.authoring.check.run.check_course", failing(error))
    shown = gradkit("check")
    assert shown.exit_code == 1
    assert message in " ".join(shown.output.split())
    assert "Traceback" not in shown.output


def test_an_internal_error_is_not_hidden(gradkit, monkeypatch):
    monkeypatch.setattr("gradkit.authoring.check.run.check_course", failing(ModuleNotFoundError("", name="gradkit.x")))
    assert isinstance(gradkit("check").exception, ModuleNotFoundError)


def test_ctrl_c_is_status_130(gradkit, monkeypatch):
    monkeypatch.setattr("gradkit.authoring.check.run.check_course", failing(KeyboardInterrupt()))
    assert gradkit("check").exit_code == 130


def test_every_recorded_number_is_pytorchs_and_corpora_check_says_so(gradkit):
    shown = gradkit("corpora", "--check")
    assert shown.exit_code == 0, shown.output
    assert "Every recorded number agrees with PyTorch's, within the tolerance." in shown.output


def test_a_number_that_was_tampered_with_is_found(gradkit, monkeypatch, tmp_path):
    home = course_home()
    shutil.copytree(home / "tests" / "corpora", tmp_path / "corpora")
    path = tmp_path / "corpora" / "twice_twice.json"
    path.write_text(path.read_text().replace("4.0", "4.1", 1))
    (tmp_path / "corpora" / "nobody_asks.json").write_text("[]")
    (tmp_path / "corpora" / "neuron.json").unlink()
    monkeypatch.setattr("gradkit.course.corpora.corpora_folder", lambda: tmp_path / "corpora")
    shown = gradkit("corpora", "--check")
    assert shown.exit_code == 1
    for complaint in ("twice_twice: ", "nobody_asks: no item uses", "neuron: not recorded yet"):
        assert complaint in shown.output


@pytest.fixture
def corpora_copy(tmp_path, monkeypatch):
    """Return a copy of the recorded corpora, on which the command works."""
    folder = tmp_path / "corpora"
    shutil.copytree(course_home() / "tests" / "corpora", folder)
    monkeypatch.setattr("gradkit.course.corpora.corpora_folder", lambda: folder)
    monkeypatch.setattr("gradkit.cli.authoring.corpora_folder", lambda: folder)
    return folder


def edit_number(path, factor):
    """Multiply the last number of a corpus's file."""
    head, last = path.read_text().rstrip("\n]").rsplit(",", 1)
    path.write_text(f"{head},{float(last) * factor!r}]]]\n]\n")


def test_corpora_writes_what_is_missing_or_differs_beyond_rounding_and_touches_no_other_file(gradkit, corpora_copy):
    (corpora_copy / "network_neuron.json").unlink()
    (corpora_copy / "network_layer.json").write_text("not a corpus")
    edit_number(corpora_copy / "network_mlp.json", 1 + 1e-5)
    lines = (corpora_copy / "network_mlp_linear.json").read_text().split(",\n")
    (corpora_copy / "network_mlp_linear.json").write_text(",\n".join([lines[0], *lines[2:]]))
    edit_number(corpora_copy / "network_mlp_narrow.json", 1 + 1e-15)
    before = {path.name: path.stat().st_mtime_ns for path in corpora_copy.iterdir()}

    shown = gradkit("corpora", "a4")

    assert shown.exit_code == 0, shown.output
    written = {"network_neuron.json", "network_layer.json", "network_mlp.json", "network_mlp_linear.json"}
    assert {line.rpartition("/")[2] for line in shown.output.splitlines() if line.startswith("Written")} == written
    assert "4 of 8 recorded corpora were up to date" in shown.output
    touched = {path.name for path in corpora_copy.iterdir() if path.stat().st_mtime_ns != before.get(path.name)}
    assert touched == written
    assert gradkit("corpora", "--check", "a4").exit_code == 0
    assert "8 of 8" in gradkit("corpora", "a4").output


def test_a_private_seed_draws_the_corpora_of_one_assignment_into_the_cache(gradkit, tmp_path, monkeypatch):
    monkeypatch.setattr("gradkit.course.corpora.default_cache", lambda: tmp_path / "cache")
    before = {path: path.stat().st_mtime_ns for path in corpora_folder().iterdir()}
    shown = gradkit("corpora", "a4", "--seed", "autumn")
    assert shown.exit_code == 0, shown.output
    assert f"{8 * 24} cases of this seed are ready." in shown.output
    assert len(list((tmp_path / "cache").iterdir())) == 8
    assert {path: path.stat().st_mtime_ns for path in corpora_folder().iterdir()} == before


def test_recorded_corpora_stay_small(root):
    assert sum(path.stat().st_size for path in (root / "tests/corpora").iterdir()) < 3_000_000


def test_stubs_check_says_that_the_template_is_in_step(gradkit):
    shown = gradkit("stubs", "--check")
    assert (shown.exit_code, shown.output.strip()) == (0, "The template is in step with the reference.")


def test_another_seed_is_drawn_into_a_cache_and_found_there_again(root, tmp_path):
    from gradkit.corpora.library import Library
    from gradkit.corpora.scalar import random_graphs

    spec = random_graphs("mul")
    first = Library(root / "tests/corpora", "autumn", tmp_path).corpus(spec)
    (cached,) = tmp_path.iterdir()
    cached.write_text(cached.read_text().replace("\n", " \n"))
    again = Library(root / "tests/corpora", "autumn", tmp_path).corpus(spec)
    public = Library(root / "tests/corpora").corpus(spec)
    assert first.cases == again.cases
    assert not set(first.cases) & set(public.cases)


def test_a_command_imports_pytorch_only_if_it_must():
    script = "import sys, gradkit.cli.main; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
