"""The functions that a misconception edits, and whether what it changes lasts longer than their calls."""

import pytest
from gradkit.proof.edited_functions import (
    changed_definitions,
    changes_lasting_state,
    edited_definitions,
    edited_functions,
)

CLOSURE = "engine.Value.tanh.<locals>._backward"


def test_an_edit_in_a_closure_edits_only_the_closure(misconception):
    edit = ("self.grad += (1 - out.data**2) * out.grad", "self.grad = (1 - out.data**2) * out.grad")
    assert edited_functions(misconception(edit)) == {CLOSURE}


def test_lines_that_move_are_not_edited(misconception):
    assert edited_functions(misconception(("import math\n", "import math\n\n\n"))) == set()


@pytest.mark.parametrize(
    "edit",
    [
        ("import math\n", "import maths\n"),
        ("class Value:\n", "class Value:\n    count = 0\n"),
        ('def __init__(self, data, _children=(), _op=""', 'def __init__(self, data, _children=[], _op=""'),
        ("def tanh(self)", "def tangent(self)"),
    ],
)
def test_an_edit_outside_functions_may_change_every_item(misconception, edit):
    assert edited_functions(misconception(edit)) is None


@pytest.mark.parametrize(
    ("line", "lasts"),
    [
        ("self.grad = 0.0", False),
        ("self.grad, other.grad = 0.0, 1.0", False),
        ("found = []; found.append(self); found[0] = 1", False),
        ("return math.exp(self.data)", False),
        ("global count", True),
        ("Value.count = 1", True),
        ("Value.count += 1", True),
        ("Value.made[0] = 1", True),
        ("type(self).count = 1", True),
        ("self.__class__.count = 1", True),
        ("del Value.count", True),
        ("CACHE[self] = 1", True),
        ("CACHE.append(self)", True),
        ("random.seed(0)", True),
        ("np.random.seed(0)", True),
        ("math.count = 1", True),
    ],
)
def test_state_that_lasts_longer_than_a_call_is_noticed(line, lasts):
    source = (
        "import math\nimport random\nimport numpy as np\nCACHE = []\n"
        f"class Value:\n    def exp(self, other):\n        def inner():\n            {line}\n"
    )
    assert changes_lasting_state(source, {"Value.exp.<locals>.inner"}) is lasts
    assert not changes_lasting_state(source, {"Value.log"})


@pytest.mark.parametrize(
    ("edit", "edited"),
    [
        (("self.grad += (1 - out.data**2) * out.grad", "pass"), {"engine.Value.tanh"}),
        (("data, _children=()", "data, _children=[]"), {"engine.Value.__init__"}),
        (("import math\n", "import math\n\n\n"), set()),
        (("import math\n", "import maths\n"), None),
        (("class Value:\n", "class Value:\n    count = 0\n"), None),
        (("def tanh(self)", "def tangent(self)"), None),
    ],
)
def test_an_edit_of_definitions_alone_names_them(misconception, edit, edited):
    assert edited_definitions(misconception(edit)) == edited


def test_a_definition_that_only_one_text_has_is_changed():
    before = "class A:\n    def f(self): return 1\n    def g(self): return 2\n"
    after = "LIMIT = 3\nclass A:\n    def g(self): return 2\n    def h(self): return 1\n"
    assert changed_definitions(before, after) == {"A.f", "A.h"}
