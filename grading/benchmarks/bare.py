"""Measure the submission's bare arithmetic: the requests that grading sends, executed in a bare interpreter.

Run as `python -s -S bare.py REQUESTS FOLDER PASSES [KIND ...]`, without -S if the submission needs packages.
REQUESTS: a file that recorded.py wrote. FOLDER: the submission. KIND: what to measure (default: everything).

Print as JSON the median seconds of a pass over all requests:
arithmetic: for every graph the student's class makes each node, in the kit's loop over the steps (Graph.build), and
            backward() runs if the item needs it. All other requests are executed as in the worker, except those that
            read numbers. So this is the worker's work without reading, counting, messages and the import. Python's
            garbage collector is on, because an engine makes cycles, and has nothing else in memory to examine.
straight:   the same graphs as straight-line Python, compiled beforehand: `n2 = n0 * n1` and so on, without a loop.
uncollected, straight_uncollected: the same two with the collector off. It runs between the items, unmeasured.
reading:    the additional time for reading every node's numbers, as the worker does.
counting:   the additional time for counting the calls of backward(), in the items that do so.
unpacking:  making Graphs from the bytes of a request.
packing:    making the bytes of the replies.
graphs, nodes: their numbers.
"""

from __future__ import annotations

import gc
import marshal
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Do = Callable[["Request"], None]

sys.path.append(__file__.rpartition("/benchmarks/")[0])

from gradkit.inside.graph import STUDENT_FUNCTIONS, Graph, replay  # noqa: E402
from gradkit.inside.imports import StudentModules  # noqa: E402
from gradkit.inside.operations import OPERATIONS  # noqa: E402
from gradkit.inside.worker import Worker, calls, load, reply  # noqa: E402


class Request:
    """A request of grading. If it has graphs, they are unpacked and compiled beforehand."""

    def __init__(self, recorded: tuple[Any, ...]) -> None:
        self.is_first_of_item, self.name, *self.arguments = recorded
        self.has_graphs = self.name in ("replay", "calls")
        graphs = self.arguments[1] if self.has_graphs else []
        self.packed: list[bytes] = [graphs] if self.name == "calls" else graphs
        self.graphs = [Graph.unpack(graph) for graph in self.packed]
        self.backward = self.name == "calls" or (self.name == "replay" and self.arguments[2])
        self.straight = [compiled(graph, self.backward) for graph in self.graphs]
        self.numbers = [0.5] * (sum(map(len, self.graphs)) * (1 + self.backward))


class Bare:
    """The work that a pass does for each request, one method for each kind of measurement."""

    def __init__(self, requests: list[Request], folder: str) -> None:
        self.modules = StudentModules(folder)
        for request in requests:
            if request.name == "load":
                load(self.modules, *request.arguments)  # otherwise only the first pass would import

    def begin(self) -> None:
        """Begin a pass. The handles in its requests are numbers that count from here."""
        self.worker = Worker(self.modules)

    def execute(self, request: Request) -> None:
        """Execute a request as the worker does."""
        self.worker.execute(request.is_first_of_item, request.name, *request.arguments)

    def skip(self, request: Request) -> None:
        """Skip a request, but begin a new item if it is the first one of an item."""
        self.worker.execute(request.is_first_of_item, "finish")

    def value_class(self, request: Request) -> Any:
        """Skip a request about graphs, and return the student's class that it names."""
        self.skip(request)
        return self.worker._object(request.arguments[0])

    def arithmetic(self, request: Request) -> None:
        if request.has_graphs:
            value_class, backward = self.value_class(request), request.backward
            for graph in request.graphs:
                nodes = graph.build(value_class, STUDENT_FUNCTIONS)
                if backward:
                    nodes[graph.output].backward()
        elif request.name == "numbers":
            self.skip(request)
        else:
            self.execute(request)

    def straight(self, request: Request) -> None:
        if request.has_graphs:
            value_class = self.value_class(request)
            for run in request.straight:
                run(value_class)
        else:
            self.arithmetic(request)

    def reading(self, request: Request) -> None:
        if request.name == "replay":
            numbers: list[float] = []
            value_class = self.value_class(request)
            for graph in request.graphs:
                answers = replay(value_class, graph, request.backward)
                numbers += answers.data
                numbers += answers.grad
        elif request.name == "numbers":
            self.execute(request)
        else:
            self.arithmetic(request)

    def counting(self, request: Request) -> None:
        if request.name == "calls":
            calls(self.value_class(request), request.graphs[0], request.arguments[2])
        else:
            self.arithmetic(request)

    def unpacking(self, request: Request) -> None:
        if request.has_graphs:
            for graph in request.packed:
                Graph.unpack(graph)

    def packing(self, request: Request) -> None:
        reply(bytes(8), (), request.numbers)


def compiled(graph: Graph, backward: bool) -> Callable[[Any], None]:
    """Compile a graph to a function of the student's class, with a line for each node."""
    lines = [f"n{node} = Value({number!r})" for node, number in enumerate(graph.inputs)]
    for node, (name, *operands) in enumerate(graph.steps, len(graph.inputs)):
        letters = {letter: f"n{parent}" for letter, parent in zip("ab", operands[: OPERATIONS[name].arity])}
        lines.append(f"n{node} = " + OPERATIONS[name].text.format(**letters, k=repr(operands[-1])))
    lines += [f"n{graph.output}.backward()"] * backward
    names: dict[str, Any] = {}
    exec("def run(Value):\n " + "\n ".join(lines), names)
    run: Callable[[Any], None] = names["run"]
    return run


def seconds(do: Do, requests: list[Request], collector: bool) -> float:
    """Return how long one pass takes, in seconds.

    Args:
        do: The method of Bare to measure.
        requests: What it is called with.
        collector: Whether Python's garbage collector runs during a request, or only between items.
    """
    gc.collect()
    total = 0.0
    if not collector:
        gc.disable()
    for request in requests:
        if not collector and request.is_first_of_item:
            gc.collect()
        began = time.perf_counter()
        do(request)
        total += time.perf_counter() - began
    gc.enable()
    return total


def main(path: str, folder: str, passes: str, *chosen: str) -> None:
    sys.path.append(folder)
    with open(path, "rb") as opened:
        requests = [Request(recorded) for recorded in marshal.loads(opened.read())]
    bare = Bare(requests, folder)
    gc.collect()
    gc.freeze()  # the collector must not examine what was prepared here in every pass
    kinds: dict[str, tuple[Do, bool]] = {
        "arithmetic": (bare.arithmetic, True),
        "straight": (bare.straight, True),
        "uncollected": (bare.arithmetic, False),
        "straight_uncollected": (bare.straight, False),
    }
    for name in ("reading", "counting", "unpacking", "packing"):
        kinds[name] = getattr(bare, name), False
    kinds = {name: kind for name, kind in kinds.items() if name in chosen or not chosen}

    taken: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(int(passes)):
        for name, (do, collector) in kinds.items():
            bare.begin()
            taken[name].append(seconds(do, requests, collector))

    results = {name: sorted(times)[len(times) // 2] for name, times in taken.items()}
    for name in {"reading", "counting"} & results.keys():
        results[name] -= results["uncollected"]
    results["graphs"] = sum(len(request.graphs) for request in requests)
    results["nodes"] = sum(len(graph) for request in requests for graph in request.graphs)
    print("{" + ", ".join(f'"{name}": {value!r}' for name, value in results.items()) + "}")


if __name__ == "__main__":
    main(*sys.argv[1:])
