"""The submission's own arithmetic on exactly the questions that grading asks, in a bare interpreter.

Run as `python -s -S bare.py REQUESTS FOLDER PASSES [KIND ...]`, without -S where the submission needs packages.
REQUESTS: a file of recorded.py.   FOLDER: where the submission is.   KIND: which of these to measure; all, unless said.

Prints as JSON the median seconds of a pass over everything:
arithmetic: for every graph each node is made by the student's class, with the kit's loop over the steps (Graph.build),
            and backward() runs where the item asks for it. Every other question is answered as the worker does it,
            but for those that read numbers. So this is what the worker does, less reading, counting, messages and the
            import. Python runs as it comes: with its garbage collector, for an engine makes cycles, and nothing else
            in memory to look through.
straight:   the same graphs as straight-line Python, compiled beforehand: `n2 = n0 * n1` and so on, no loop of ours.
uncollected, straight_uncollected: these two with the collector off; it runs between the items, unmeasured.
reading:    what reading every node's numbers adds, as the worker does it.
counting:   what counting the calls of backward() adds, in the items that do so.
unpacking:  making Graphs of a question's bytes.
packing:    making the bytes of the replies.
graphs, nodes: how many there are.
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

    Do = Callable[["Question"], None]

sys.path.append(__file__.rpartition("/benchmarks/")[0])

from gradkit.inside.graph import STUDENT_FUNCTIONS, Graph, replay  # noqa: E402
from gradkit.inside.operations import OPERATIONS  # noqa: E402
from gradkit.inside.worker import Worker, calls, load, reply  # noqa: E402


class Question:
    """A question of grading, with its graphs, if it has any, made and compiled beforehand."""

    def __init__(self, request: tuple[Any, ...]) -> None:
        self.fresh, self.name, *self.arguments = request
        self.has_graphs = self.name in ("replay", "calls")
        asked = self.arguments[1] if self.has_graphs else []
        self.packed: list[bytes] = [asked] if self.name == "calls" else asked
        self.graphs = [Graph.unpack(graph) for graph in self.packed]
        self.backward = self.name == "calls" or (self.name == "replay" and self.arguments[2])
        self.straight = [compiled(graph, self.backward) for graph in self.graphs]
        self.numbers = [0.5] * (sum(map(len, self.graphs)) * (1 + self.backward))


class Bare:
    """What a pass does with each question."""

    def __init__(self, questions: list[Question], folder: str) -> None:
        self.folder = folder
        for question in questions:
            if question.name == "load":
                load(*question.arguments)  # or the first pass alone would import

    def begin(self) -> None:
        """A new pass: the handles in its questions are numbers that count from its beginning."""
        self.worker = Worker(self.folder)

    def plainly(self, question: Question) -> None:
        """A question as the worker answers it."""
        self.worker.answer(question.fresh, question.name, *question.arguments)

    def passed_over(self, question: Question) -> None:
        """Nothing, but that a new item begins where the question is the first of one."""
        self.worker.answer(question.fresh, "finish")

    def value_class(self, question: Question) -> Any:
        """The student's class that is asked about graphs."""
        self.passed_over(question)
        return self.worker._object(question.arguments[0])

    def arithmetic(self, question: Question) -> None:
        if question.has_graphs:
            value_class, backward = self.value_class(question), question.backward
            for graph in question.graphs:
                nodes = graph.build(value_class, STUDENT_FUNCTIONS)
                if backward:
                    nodes[graph.output].backward()
        elif question.name == "numbers":
            self.passed_over(question)
        else:
            self.plainly(question)

    def straight(self, question: Question) -> None:
        if question.has_graphs:
            value_class = self.value_class(question)
            for run in question.straight:
                run(value_class)
        else:
            self.arithmetic(question)

    def reading(self, question: Question) -> None:
        if question.name == "replay":
            numbers: list[float] = []
            value_class = self.value_class(question)
            for graph in question.graphs:
                answers = replay(value_class, graph, question.backward)
                numbers += answers.data
                numbers += answers.grad
        elif question.name == "numbers":
            self.plainly(question)
        else:
            self.arithmetic(question)

    def counting(self, question: Question) -> None:
        if question.name == "calls":
            calls(self.value_class(question), question.graphs[0], question.arguments[2])
        else:
            self.arithmetic(question)

    def unpacking(self, question: Question) -> None:
        if question.has_graphs:
            for graph in question.packed:
                Graph.unpack(graph)

    def packing(self, question: Question) -> None:
        reply(bytes(8), (), question.numbers)


def compiled(graph: Graph, backward: bool) -> Callable[[Any], None]:
    """A graph as a function of the student's class, a line for each node."""
    lines = [f"n{node} = Value({number!r})" for node, number in enumerate(graph.inputs)]
    for node, (name, *operands) in enumerate(graph.steps, len(graph.inputs)):
        letters = {letter: f"n{parent}" for letter, parent in zip("ab", operands[: OPERATIONS[name].arity])}
        lines.append(f"n{node} = " + OPERATIONS[name].text.format(**letters, k=repr(operands[-1])))
    lines += [f"n{graph.output}.backward()"] * backward
    names: dict[str, Any] = {}
    exec("def run(Value):\n " + "\n ".join(lines), names)
    run: Callable[[Any], None] = names["run"]
    return run


def seconds(do: Do, questions: list[Question], collector: bool) -> float:
    """How long one pass takes. collector: whether Python's garbage collector runs meanwhile, or only in between."""
    gc.collect()
    total = 0.0
    if not collector:
        gc.disable()
    for question in questions:
        if not collector and question.fresh:
            gc.collect()
        began = time.perf_counter()
        do(question)
        total += time.perf_counter() - began
    gc.enable()
    return total


def main(path: str, folder: str, passes: str, *chosen: str) -> None:
    sys.path.append(folder)
    with open(path, "rb") as opened:
        questions = [Question(request) for request in marshal.loads(opened.read())]
    bare = Bare(questions, folder)
    gc.collect()
    gc.freeze()  # what was prepared is not the student's, and not to be looked through again and again
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
            taken[name].append(seconds(do, questions, collector))
    found = {name: sorted(times)[len(times) // 2] for name, times in taken.items()}
    for name in {"reading", "counting"} & found.keys():
        found[name] -= found["uncollected"]
    found["graphs"] = sum(len(question.graphs) for question in questions)
    found["nodes"] = sum(len(graph) for question in questions for graph in question.graphs)
    print("{" + ", ".join(f'"{name}": {value!r}' for name, value in found.items()) + "}")


if __name__ == "__main__":
    main(*sys.argv[1:])
