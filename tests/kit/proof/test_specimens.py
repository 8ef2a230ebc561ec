"""The suites are strict and fair: only the named items catch a misconception, and a variant keeps its points."""

from collections import Counter
from dataclasses import replace

import msgspec
import pytest
from gradkit.catalogue.assignments import assignments, corpora_folder
from gradkit.errors import UserError
from gradkit.proof.counterexamples import measure_counterexamples, summarize
from gradkit.proof.held_proofs import (
    CI_SHARE,
    ProofRecord,
    compute_digests,
    is_in_share,
    read_proofs,
    specimens_in_ci,
    write_proofs,
)
from gradkit.proof.prove import (
    check_misconception,
    check_selection,
    check_variant,
    choose_specimens,
    hints_by_fingerprint,
    list_fingerprints,
    prove,
    record_proofs,
)
from gradkit.proof.runs import batches, find_primary_failures, run_batch
from gradkit.proof.shown_programs import check_programs
from gradkit.proof.specimens import EditError, read_misconceptions, read_variants, write_misconception
from gradkit.suite.collection import graded_tests
from gradkit.suite.diagnosis.fingerprints import DIAGNOSES

MISCONCEPTIONS, VARIANTS = read_misconceptions(), read_variants()
COURSE = [test for assignment in assignments() for test in graded_tests(assignment)]
IN_CI = specimens_in_ci(COURSE)


class Proofs:
    """What each specimen's results prove, by name."""

    def __init__(self, graded_specimens):
        self._graded = graded_specimens

    def __getitem__(self, name):
        results = self._graded[name].results
        if name in VARIANTS:
            return check_variant(name, VARIANTS[name], results)
        return check_misconception(name, MISCONCEPTIONS[name], results)


@pytest.fixture(scope="module")
def proofs(graded_specimens):
    return Proofs(graded_specimens)


@pytest.fixture
def proof(request, proofs):
    """Return what the results of a specimen prove. The first request for a batch grades all of it."""
    return proofs[request.param]


@pytest.mark.parametrize("proof", [name for name in IN_CI if name in MISCONCEPTIONS], indirect=True)
def test_a_misconception_fails_its_items_and_only_items_that_depend_on_them(proof):
    assert proof.reason == ""
    assert find_primary_failures(proof.results) == set(MISCONCEPTIONS[proof.name].caught_by) != set()


@pytest.mark.parametrize("proof", [name for name in IN_CI if name in VARIANTS], indirect=True)
def test_a_variant_has_all_points_except_for_what_its_design_gives_up(proof):
    assert proof.reason == ""


def test_every_program_that_is_shown_prints_the_numbers_that_are_shown_with_it(graded_specimens, specimens):
    in_ci = [name for name in IN_CI if name in MISCONCEPTIONS]
    checked = check_programs(specimens, {name: graded_specimens[name].results.values() for name in in_ci})
    assert [program for programs in checked.values() for program in programs if program.fault] == []
    assert sum(program.check == "numbers" for programs in checked.values() for program in programs) > 80


def test_a_program_that_shows_something_else_fails_the_proof(proofs, specimens):
    proof = proofs["tanh_overwrites"]
    (item,) = proof.caught_by
    result = proof.results[item]
    (row, *_) = result.evidence.rows
    other = msgspec.structs.replace(row, yours=row.yours + 1)
    changed = msgspec.structs.replace(
        result, evidence=msgspec.structs.replace(result.evidence, rows=(other, *result.evidence.rows[1:]))
    )
    checked = check_programs(specimens, {"tanh_overwrites": [changed, result]})["tanh_overwrites"]
    wrong = replace(proof, programs=tuple(checked))
    assert (wrong.wrong_results, [program.item for program in wrong.wrong_programs]) == ("", [item])
    assert wrong.reason.startswith(f"{item} shows a program that prints")
    assert replace(proof, programs=tuple(checked[1:])).reason == ""


def test_the_sizes_of_counterexamples_and_their_first_wrong_nodes_are_measured(graded_specimens):
    names = ("tanh_overwrites", "exp_overwrites")
    results_of = {name: graded_specimens[name].results.values() for name in names}
    measured = measure_counterexamples(MISCONCEPTIONS, results_of)
    assert {each.specimen for each in measured} == set(names)
    assert all(each.is_origin_right and each.origin for each in measured)
    assert all(each.n_operations <= 3 for each in measured)

    # tanh is not what is wrong where exp is, so the same node is wrong of another edit.
    swapped = {names[0]: MISCONCEPTIONS[names[1]], names[1]: MISCONCEPTIONS[names[0]]}
    summary = summarize(measure_counterexamples(swapped, results_of))
    assert (summary.n_programs, summary.n_origins, len(summary.wrong_origins)) == (2, 2, 2)


def test_a_classic_recursive_engine_loses_only_depth_and_stability(proofs):
    lost = find_primary_failures(proofs["classic_recursive"].results)
    assert lost == {"a2_backprop/test_depth", "a3_activations/test_stability"}


def test_there_are_specimens_of_every_kind():
    kinds = Counter(misconception.kind for misconception in MISCONCEPTIONS.values())
    assert kinds.keys() == {"operation", "form", "order", "wiring", "training"}
    assert min(kinds.values()) >= 3
    assert sum(kinds.values()) >= 450
    assert len(VARIANTS) >= 60


def test_the_recorded_diagnoses_match_a_new_run(proofs):
    records = read_proofs()
    recorded = msgspec.json.decode((corpora_folder() / DIAGNOSES).read_bytes())
    assert recorded == hints_by_fingerprint({name: records[name].fingerprints for name in MISCONCEPTIONS})
    assert len(recorded) >= 25
    in_ci = [name for name in IN_CI if name in MISCONCEPTIONS]
    assert {name: records[name].fingerprints for name in in_ci} == {
        name: list_fingerprints(proofs[name]) for name in in_ci
    }


def test_ci_proves_a_fixed_share_of_the_specimens_and_whatever_its_record_does_not_cover(monkeypatch):
    every = compute_digests(COURSE)
    share = {name for name in every if is_in_share(name, CI_SHARE)}
    assert len(every) / (CI_SHARE + 1) < len(share) < len(every) / (CI_SHARE - 1)

    records = {name: ProofRecord(digest, []) for name, digest in every.items()}
    changed, missing = sorted(every.keys() - share)[:2]
    records[changed] = ProofRecord("another digest", [])
    del records[missing]
    monkeypatch.setattr("gradkit.proof.held_proofs.read_proofs", lambda: records)
    assert set(specimens_in_ci(COURSE)) == share | {changed, missing}


def test_a_proof_is_recorded_if_it_holds_and_the_other_records_stay(proofs, tmp_path, monkeypatch):
    before = read_proofs()
    monkeypatch.setattr("gradkit.proof.held_proofs.find_record_file", lambda: tmp_path / "recorded.json")
    monkeypatch.setattr("gradkit.proof.prove.corpora_folder", lambda: tmp_path)
    without_tanh = {name: record for name, record in before.items() if name != "tanh_overwrites"}
    write_proofs(without_tanh)

    broken = replace(proofs["exp_overwrites"], wrong_results="also fails another item")
    record_proofs([proofs["tanh_overwrites"], broken])
    after = {name: record for name, record in before.items() if name != "exp_overwrites"}
    assert read_proofs() == after
    hints = msgspec.json.decode((tmp_path / DIAGNOSES).read_bytes())
    assert hints == hints_by_fingerprint({name: record.fingerprints for name, record in after.items()})


def test_specimens_are_chosen_by_name():
    assert choose_specimens() == [*VARIANTS, *MISCONCEPTIONS]
    assert choose_specimens(["tanh_overwrites", "tape"]) == ["tape", "tanh_overwrites"]
    with pytest.raises(
        UserError, match=r"is no misconception or variant 'tanh_overwrite'\. Similar names: tanh_overwrites"
    ):
        choose_specimens(["tanh_overwrite"])


def test_proving_without_a_sandbox_gives_the_results_of_grading_with_one(monkeypatch, proofs, selection):
    few = {"tanh_overwrites": MISCONCEPTIONS["tanh_overwrites"]}
    for module in ("prove", "runs"):
        monkeypatch.setattr(f"gradkit.proof.{module}.read_misconceptions", lambda: few)
    monkeypatch.setattr("gradkit.proof.prove.read_variants", lambda: {"tape": VARIANTS["tape"]})
    monkeypatch.setattr("gradkit.proof.prove.Selection", lambda: selection)
    done = []
    found = prove(done.append)
    assert sorted(done) == ["tanh_overwrites", "tape"]
    assert [replace(proof, programs=()) for proof in found] == [proofs["tanh_overwrites"], proofs["tape"]]
    assert [(each.check, each.fault) for proof in found for each in proof.programs] == [("numbers", "")]


@pytest.fixture(scope="module")
def tanh_overwrites(specimens):
    """Return the run of a misconception on all items, without a sandbox."""
    (batch,) = batches(["tanh_overwrites"])
    (run,) = run_batch(batch, specimens)
    return run.results


def test_running_only_the_selected_items_gives_the_results_of_running_all(tanh_overwrites, proofs):
    assert proofs["tanh_overwrites"].results == tanh_overwrites


def test_a_selection_that_misses_an_item_fails_the_proof(tanh_overwrites, proofs):
    proof = proofs["tanh_overwrites"]
    assert check_selection(proof, tanh_overwrites).reason == ""
    passed = next(name for name in tanh_overwrites if name not in proof.caught_by)
    missed = {**tanh_overwrites, proof.caught_by[0]: tanh_overwrites[passed]}
    assert proof.caught_by[0] in check_selection(proof, missed).reason


def test_an_item_that_misses_a_misconception_fails_the_proof(tanh_overwrites):
    misconception = MISCONCEPTIONS["tanh_overwrites"]
    elsewhere = msgspec.structs.replace(misconception, caught_by=["a1_expressions/test_addition"])
    assert check_misconception("it", misconception, tanh_overwrites).reason == ""
    assert check_misconception("it", elsewhere, tanh_overwrites).reason == (
        "also fails a3_activations/test_tanh_collects: add it to caught_by, or give the item a `needs`; "
        "does not fail a1_expressions/test_addition: remove it from caught_by, or make the item stricter"
    )


def test_an_edit_that_does_not_fit_the_solution_is_refused(tmp_path):
    misconception = MISCONCEPTIONS["tanh_overwrites"]
    edit = msgspec.structs.replace(misconception.edits[0], old="no such line")
    with pytest.raises(EditError, match="occurs 0 times"):
        write_misconception(msgspec.structs.replace(misconception, edits=[edit]), tmp_path / "it")
