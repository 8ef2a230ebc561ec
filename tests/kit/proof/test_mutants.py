"""Mutants: what operators make of the solution, when one is caught, and which ones are right answers too."""

import ast
import shutil
from dataclasses import replace

import msgspec
import pytest
from gradkit.proof.errors import ProofError
from gradkit.proof.mutants import results
from gradkit.proof.mutants.differences import find_differences
from gradkit.proof.mutants.equivalents import Equivalent, find_reason, read_equivalents
from gradkit.proof.mutants.generation import MODULES, generate_mutants
from gradkit.proof.mutants.operators import OPERATORS, Scope
from gradkit.proof.mutants.programs import programs_for
from gradkit.proof.mutants.prove import MutantProof, prove_mutants
from gradkit.proof.mutants.results import digest_items, digest_programs, open_results
from gradkit.proof.mutants.running import TOGETHER, ItemsRun, run_items
from gradkit.proof.mutants.suite import load_mutant_suite
from gradkit.proof.mutants.summary import list_misses, make_record
from gradkit.proof.records import read_records
from gradkit.proof.specimens import reference_folder

IN_CI = 250
"""The tests of the kit run one in this many mutants, `make prove` all of them."""

CAUGHT = ItemsRun({"a/test_one": "failed"}, True, 1)

NEURON = "a4_networks/test_neuron"


@pytest.fixture(scope="module")
def mutants():
    """Return all mutants."""
    return generate_mutants()


@pytest.fixture(scope="module")
def networks(mutants):
    """Return the mutants of nn.py."""
    return [mutant for mutant in mutants if mutant.module == "nn"]


def find(mutants, function, after):
    """Return the mutant of a function in which a statement became another one."""
    (found,) = [mutant for mutant in mutants if mutant.function == function and mutant.after == after]
    return found


# --- what operators make ---------------------------------------------------------------------------------------------

EXAMPLES = [
    ("arithmetic", "a - b", "a * b"),
    ("drop an operand", "a - b", "b"),
    ("swap operands", "a - b", "b - a"),
    ("repeat an operand", "a * b", "a * a"),
    ("regroup", "(a + b) * c", "a + b * c"),
    ("constant", "2", "1"),
    ("constant", "0.5", "0.505"),
    ("truth value", "True", "False"),
    ("sign", "a * b", "-(a * b)"),
    ("scale", "a * b", "1.01 * (a * b)"),
    ("drop a sign", "-a", "a"),
    ("comparison", "a > b", "a >= b"),
    ("comparison", "a is b", "a == b"),
    ("and, or", "a and b", "a or b"),
    ("condition", "a > b", "not a > b"),
    ("choice", "a if b else c", "c if b else a"),
    ("delete a statement", "a.append(b)", "pass"),
    ("repeat a statement", "a += b", "a += b; a += b"),
    ("return early", "a += b", "return"),
    ("assignment", "a += b", "a = b"),
    ("assignment", "a = b", "a += b"),
    ("result", "return a", "return b"),
    ("function", "math.exp(a)", "math.log(a)"),
    ("drop a call", "a.tanh()", "a"),
    ("arguments", "f(a, b)", "f(b, a)"),
    ("keywords", "f(a, axis=1)", "f(a, axis=None)"),
    ("call twice", "a.f().exp()", "a.f().exp().exp()"),
    ("variable", "a", "b"),
    ("attribute", "a.data", "a.grad"),
    ("target", "a.grad += c", "b.grad += c"),
    ("container", "[f() for _ in c]", "[f()] * len(list(c))"),
    ("slice", "a[:, None]", "a[None, :]"),
]


@pytest.mark.parametrize(("operator", "before", "after"), EXAMPLES)
def test_an_operator_makes_its_change(operator, before, after):
    node = ast.parse(before).body[0]
    node = node.value if isinstance(node, ast.Expr) and operator != "delete a statement" else node
    scope = Scope(("a", "b"), (ast.Module([], []),))
    made = []
    for replacement in OPERATORS[operator](node, scope):
        statements = replacement if isinstance(replacement, list) else [ast.Expr(replacement)]
        made.append("; ".join(ast.unparse(ast.fix_missing_locations(each)) for each in statements))
    assert after in made


@pytest.mark.parametrize(
    ("function", "after"),
    [
        ("Neuron.__call__", "for w, xi in list(zip(self.w, x))[:-1]:"),
        ("Neuron.__call__", "break"),
        ("MLP.__init__", "last = len(nouts) - 1; sizes = [nin, *nouts]"),
    ],
)
def test_operators_of_loops_and_blocks_make_mutants_of_the_solution(networks, function, after):
    assert find(networks, function, after)


def test_every_operator_is_used_and_no_two_mutants_compile_to_the_same(mutants):
    assert {mutant.operator for mutant in mutants} == OPERATORS.keys()
    assert len({mutant.digest for mutant in mutants}) == len(mutants) >= 9_000


def test_docstrings_and_the_text_of_op_stay(mutants):
    changed = [mutant.before for mutant in mutants]
    assert not [before for before in changed if before.startswith(("self._op", '"'))]


# --- when a mutant is caught -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mutant_suite():
    return load_mutant_suite()


@pytest.fixture
def neuron(networks):
    """Return a function that makes a mutant of nn.py that computes what the solution does, after some other code."""
    right = find(networks, "Neuron.__call__", "total = total + xi * w")

    def make(code, of_file=False):
        line = "import random\n" if of_file else "        total = self.b\n"
        assert right.source.count(line) == 1
        return replace(right, source=right.source.replace(line, line + code))

    return make


@pytest.fixture
def neuron_suite(mutant_suite):
    """Return the suite with two items for a mutant, the first of which is about the neuron's call."""
    tests = [test for test in mutant_suite.suite.tests if test.item.id in (NEURON, "a4_networks/test_layer")]
    return replace(mutant_suite, suite=replace(mutant_suite.suite, tests=tuple(tests)))


def run_on(mutant, suite):
    """Return what the items show of a mutant."""
    ((_, run),) = run_items([mutant], suite, 1)
    return run


def test_an_item_about_the_changed_function_catches_a_mutant_alone(networks, mutant_suite):
    run = run_on(find(networks, "Neuron.__call__", "total = total - w * xi"), mutant_suite)
    assert run == ItemsRun({NEURON: "failed"}, True, 1)


def test_a_mutant_that_computes_the_same_is_not_caught(networks, mutant_suite):
    run = run_on(find(networks, "Neuron.__call__", "total = total + xi * w"), mutant_suite)
    assert not run.failed
    assert run.n_run > 10


@pytest.mark.parametrize("hanging", ["while True:\n            pass", "sum(iter(int, 1))"], ids=["in Python", "in C"])
def test_a_mutant_that_hangs_is_caught_by_a_timeout(neuron, neuron_suite, monkeypatch, hanging):
    monkeypatch.setattr("gradkit.proof.mutants.running.QUICK_SECONDS", 0.1)
    monkeypatch.setattr("gradkit.proof.mutants.running.SPARE_SECONDS", 0.4)
    monkeypatch.setattr("gradkit.proof.mutants.running.TOGETHER", replace(TOGETHER, cpu_seconds=1))
    run = run_on(neuron(f"        {hanging}\n"), replace(neuron_suite, seconds=dict.fromkeys(neuron_suite.about, 0.1)))
    assert run.failed == {NEURON: "timeout"}
    assert run.is_caught_by_limits


SLOW_ONCE = """
        import time
        end = time.process_time() + 0.1
        while not hasattr(Neuron, "was_slow") and time.process_time() < end:
            pass
        Neuron.was_slow = True
"""


def test_a_mutant_that_is_slow_but_within_the_limit_of_its_assignment_is_not_caught(neuron, neuron_suite, monkeypatch):
    monkeypatch.setattr("gradkit.proof.mutants.running.QUICK_SECONDS", 0.05)
    assert run_on(neuron(SLOW_ONCE), neuron_suite) == ItemsRun({}, False, 2)


KILLED = """
import os, pathlib, signal
if not (flag := pathlib.Path({flag!r})).exists():
    flag.touch()
    os.kill(os.getpid(), signal.{signal})
"""


@pytest.mark.parametrize("signal", ["SIGKILL", "SIGXCPU"])
def test_a_process_that_is_killed_once_does_not_count_as_caught(neuron, neuron_suite, tmp_path, signal):
    killed = neuron(KILLED.format(flag=str(tmp_path / "flag"), signal=signal), of_file=True)
    assert run_on(killed, neuron_suite) == ItemsRun({}, False, 2)
    assert (tmp_path / "flag").exists()


@pytest.mark.parametrize(("signal", "reason"), [("SIGKILL", "memory"), ("SIGXCPU", "busy")])
def test_a_mutant_whose_processes_are_always_killed_has_no_result(neuron, neuron_suite, tmp_path, signal, reason):
    killed = neuron(KILLED.format(flag=str(tmp_path / "no folder/flag"), signal=signal), of_file=True)
    killed = replace(killed, source=killed.source.replace("    flag.touch()\n", ""))
    with pytest.raises(ProofError, match=f"Run the same command again: .* nn.Neuron.__call__, .*{reason}"):
        run_on(killed, neuron_suite)


def test_a_mutant_that_ends_its_process_alone_is_caught_as_crashed(neuron, neuron_suite):
    run = run_on(neuron("        import os\n        os.kill(os.getpid(), 11)\n"), neuron_suite)
    assert run.failed == {NEURON: "crashed"}


def test_a_sample_of_mutants_is_caught_or_computes_the_same_or_is_a_known_miss(
    mutants, mutant_suite, tmp_path, monkeypatch
):
    monkeypatch.setattr("gradkit.proof.mutants.results.results_folder", lambda: tmp_path)
    monkeypatch.setattr("gradkit.proof.mutants.prove.load_mutant_suite", lambda: mutant_suite)
    proofs = prove_mutants(mutants[::IN_CI], 2)
    assert len(proofs) >= 25
    known = [miss for record in read_records() if record.part == "mutants" for miss in record.misses]
    assert set(list_misses(proofs)) <= set(known)


# --- which ones are right --------------------------------------------------------------------------------------------


def test_programs_tell_a_wrong_mutant_from_one_that_computes_the_same(networks):
    wrong = find(networks, "MLP.__init__", "last = len(nouts) + 1")
    right = find(networks, "Neuron.__call__", "total = total + xi * w")
    found = dict(find_differences([wrong, right], 1))
    assert "linear_last=True" in found[wrong].program
    assert found[right].program == ""
    assert found[right].n_programs >= 2_000


@pytest.mark.parametrize("module", MODULES)
def test_thousands_of_programs_are_run_for_each_file(module):
    assert len(set(programs_for(module))) >= 2_000


def test_every_listed_equivalent_is_a_mutant(mutants):
    for each in read_equivalents():
        found = {(f"{mutant.module}.{mutant.function}", mutant.after) for mutant in mutants if each.covers(mutant)}
        assert {function for function, _ in found} == set(each.functions), each
        assert {after for _, after in found} == set(each.after), each
        assert each.reason


def test_an_equivalent_covers_the_mutants_that_it_names(networks):
    mutant = find(networks, "Neuron.__call__", "total = total - w * xi")
    listed = [Equivalent("for a reason", ["nn.Neuron.__call__"], ["total = total - w * xi"])]
    assert find_reason(mutant, listed) == "for a reason"
    assert find_reason(find(networks, "Neuron.__call__", "total = total + xi * w"), listed) == ""


def test_every_listed_equivalent_is_needed_because_programs_show_a_difference(mutants):
    listed = read_equivalents()
    found = dict(find_differences([mutant for mutant in mutants if find_reason(mutant, listed)], 2))
    for each in listed:
        assert any(difference.program for mutant, difference in found.items() if each.covers(mutant)), each


def test_a_mutant_that_is_listed_as_right_and_fails_an_item_is_a_miss(networks, monkeypatch, tmp_path):
    mutant = find(networks, "Neuron.__call__", "total = total + xi * w")
    listed = [Equivalent("a * b is b * a.", ["nn.Neuron.__call__"], [mutant.after])]
    monkeypatch.setattr("gradkit.proof.mutants.results.results_folder", lambda: tmp_path)
    monkeypatch.setattr("gradkit.proof.mutants.prove.read_equivalents", lambda: listed)
    open_results("items", digest_items(), ItemsRun).add(mutant.digest, CAUGHT)
    proofs = prove_mutants([mutant], 1)
    assert [proof.outcome for proof in proofs] == ["unfairly caught"]
    assert "listed as right, and a/test_one fails" in list_misses(proofs)[0]


# --- results ---------------------------------------------------------------------------------------------------------


def test_results_are_kept_until_what_they_depend_on_changes(tmp_path, monkeypatch):
    monkeypatch.setattr("gradkit.proof.mutants.results.results_folder", lambda: tmp_path)
    open_results("items", "one suite", ItemsRun).add("digest", CAUGHT)
    with (tmp_path / "items.jsonl").open("a") as file:
        file.write('["the run was killed wh')
    assert open_results("items", "one suite", ItemsRun).by_digest == {"digest": CAUGHT}
    open_results("items", "one suite", ItemsRun).add("after the kill", CAUGHT)
    assert list(open_results("items", "one suite", ItemsRun).by_digest) == ["digest", "after the kill"]
    assert open_results("items", "another suite", ItemsRun).by_digest == {}


@pytest.mark.parametrize("digest", [digest_items, digest_programs])
def test_results_depend_on_the_rest_of_the_solution(digest, tmp_path, monkeypatch):
    before = digest()
    shutil.copytree(reference_folder() / "solution", tmp_path / "solution")
    monkeypatch.setattr(results, "reference_folder", lambda: tmp_path)
    with (tmp_path / "solution/engine.py").open("a") as file:
        file.write("# another solution\n")
    assert digest() != before


@pytest.mark.parametrize("digest", [digest_items, digest_programs])
def test_results_depend_on_the_version_of_python(digest, monkeypatch):
    before = digest()
    monkeypatch.setattr("platform.python_version", lambda: "3.11.0")
    assert digest() != before


def test_results_of_items_depend_on_the_limits_of_the_assignments(monkeypatch):
    before = digest_items()
    changed = [msgspec.structs.replace(each, item_seconds=1) for each in results.assignments()]
    monkeypatch.setattr(results, "assignments", lambda: changed)
    assert digest_items() != before


def test_the_record_counts_outcomes_and_names_every_miss(networks):
    nothing = ItemsRun({}, False, 3)
    outcomes = [
        ("caught", CAUGHT),
        ("caught", ItemsRun({"a/test_one": "timeout"}, True, 1)),
        ("equivalent", nothing),
        ("listed as equivalent", nothing),
        ("survived", nothing),
        ("weakly caught", ItemsRun({"x": "failed"}, False, 3)),
        ("unfairly caught", CAUGHT),
    ]
    proofs = [MutantProof(mutant, outcome, run, "why") for mutant, (outcome, run) in zip(networks, outcomes)]
    record = make_record(proofs)
    assert [figure.now for figure in record.figures] == ["7", "50 %", "1", "1", "1", "2", "1", "1"]
    assert record.tables[0].rows[-1] == ["all", "7", "2", "1", "2", "1", "1", "1", "50 %"]
    assert record.tables[2].rows[0][1] == "why"
    assert [networks[k].after in miss for k, miss in zip((4, 5, 6), record.misses, strict=True)] == [True] * 3
