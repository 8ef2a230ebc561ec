"""The suites are strong and fair: a misconception is caught by its own items alone, a variant keeps its marks."""

from collections import Counter

import msgspec
import pytest
from gradkit.catalogue.assignments import corpora_folder
from gradkit.proof.prove import hints_by_fingerprint, judged, prove
from gradkit.proof.runs import primaries
from gradkit.proof.specimens import misconceptions, variants, write_misconception
from gradkit.suite.diagnosis import DIAGNOSES


@pytest.fixture(scope="module")
def proofs(graded_specimens):
    records = {name: report.results().by_id for name, report in graded_specimens.items() if name != "solution"}
    return {proof.name: proof for proof in judged(records)}


@pytest.mark.parametrize("name", misconceptions())
def test_a_misconception_fails_its_own_items_and_none_that_does_not_depend_on_them(proofs, name):
    assert proofs[name].complaint == ""
    assert primaries(proofs[name].record) == set(misconceptions()[name].caught_by) != set()


@pytest.mark.parametrize("name", variants())
def test_a_variant_keeps_full_marks_but_for_what_its_design_gives_up(proofs, name):
    assert proofs[name].complaint == ""


def test_a_classic_recursive_engine_loses_depth_and_stability_alone(proofs):
    lost = primaries(proofs["classic_recursive"].record)
    assert lost == {"a2_backprop/test_depth", "a3_activations/test_stability"}


def test_there_are_specimens_of_every_kind():
    kinds = Counter(mistake.kind for mistake in misconceptions().values())
    assert kinds.keys() == {"operation", "form", "order", "wiring", "training"}
    assert min(kinds.values()) >= 3
    assert sum(kinds.values()) >= 280
    assert len(variants()) >= 20


def test_the_recorded_diagnoses_are_those_of_today(proofs):
    recorded = msgspec.json.decode((corpora_folder() / DIAGNOSES).read_bytes())
    assert recorded == hints_by_fingerprint(list(proofs.values()))
    assert len(recorded) >= 25


def test_proving_needs_no_sandbox_and_shows_what_grading_in_one_does(monkeypatch, proofs):
    few = {"tanh_overwrites": misconceptions()["tanh_overwrites"]}
    monkeypatch.setattr("gradkit.proof.prove.misconceptions", lambda: few)
    monkeypatch.setattr("gradkit.proof.prove.variants", lambda: {"tape": variants()["tape"]})
    done = []
    found = prove(done.append)
    assert sorted(done) == ["tanh_overwrites", "tape"]
    assert found == [proofs["tanh_overwrites"], proofs["tape"]]


def test_an_item_that_misses_a_misconception_is_complained_of(tmp_path, asking_for):
    mistake = misconceptions()["tanh_overwrites"]
    elsewhere = msgspec.structs.replace(mistake, caught_by=["a1_expressions/test_addition"])
    from gradkit.proof.prove import judge_misconception
    from gradkit.proof.runs import run_all

    write_misconception(mistake, tmp_path / "it")
    ((_, record),) = run_all({"it": tmp_path / "it"}, asking_for("tanh_overwrites"))
    assert judge_misconception("it", mistake, record).complaint == ""
    assert "not caught by ['a1_expressions/test_addition']" in judge_misconception("it", elsewhere, record).complaint


def test_an_edit_that_does_not_fit_the_solution_is_refused(tmp_path):
    mistake = misconceptions()["tanh_overwrites"]
    with pytest.raises(ValueError, match="stands 0 times"):
        write_misconception(
            msgspec.structs.replace(mistake, edits=[msgspec.structs.replace(mistake.edits[0], old="no such line")]),
            tmp_path / "it",
        )
