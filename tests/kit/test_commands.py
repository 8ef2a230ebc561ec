"""The `gradkit` command: it says what it did, and what is wrong, and its status tells which."""

import shutil
import subprocess
import sys

import pytest
from gradkit.catalogue import assignments as places
from gradkit.cli.main import app
from typer.testing import CliRunner


@pytest.fixture
def gradkit():
    def call(*arguments):
        return CliRunner().invoke(app, list(arguments))

    return call


@pytest.mark.parametrize("command", ["grade", "explain", "doctor", "corpora", "stubs", "release", "prove"])
def test_help_of_every_command_shows_an_example(gradkit, command):
    shown = gradkit(command, "--help")
    assert shown.exit_code == 0
    assert f"gradkit {command}" in shown.output.replace("Usage", "")


def test_every_recorded_number_is_pytorchs_and_corpora_check_says_so(gradkit):
    shown = gradkit("corpora", "--check")
    assert shown.exit_code == 0, shown.output
    assert "Every recorded number is PyTorch's." in shown.output


def test_a_number_that_was_tampered_with_is_found(gradkit, monkeypatch, tmp_path):
    home = places.course_home()
    shutil.copytree(home / "tests" / "corpora", tmp_path / "corpora")
    path = tmp_path / "corpora" / "twice_twice.json"
    path.write_text(path.read_text().replace("4.0", "4.1", 1))
    (tmp_path / "corpora" / "nobody_asks.json").write_text("[]")
    (tmp_path / "corpora" / "neuron.json").unlink()
    monkeypatch.setattr("gradkit.course.corpora.corpora_folder", lambda: tmp_path / "corpora")
    shown = gradkit("corpora", "--check")
    assert shown.exit_code == 1
    for complaint in ("twice_twice: ", "nobody_asks: no item asks", "neuron: not recorded yet"):
        assert complaint in shown.output


def test_recorded_corpora_stay_small(root):
    assert sum(path.stat().st_size for path in (root / "tests/corpora").iterdir()) < 3_000_000


def test_stubs_check_says_that_the_template_is_in_step(gradkit):
    shown = gradkit("stubs", "--check")
    assert (shown.exit_code, shown.output.strip()) == (0, "The template is in step with the reference.")


def test_another_seed_is_drawn_into_a_cache_and_found_there_again(root, tmp_path):
    from gradkit.corpora.library import Library
    from gradkit.corpora.scalar import random_graphs

    spec = random_graphs("mul", count=10)
    first = Library(root / "tests/corpora", "autumn", tmp_path).corpus(spec)
    (cached,) = tmp_path.iterdir()
    cached.write_text(cached.read_text().replace("\n", " \n"))
    again = Library(root / "tests/corpora", "autumn", tmp_path).corpus(spec)
    public = Library(root / "tests/corpora").corpus(random_graphs("mul"))
    assert first.cases == again.cases
    assert not set(first.cases) & set(public.cases)


def test_a_command_imports_pytorch_only_if_it_must():
    script = "import sys, gradkit.cli.main; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
