"""draw(y): a picture of a student's graph, whatever objects its nodes contain."""

import builtins
import re
from xml.etree import ElementTree

import pytest
from gradkit.graphs.picture.cards import MAX_NODES
from gradkit.notebook import draw

WRONG = "#fde0dc"


class Node:
    """A stand-in for a student's Value."""

    def __init__(self, data, _children=(), _op=""):
        self.data, self.grad, self._prev, self._op = data, 0.0, _children, _op


class Slots:
    __slots__ = ("_op", "_prev", "data", "grad")


def texts(drawn):
    """Return the text of a picture. Raises ParseError if it is not well-formed."""
    return " ".join("".join(ElementTree.fromstring(drawn._repr_svg_().encode()).itertext()).split())


def edges(drawn):
    return len(re.findall('class="edge"', drawn._repr_svg_()))


def nodes(drawn):
    return len(re.findall('class="node"', drawn._repr_svg_()))


def test_a_students_graph_shows_its_own_numbers(engine):
    x = engine()(2.0)
    y = x.tanh() + x
    y.backward()
    x.grad = 0.25
    drawn = draw(y, x=x, y=y)
    shown = texts(drawn)
    for part in ("x data 2 grad 0.25", "op tanh data 0.964 grad 1", "y op + data 2.964 grad 1"):
        assert part in shown
    assert (nodes(drawn), edges(drawn)) == (3, 3)
    assert WRONG not in drawn._repr_svg_()


def test_a_notebook_gets_an_element_and_a_file_is_whole(engine, tmp_path):
    drawn = draw(engine()(2.0) * 3)
    assert drawn._repr_svg_().startswith("<svg")
    drawn.save(tmp_path / "y.svg")
    assert ElementTree.parse(tmp_path / "y.svg").getroot().tag == "{http://www.w3.org/2000/svg}svg"
    assert "<svg" not in repr(drawn)


@pytest.mark.parametrize("kind", [tuple, list, set, frozenset, dict.fromkeys])
def test_parents_may_be_kept_in_anything(kind):
    drawn = draw(Node(3.0, kind((Node(1.0), Node(2.0))), "+"))
    assert (nodes(drawn), edges(drawn)) == (3, 2)


def test_the_same_operand_twice_is_one_node():
    x = Node(2.0)
    assert nodes(draw(Node(4.0, (x, x), "*"))) == 2


def test_equal_parents_are_drawn_as_different_nodes():
    class Equal(Node):
        __hash__ = None

        def __eq__(self, other):
            return True

    assert nodes(draw(Equal(2.0, (Equal(1.0), Equal(1.0))))) == 3


@pytest.mark.parametrize(
    ("grad", "message"),
    [
        (None, "grad None"),
        (True, "grad bool"),
        ("1.0", "grad str"),
        (Node(1.0), "grad Node"),
        (1j, "grad complex"),
        (10**400, "grad int"),
    ],
)
def test_data_that_is_not_a_number_is_marked(grad, message):
    node = Node(1.0)
    node.grad = grad
    drawn = draw(Node(2.0, (node,), "+"))
    assert message in texts(drawn)
    assert drawn._repr_svg_().count(WRONG) == 1


@pytest.mark.parametrize(
    ("parent", "message"), [(3.0, "float 3 no Value"), (None, "None no Value"), ("ab", "str no Value")]
)
def test_a_parent_that_is_not_a_value_is_marked(parent, message):
    drawn = draw(Node(1.0, (Node(2.0), parent), "+"))
    assert message in texts(drawn)
    assert drawn._repr_svg_().count(WRONG) == 1


def test_odd_numbers_and_arrays_are_shown():
    np = pytest.importorskip("numpy")
    node = Node(float("nan"))
    node.grad = float("-inf")
    assert "data nan grad -inf" in texts(draw(node))
    node.data, node.grad = np.zeros((2, 3)), np.float64(0.5)
    assert "data array of 2×3 grad 0.5" in texts(draw(node))
    node.data = np.array(1.5)
    assert "data 1.5" in texts(draw(node))
    assert WRONG not in draw(node)._repr_svg_()


def test_attributes_that_raise_do_not_stop_the_drawing():
    class Odd(Node):
        grad = property(lambda self: 1 / 0, lambda self, value: None)
        _op = property(lambda self: 1 / 0, lambda self, value: None)

    class Lazy(Node):
        _prev = property(lambda self: iter(lambda: 1 / 0, None), lambda self, value: None)

    assert "grad missing" in texts(draw(Odd(1.0, (Lazy(2.0),))))


@pytest.mark.parametrize(
    "op", ["<b>", "</table>", "a&b", '"', "x>]; n9 [label=evil", "<script>", "\\N", "⊕", "a\0\ud800b"]
)
def test_markup_in_an_operation_is_shown_as_text(op):
    drawn = draw(Node(1.0, (Node(2.0),), op))
    assert re.sub(r"[\0\ud800]+", " ", op) in texts(drawn)
    assert "<script" not in drawn._repr_svg_()
    assert nodes(drawn) == 2


def test_a_long_text_is_cut():
    assert len(texts(draw(Node(1.0, (Node(2.0),), "x" * 10**6)))) < 500


def test_a_cycle_is_drawn_and_does_not_hang():
    node = Node(1.0)
    node._prev = (Node(2.0, (node,)),)
    assert nodes(draw(node)) == 2


def test_a_large_graph_is_refused():
    deep = Node(0.0)
    for _ in range(20_000):
        deep = Node(0.0, (deep,))
    wide = Node(0.0, [Node(1.0) for _ in range(MAX_NODES)])

    class Endless(Node):
        _prev = property(lambda self: (Endless(self.data + 1),), lambda self, value: None)

    for value in (deep, wide, Endless(0.0)):
        with pytest.raises(ValueError, match=f"more than {MAX_NODES} nodes"):
            draw(value)


@pytest.mark.parametrize("thing", [3.0, None, "Value(2.0)", Node, Slots, [Node(1.0)]])
def test_an_object_without_a_graph_is_refused_with_a_reason(thing):
    with pytest.raises(TypeError, match=r"There is no graph in .*: draw\(\) takes a Value"):
        draw(thing)


def test_without_graphviz_it_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **more):
        if name == "pygraphviz":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"gradkit\[pictures\]"):
        draw(Node(1.0))
