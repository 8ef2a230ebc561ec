"""The student's template: it is made from the reference without its bodies, and every stub says what to write."""

import ast

import pytest
from gradkit.catalogue.assignments import assignments
from gradkit.course.stubs import UnassignedError, assignments_by_name, find_outdated_stubs, make_stubs


@pytest.fixture(params=["engine", "nn", "training", "tensor"])
def module(request):
    return request.param


@pytest.fixture
def both(root, module):
    """Return the texts of a module in the reference and in the template."""
    folders = ("reference/solution", "student_template")
    return [(root / folder / f"{module}.py").read_text(encoding="utf-8") for folder in folders]


def test_every_module_of_the_reference_is_tested_here(root):
    assert {path.stem for path in (root / "reference/solution").glob("*.py")} == {"engine", "nn", "training", "tensor"}


def functions(source):
    """Return every function and every method of a class by its path."""
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = node
        elif isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{item.name}": item for item in node.body if isinstance(item, ast.FunctionDef)}
    return found


def test_the_template_matches_the_reference(root):
    assert find_outdated_stubs(root / "reference/solution", root / "student_template", assignments()) == {}


def test_a_stub_keeps_signature_and_docstring_and_says_which_assignment_asks(both, module):
    wanted, stubs = map(functions, both)
    asked = assignments_by_name(assignments(), module)
    assert stubs.keys() == wanted.keys() == asked.keys()
    for name, stub in stubs.items():
        assert ast.dump(stub.args) == ast.dump(wanted[name].args)
        assert ast.get_docstring(stub) == ast.get_docstring(wanted[name])
        assert ast.unparse(stub.body[-1]) == f"raise NotImplementedError('{asked[name]}: write {name}')"
        assert len(stub.body) == 2


@pytest.mark.parametrize("module", ["nn", "tensor"])
def test_where_a_list_of_parameters_is_asked_for_a_tuple_and_a_generator_are_named_too(both, module):
    (first, *_) = [stub for name, stub in functions(both[1]).items() if name.endswith(".parameters")]
    assert "A tuple or a generator is right as well." in ast.get_docstring(first)


def test_no_line_of_a_body_leaks_into_the_template(both):
    solution, template = both
    bodies = {
        line.strip()
        for function in functions(solution).values()
        for statement in function.body[1:]
        for line in ast.unparse(statement).splitlines()
    }
    shown = {line.strip() for function in functions(template).values() for line in ast.unparse(function).splitlines()}
    assert bodies
    assert not bodies & shown


def test_private_helpers_are_removed():
    source = (
        "_TABLE = 1\n\n\ndef _helper():\n    return 1\n\n\nclass _Hidden:\n    pass\n\n\n"
        "class V:\n    def f(self):\n        return _helper()\n"
    )
    made = make_stubs(source, {"V.f": "a1"})
    assert "_helper" not in made
    assert "_Hidden" not in made
    assert 'raise NotImplementedError("a1: write V.f")' in made


def test_a_public_function_that_no_assignment_asks_for_is_an_error():
    with pytest.raises(UnassignedError, match=r"asks for V\.f"):
        make_stubs("class V:\n    def f(self):\n        return 1\n", {})


def test_every_docstring_begins_with_the_assignment_that_asks_for_it_and_has_one_to_three_lines(both, module):
    asked = assignments_by_name(assignments(), module)
    for name, function in functions(both[0]).items():
        text = ast.get_docstring(function)
        assert text, f"{name} has no docstring"
        assert text.startswith(f"{asked[name]}: "), f"{name}'s docstring does not begin with {asked[name]}"
        assert len(text.splitlines()) <= 3, f"{name}'s docstring has more than three lines"


def test_a_stub_s_body_begins_with_a_statement(both):
    """A comment there would be above the line that begins the solution in a notebook, so students would see it."""
    for name, function in functions(both[0]).items():
        docstring, first = function.body[:2]
        assert first.lineno == docstring.end_lineno + 1, f"{name} begins with a comment or an empty line"


def test_a_blank_line_separates_a_closure_from_the_line_that_stores_it(both):
    lines = both[0].splitlines()
    kept = [number for number, line in enumerate(lines) if line.strip() == "out._backward = _backward"]
    assert all(lines[number - 1] == "" and lines[number + 1] == "        return out" for number in kept)
