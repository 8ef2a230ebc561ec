"""An expression graph as data, and its replay on anything that has Python's operators.

Enters the sandbox, so it imports only the standard library and starts fast.
"""

from __future__ import annotations

from .operations import OPERATIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    Step = tuple[Any, ...]
    """(operation, operand nodes..., plain number if the operation takes one), such as ("add_const", 2, 3.0)."""


class Graph:
    """Inputs, steps and an output. Nodes are numbered: the inputs first, then one node for each step.

    Args:
        inputs: The number of each leaf.
        steps: The operations, each on earlier nodes: see Step.
        output: The node whose value and gradients are compared; by default the last node.
        names: The names of the inputs when the graph is shown; empty if they have none.
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

    def pack(self) -> bytes:
        """Serialize the graph, without its names, for `unpack`.

        The bytes are cached, because the same graph is sent to every submission of a class.
        """
        import marshal

        self._packed = self._packed or marshal.dumps((self.inputs, self.steps, self.output))
        return self._packed

    @staticmethod
    def unpack(packed: bytes) -> Graph:
        """Deserialize a graph. It must have been packed by the same Python, and by a process that is trusted."""
        import marshal

        graph = Graph.__new__(Graph)  # __init__ would copy every tuple, and a worker unpacks thousands of graphs
        graph.inputs, graph.steps, graph.output = marshal.loads(packed)
        graph.names, graph._packed = (), packed
        return graph

    def key(self) -> tuple[object, ...]:
        """Return a value that is equal for graphs that are the same expression of the same numbers."""
        return (self.inputs, self.steps, self.output)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Graph) and self.key() == other.key()

    def __hash__(self) -> int:
        return hash(self.key())

    def __repr__(self) -> str:
        return f"Graph({self.inputs}, {self.steps}, output={self.output})"

    def __len__(self) -> int:
        """Return the number of nodes."""
        return len(self.inputs) + len(self.steps)

    def parents(self, node: int) -> tuple[int, ...]:
        """Return the operands of `node`; none for an input."""
        if node < len(self.inputs):
            return ()
        step = self.steps[node - len(self.inputs)]
        return step[1 : 1 + OPERATIONS[step[0]].arity]

    def consumers(self, node: int) -> list[int]:
        """Return the nodes that have `node` as an operand, each once."""
        return [later for later in range(node + 1, len(self)) if node in self.parents(later)]

    def build(self, make_leaf: Callable[[float], Any], functions: Mapping[str, Callable[..., Any]]) -> list[Any]:
        """Compute every node: n_nodes objects, inputs first.

        Args:
            make_leaf: Makes a node from a number.
            functions: The function for each operation, by name.
        """
        nodes = [make_leaf(number) for number in self.inputs]
        for step in self.steps:
            function = functions[step[0]]
            if len(step) == 2:
                nodes.append(function(nodes[step[1]]))
            elif OPERATIONS[step[0]].arity == 2:
                nodes.append(function(nodes[step[1]], nodes[step[2]]))
            else:
                nodes.append(function(nodes[step[1]], step[2]))
        return nodes

    def rebuild(
        self,
        output: int | None = None,
        leaves: Mapping[int, float] | None = None,
        aliases: Mapping[int, int] | None = None,
        constants: Mapping[int, float] | None = None,
    ) -> Graph:
        """Return an edited copy of this graph, without the nodes that its output does not depend on.

        Args:
            output: The node that becomes the output.
            leaves: The new number of each node that becomes an input.
            aliases: The earlier node that replaces each of these nodes.
            constants: The new plain number of each of these steps.
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
            parents = () if node in leaves else self.parents(node)
            for parent in map(resolve, parents):
                if parent not in needed:
                    needed.add(parent)
                    stack.append(parent)

        new_leaves = [node for node in sorted(needed) if node in leaves or node < len(self.inputs)]
        new_index = {old: new for new, old in enumerate(new_leaves)}
        steps: list[Step] = []
        for node in sorted(needed.difference(new_leaves)):
            name, *rest = self.steps[node - len(self.inputs)]
            operands = [new_index[resolve(parent)] for parent in self.parents(node)]
            plain_numbers = [constants[node]] if node in constants else rest[len(operands) :]
            new_index[node] = len(new_index)
            steps.append((name, *operands, *plain_numbers))

        inputs = [leaves[node] if node in leaves else self.inputs[node] for node in new_leaves]
        keeps_names = self.names and all(node < len(self.inputs) for node in new_leaves)
        names = [self.names[node] for node in new_leaves] if keeps_names else ()
        return Graph(inputs, steps, new_index[output], names)

    def split(self, node: int, operand: int, number: float) -> Graph:
        """Return a copy of this graph in which one operand of `node` is a new leaf.

        Args:
            node: The node whose operand is replaced.
            operand: The index of the operand that is replaced, 0 or 1.
            number: The number of the new leaf.
        """
        new_leaf = len(self.inputs)  # every later node moves up by one
        steps = []
        for index, step in enumerate(self.steps):
            end = 1 + OPERATIONS[step[0]].arity
            operands = [parent + (parent >= new_leaf) for parent in step[1:end]]
            if index == node - new_leaf:
                operands[operand] = new_leaf
            steps.append((step[0], *operands, *step[end:]))
        output = self.output + (self.output >= new_leaf)
        return Graph([*self.inputs, number], steps, output).rebuild()


class Answers:
    """The numbers that an engine, PyTorch or a student's, computes for a graph.

    Args:
        data: The number of every node, n_nodes floats, inputs first.
        grad: The gradient of every node in the same order; empty if backward() was not run.
    """

    __slots__ = ("data", "grad")

    def __init__(self, data: list[float], grad: list[float]) -> None:
        self.data = data
        self.grad = grad

    def numbers(self) -> list[float]:
        """Return the data, then the gradients."""
        return self.data + self.grad


STUDENT_FUNCTIONS = {name: operation.function for name, operation in OPERATIONS.items()}
"""Every operation by name, for `Graph.build` on a student's class."""


class NotANumber(Exception):
    """A student's object holds something other than a plain int or float where a number is expected."""


def plain_number(value: object, where: str) -> float:
    """Convert a student's number to a float.

    Args:
        value: The student's object.
        where: How an error message refers to the object.

    Raises:
        NotANumber: If the type is not exactly int or float. bool, complex and subclasses of float (numpy's too) are
            refused.
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
    """Read attribute `name` of a student's node as a float.

    Args:
        node: The student's object.
        name: "data" or "grad".
        what: How an error message refers to the node.

    Raises:
        NotANumber: If the node is not an object with a plain number in that attribute.
        Exception: Whatever reading the student's attribute raises.
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
    """Build a graph on a student's class, run backward() from its output if requested, and read every node.

    Args:
        value_class: The student's Value.
        graph: The graph.
        backward: Whether to run backward() and read the gradients.

    Raises:
        NotANumber: If a node does not hold a plain number.
        Exception: Whatever the student's code raises.
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
    if [*map(type, numbers)].count(float) == len(nodes):  # takes half the time of comparing a set of the types
        return numbers

    # Read the nodes once more, one by one, to convert ints and to name the node that does not hold a number.
    numbers = []
    for index, node in enumerate(nodes):
        value = getattr(node, name, None)
        numbers.append(value if type(value) is float else number_of(node, name, _description(graph, index)))
    return numbers


def _description(graph: Graph, node: int) -> str:
    """Return how an error message refers to a node: "Value(...)" for a leaf, or `a + b`, `x.tanh()`."""
    if node < len(graph.inputs):
        return "Value(...)"
    name, *_, last = graph.steps[node - len(graph.inputs)]
    row = OPERATIONS[name]
    return row.text.format(a="a" if row.arity == 2 else "x", b="b", k=last)
