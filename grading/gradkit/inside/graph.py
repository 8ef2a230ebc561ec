"""An expression graph as data, and its replay on anything that has Python's operators.

Enters the sandbox, so it imports the standard library alone and starts fast.
"""

from __future__ import annotations

from .operations import OPERATIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    Step = tuple[Any, ...]
    """(operation, operand nodes..., plain number where the operation has one), as in ("add_const", 2, 3.0)."""


class Graph:
    """Inputs, steps and an output. Nodes are numbered: the inputs first, then one for each step.

    inputs: the leaves' numbers.   steps: see Step.   output: the node whose value is asked for (the last, unless said).
    names:  what the inputs are called when the graph is shown, where a story names them.
    """

    __slots__ = ("_packed", "inputs", "names", "output", "steps")

    def __init__(
        self, inputs: Sequence[float], steps: Sequence[Step], output: int | None = None, names: Sequence[str] = ()
    ) -> None:
        self.inputs = tuple(inputs)
        self.steps = tuple(map(tuple, steps))
        self.output = len(self.inputs) + len(self.steps) - 1 if output is None else output
        self.names = tuple(names)
        self._packed = b""

    def packed(self) -> bytes:
        """This graph as bytes for `unpacked`, but for its names. They are kept: one graph goes to a whole class."""
        import marshal

        self._packed = self._packed or marshal.dumps((self.inputs, self.steps, self.output))
        return self._packed

    @staticmethod
    def unpacked(packed: bytes) -> Graph:
        """The graph of such bytes. The reader must be the same Python, and must trust the writer."""
        import marshal

        graph = Graph.__new__(Graph)  # a worker unpacks thousands, whose tuples need not be made once more
        graph.inputs, graph.steps, graph.output = marshal.loads(packed)
        graph.names, graph._packed = (), packed
        return graph

    def key(self) -> tuple[object, ...]:
        """Equal for graphs that are the same expression of the same numbers."""
        return (self.inputs, self.steps, self.output)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Graph) and self.key() == other.key()

    def __hash__(self) -> int:
        return hash(self.key())

    def __repr__(self) -> str:
        return f"Graph({self.inputs}, {self.steps}, output={self.output})"

    def __len__(self) -> int:
        """How many nodes there are."""
        return len(self.inputs) + len(self.steps)

    def parents(self, node: int) -> tuple[int, ...]:
        """The nodes that `node` is made from; none for an input."""
        if node < len(self.inputs):
            return ()
        step = self.steps[node - len(self.inputs)]
        return step[1 : 1 + OPERATIONS[step[0]].arity]

    def consumers(self, node: int) -> list[int]:
        """The nodes made from `node`, each once."""
        return [later for later in range(node + 1, len(self)) if node in self.parents(later)]

    def build(self, leaf: Callable[[float], Any], functions: Mapping[str, Callable[..., Any]]) -> list[Any]:
        """Make every node, in order. `leaf` makes a node of a number, `functions` holds each operation by name."""
        nodes = [leaf(number) for number in self.inputs]
        for step in self.steps:
            function = functions[step[0]]
            if len(step) == 2:
                nodes.append(function(nodes[step[1]]))
            elif OPERATIONS[step[0]].arity == 2:
                nodes.append(function(nodes[step[1]], nodes[step[2]]))
            else:
                nodes.append(function(nodes[step[1]], step[2]))
        return nodes

    def rebuilt(
        self,
        output: int | None = None,
        leaves: Mapping[int, float] | None = None,
        aliases: Mapping[int, int] | None = None,
        constants: Mapping[int, float] | None = None,
    ) -> Graph:
        """Another graph made from this one, without the nodes that its output does not need.

        output:    the node that becomes the output.
        leaves:    nodes that become inputs, with their numbers.
        aliases:   nodes that give way to an earlier node.
        constants: steps that get another plain number.
        """
        leaves, aliases, constants = leaves or {}, aliases or {}, constants or {}

        def resolve(node: int) -> int:
            while node in aliases:
                node = aliases[node]
            return node

        output = resolve(self.output if output is None else output)
        needed, stack = {output}, [output]
        while stack:
            node = stack.pop()
            for parent in () if node in leaves else map(resolve, self.parents(node)):
                if parent not in needed:
                    needed.add(parent)
                    stack.append(parent)
        is_leaf = [node for node in sorted(needed) if node in leaves or node < len(self.inputs)]
        number = {old: new for new, old in enumerate(is_leaf)}
        steps: list[Step] = []
        for node in sorted(needed.difference(is_leaf)):
            step = self.steps[node - len(self.inputs)]
            plain = step[1 + OPERATIONS[step[0]].arity :]
            if node in constants:
                plain = (constants[node],)
            number[node] = len(number)
            steps.append((step[0], *(number[resolve(parent)] for parent in self.parents(node)), *plain))
        inputs = [leaves[node] if node in leaves else self.inputs[node] for node in is_leaf]
        keeps_names = self.names and all(node < len(self.inputs) for node in is_leaf)
        names = [self.names[node] for node in is_leaf] if keeps_names else ()
        return Graph(inputs, steps, number[output], names)

    def split(self, node: int, place: int, number: float) -> Graph:
        """Another graph in which one operand of `node` is a new leaf of its own."""
        new = len(self.inputs)
        steps = []
        for index, step in enumerate(self.steps):
            end = 1 + OPERATIONS[step[0]].arity
            operands = [parent + (parent >= new) for parent in step[1:end]]
            if index == node - new:
                operands[place] = new
            steps.append((step[0], *operands, *step[end:]))
        output = self.output + (self.output >= new)
        return Graph([*self.inputs, number], steps, output).rebuilt()


class Answers:
    """What an engine says of a graph: the number and, where backward() ran, the gradient of every node."""

    __slots__ = ("data", "grad")

    def __init__(self, data: list[float], grad: list[float]) -> None:
        self.data = data
        self.grad = grad

    def numbers(self) -> list[float]:
        """Data and then gradient of every node."""
        return self.data + self.grad


STUDENT_FUNCTIONS = {name: operation.function for name, operation in OPERATIONS.items()}


class NotANumber(Exception):
    """An engine keeps something other than a plain int or float where a number is due."""


def plain_number(value: object, where: str) -> float:
    """A student's number as a float. bool, complex and subclasses of float (numpy's too) are no numbers here.

    Raises NotANumber, saying what stands at `where`.
    """
    if type(value) is float:
        return value
    if type(value) is int:
        try:
            return float(value)
        except OverflowError:
            raise NotANumber(f"{where} is an int of more than 300 digits") from None
    raise NotANumber(f"{where} is of type {type(value).__name__}; it should be a plain float or int")


_MISSING = object()


def number_of(node: object, name: str, what: str) -> float:
    """`node.data` or `node.grad` as a plain number; `what` names the node in the message of a NotANumber.

    Raises also what the student's attribute raises.
    """
    value = getattr(node, name, _MISSING)
    if type(value) is float:
        return value
    if node is None:
        raise NotANumber(f"{what} is None, not a Value: is a `return` missing?")
    if type(node) in (int, float):
        raise NotANumber(f"{what} is a plain {type(node).__name__}, not a Value: no gradient can flow through it")
    return plain_number(getattr(node, name), f".{name} of {what}")


def replay(value_class: Callable[[float], Any], graph: Graph, backward: bool) -> Answers:
    """Build a graph on a student's class, run backward() from its output if asked to, and read every node.

    Raises whatever the student's code raises, and NotANumber.
    """
    nodes = graph.build(value_class, STUDENT_FUNCTIONS)
    data = _read(graph, nodes, "data")
    if not backward:
        return Answers(data, [])
    nodes[graph.output].backward()
    return Answers(data, _read(graph, nodes, "grad"))


def _read(graph: Graph, nodes: list[Any], name: str) -> list[float]:
    try:
        numbers = [node.data for node in nodes] if name == "data" else [node.grad for node in nodes]
    except AttributeError:
        numbers = []
    if [*map(type, numbers)].count(float) == len(nodes):  # half the time of a set of them
        return numbers
    numbers = []  # once more, one by one, to say what stands where no float does
    for index, node in enumerate(nodes):
        value = getattr(node, name, None)
        numbers.append(value if type(value) is float else number_of(node, name, _place(graph, index)))
    return numbers


def _place(graph: Graph, node: int) -> str:
    """How a message calls a node: a leaf, or `a + b`, `x.tanh()`."""
    if node < len(graph.inputs):
        return "Value(...)"
    name, *_, last = graph.steps[node - len(graph.inputs)]
    row = OPERATIONS[name]
    return row.text.format(a="a" if row.arity == 2 else "x", b="b", k=last)
