"""Subject: one proxy class for all objects of a student, whose methods never take part in a verdict."""

import math
import operator

import pytest
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.submissions.transport.subject import decisions, numbers


@pytest.fixture
def Value(load_value, solution):
    """Return the subject of the reference's Value."""
    return load_value(solution())


# --- what passes through ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv", "pow"])
def test_operators_work_between_values_and_with_numbers_on_either_side(Value, name):
    apply = getattr(operator, name)
    for left, right in [(Value(1.5), Value(2.5)), (1.5, Value(2.5)), (Value(1.5), 2.5), (Value(1.5), 2)]:
        number = getattr(left, "data", left), getattr(right, "data", right)
        assert apply(left, right).data == pytest.approx(apply(*number))


IN_PLACE = """
class Value:
    def __init__(self, data):
        self.data = data
    def __iadd__(self, other):
        self.data += other.data
        return self
    def __mul__(self, other):
        return Value(self.data * other.data)
"""


def test_an_augmented_assignment_runs_the_student_s_own_method(load_value):
    value_class = load_value(IN_PLACE)
    a = total = value_class(2.0)
    total += value_class(3.0)
    assert total is a
    assert a.data == 5.0


def test_an_augmented_assignment_falls_back_on_the_operator(load_value):
    value_class = load_value(IN_PLACE)
    a = product = value_class(2.0)
    product *= value_class(3.0)
    assert (a.data, product.data) == (2.0, 6.0)


def test_minus_sum_functions_and_backward_work(Value):
    x = Value(2.0)
    total = sum([-x, x.exp(), x * x])
    total.backward()
    assert total.data == -2.0 + math.exp(2.0) + 4.0
    assert x.grad == -1.0 + math.exp(2.0) + 4.0


def test_one_object_has_one_subject(Value):
    a, b = Value(1.0), Value(1.0)
    c = a * b
    first, second = c._prev
    assert first is a
    assert second is b
    assert a is not b


def test_keyword_arguments_reach_the_student_s_code(Value):
    a = Value(data=1.0)
    assert Value(_op="+", data=2.0, _children=(a,)).data == 2.0


PAIR = """
class Value:
    def __init__(self, first, other=None):
        self.first, self.other = first, other
    def parts(self):
        return {each: 0 for each in (1, 2, 3)}
"""


def test_subjects_inside_keyword_arguments_arrive_as_the_objects_themselves(load_value):
    pair = load_value(PAIR)
    inner = pair(1.0)
    assert pair(2.0, other=inner).other is inner


def test_any_iterable_can_be_iterated_and_counted(load_value):
    parts = load_value(PAIR)(1).parts()
    assert len(parts) == 3
    assert len(list(parts)) == 3


def test_numbers_can_be_written_and_come_back_as_floats(Value):
    x = Value(3)
    assert type(x.data) is float
    x.grad = 5
    assert type(x.grad) is float
    assert x.grad == 5.0
    x.data = -1.5
    assert (x * 2).data == -3.0


def test_another_item_gets_new_subjects(open_folder, solution):
    transport = open_folder(solution())
    first = transport.load("engine", "Value")
    transport.start_item(30)
    assert transport.load("engine", "Value") is not first


# --- what is refused -------------------------------------------------------------------------------------------------

COMPARES = "compare numbers (x.data, x.grad) or use `is`"
READS = "read x.data or x.grad"

REFUSED = {
    "x == y": (lambda x, y: x == y, COMPARES),
    "x == 1": (lambda x, y: x == 1, COMPARES),
    "1 == x": (lambda x, y: 1 == x, COMPARES),  # noqa: SIM300
    "x != y": (lambda x, y: x != y, COMPARES),
    "x != None": (lambda x, y: x != None, COMPARES),  # noqa: E711
    "x in [y]": (lambda x, y: x in [y], COMPARES),
    "[y].index(x)": (lambda x, y: [y].index(x), COMPARES),
    "1 in x": (lambda x, y: 1 in x, READS),
    "x < y": (lambda x, y: x < y, READS),
    "x <= 1": (lambda x, y: x <= 1, READS),
    "1 < x": (lambda x, y: 1 < x, READS),  # noqa: SIM300
    "x >= 1": (lambda x, y: x >= 1, READS),
    "max": (lambda x, y: max(x, y), READS),
    "sorted": (lambda x, y: sorted([x, y]), READS),
    "if x": (lambda x, y: 1 if x else 2, READS),
    "not x": (lambda x, y: not x, READS),
    "all": (lambda x, y: all([x]), READS),
    "bool": (lambda x, y: bool(x), READS),
    "float": (lambda x, y: float(x), READS),
    "int": (lambda x, y: int(x), READS),
    "math.isclose": (lambda x, y: math.isclose(x, 1.0), READS),
    "range": (lambda x, y: range(x), READS),
}


@pytest.mark.parametrize("use", REFUSED)
def test_a_verdict_cannot_depend_on_an_object_and_the_message_says_what_to_write(Value, use):
    attempt, message = REFUSED[use]
    with pytest.raises(TypeError) as refusal:
        attempt(Value(1.0), Value(2.0))
    assert message in str(refusal.value)


ALWAYS_PLEASED = """
class Value:
    def __init__(self, data): self.data = data; self.grad = 0.0
    def __eq__(self, other): raise SystemExit
    def __repr__(self): raise SystemExit
    def __hash__(self): raise SystemExit
    def __bool__(self): raise SystemExit
    def __float__(self): raise SystemExit
    def __len__(self): raise SystemExit
    def __class_getitem__(cls, item): raise SystemExit
"""


@pytest.mark.parametrize(("made", "number"), [("True", 1.0), ("False", 0.0), ("1", 1.0), ("0.5", 0.5)])
def test_a_decision_may_be_a_bool(load_value, made, number):
    assert decisions([load_value(f"def Value(data): return {made}")(0.0)]) == [number]


@pytest.mark.parametrize("made", ["None", "'1'", "1j", "[True]", "type('Yes', (int,), {})(1)"])
def test_a_decision_is_nothing_else(load_value, made):
    with pytest.raises(SubmissionError, match="should be a plain float or int"):
        decisions([load_value(f"def Value(data): return {made}")(0.0)])


def test_a_bool_is_not_a_number_where_no_decision_is_due(load_value):
    yes = load_value("def Value(data): return True")(0.0)
    with pytest.raises(SubmissionError, match="of type bool"):
        numbers([yes])


def test_a_student_s_comparison_and_conversion_methods_are_never_called(load_value):
    x = load_value(ALWAYS_PLEASED)(1.0)
    assert repr(x) == "<a student's object>"
    assert f"{x}" == "<a student's object>"
    assert len({x, x}) == 1
    assert isinstance(hash(x), int)
    assert x.data == 1.0


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ("'5.0'", "of type str"),
        ("True", "of type bool"),
        ("1j", "of type complex"),
        ("None", "of type NoneType"),
        ("type('Fake', (float,), {})(5)", "of type Fake"),
        ("10**400", "an int of more than 300 digits"),
    ],
)
def test_what_is_not_a_plain_number_fails_and_says_what_it_is(load_value, made, message):
    x = load_value(f"class Value:\n    def __init__(self, data): self.data = {made}")(5.0)
    with pytest.raises(SubmissionError) as ending:
        x.data
    assert ending.value.verdict is Verdict.FAILED
    assert ending.value.message.startswith(".data of")
    assert message in ending.value.message


@pytest.mark.parametrize(
    ("given", "message"),
    [("self.data + other.data", "plain float"), ("None", "None"), ("7", "plain int"), ("10**5000", "int")],
)
def test_an_argument_of_the_wrong_type_is_named(load_value, given, message):
    source = (
        f"class Value:\n    def __init__(self, data): self.data = data\n    def __add__(self, other): return {given}"
    )
    value = load_value(source)
    with pytest.raises(SubmissionError) as ending:
        (value(1.0) + value(2.0)).data
    assert message in ending.value.message


def test_an_attribute_that_is_missing_is_the_student_s_error(Value):
    with pytest.raises(SubmissionError, match="has no attribute 'colour'") as ending:
        Value(1.0).colour
    assert ending.value.verdict is Verdict.ERROR


def test_python_s_protocol_methods_are_not_looked_up_on_the_student_s_object(Value):
    for name in ("__array__", "__torch_function__", "__deepcopy__", "__index__x"):
        with pytest.raises(AttributeError):
            getattr(Value(1.0), name)
