"""Mutants: what operators make of the solution, when one is caught, and which ones are right answers too."""

import ast

import pytest
from gradkit.proof.mutants.differences import find_differences
from gradkit.proof.mutants.equivalents import Equivalent, find_reason, read_equivalents
from gradkit.proof.mutants.generation import generate_mutants
from gradkit.proof.mutants.operators import OPERATORS, Scope
from gradkit.proof.mutants.prove import MutantProof, prove_mutants
from gradkit.proof.mutants.results import open_results
from gradkit.proof.mutants.running import ItemsRun, load_mutant_suite, run_items
from gradkit.proof.mutants.summary import list_misses, make_record
from gradkit.proof.records import read_records

IN_CI = 250
"""The tests of the kit run one in this many mutants, `make prove` all of them."""

CAUGHT = ItemsRun(["a/test_one"], True, 1)


@pytest.fixture(scope="module")
def networks():
    """Return the mutants of nn.py."""
    return generate_mutants(("nn",))


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


def test_every_operator_is_used_and_no_two_mutants_compile_to_the_same():
    mutants = generate_mutants(("nn", "tensor"))
    assert {mutant.operator for mutant in mutants} == OPERATORS.keys()
    assert len({mutant.digest for mutant in mutants}) == len(mutants) >= 4_500


def test_docstrings_and_the_text_of_op_stay(networks):
    changed = [mutant.before for mutant in (*generate_mutants(("engine",)), *networks)]
    assert not [before for before in changed if before.startswith(("self._op", '"'))]


# --- when a mutant is caught -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mutant_suite():
    return load_mutant_suite()


def test_an_item_about_the_changed_function_catches_a_mutant_alone(networks, mutant_suite):
    mutant = find(networks, "Neuron.__call__", "total = total - w * xi")
    ((_, run),) = run_items([mutant], mutant_suite, 1)
    assert run == ItemsRun(["a4_networks/test_neuron"], True, 1)


def test_a_mutant_that_computes_the_same_is_not_caught(networks, mutant_suite):
    mutant = find(networks, "Neuron.__call__", "total = total + xi * w")
    ((_, run),) = run_items([mutant], mutant_suite, 1)
    assert not run.failed
    assert run.n_run > 10


def test_a_mutant_that_cannot_be_interrupted_ends_and_is_caught(networks, mutant_suite, monkeypatch):
    from dataclasses import replace

    from gradkit.submissions.bounded import Limits

    monkeypatch.setattr("gradkit.proof.mutants.running.LIMITS", Limits(512 << 20, 1, 20.0, 1 << 20))
    mutant = find(networks, "Neuron.__call__", "total = total - w * xi")
    hanging = replace(mutant, source=mutant.source.replace("total = self.b", "total = sum(iter(int, 1))"))
    ((_, run),) = run_items([hanging], mutant_suite, 1)
    assert run.is_caught


def test_a_sample_of_mutants_is_caught_or_computes_the_same_or_is_a_known_miss(tmp_path, monkeypatch):
    monkeypatch.setattr("gradkit.proof.mutants.results.results_folder", lambda: tmp_path)
    proofs = prove_mutants(generate_mutants(every=IN_CI), 2)
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
    assert found[right].n_programs > 500


def test_every_listed_equivalent_is_a_mutant():
    listed = read_equivalents()
    modules = tuple(dict.fromkeys(function.partition(".")[0] for each in listed for function in each.functions))
    mutants = generate_mutants(modules)
    for each in listed:
        found = {(f"{mutant.module}.{mutant.function}", mutant.after) for mutant in mutants if each.covers(mutant)}
        assert {function for function, _ in found} == set(each.functions), each
        assert {after for _, after in found} == set(each.after), each
        assert each.reason


def test_an_equivalent_covers_the_mutants_that_it_names(networks):
    mutant = find(networks, "Neuron.__call__", "total = total - w * xi")
    listed = [Equivalent("for a reason", ["nn.Neuron.__call__"], ["total = total - w * xi"])]
    assert find_reason(mutant, listed) == "for a reason"
    assert find_reason(find(networks, "Neuron.__call__", "total = total + xi * w"), listed) == ""


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


def test_the_record_counts_outcomes_and_names_every_miss(networks):
    nothing = ItemsRun([], False, 3)
    outcomes = {
        "caught": CAUGHT,
        "equivalent": nothing,
        "survived": nothing,
        "weakly caught": ItemsRun(["x"], False, 3),
    }
    proofs = [MutantProof(mutant, outcome, run) for mutant, (outcome, run) in zip(networks, outcomes.items())]
    record = make_record(proofs)
    assert [figure.now for figure in record.figures] == ["4", "33.33 %", "1", "1"]
    assert record.tables[0].rows[-1] == ["all", "4", "1", "1", "1", "1", "33.33 %"]
    assert len(record.misses) == 2
    assert networks[2].after in record.misses[0]
