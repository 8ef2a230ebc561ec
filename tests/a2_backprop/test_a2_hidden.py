"""a2, backpropagation: what students see the title of, and no more."""

from gradkit.suite import expect, graded


@graded(
    0.5,
    "What is not part of the result stays out of it",
    about=("Value.backward",),
    needs=("test_a_node_waits_for_all_its_uses", "test_a_fresh_graph_after_zero"),
    hidden=True,
)
def test_what_is_not_part_of_the_result_stays_out(Value):
    a, b, c = Value(2.0), Value(3.0), Value(4.0)
    d = a * b
    unused = d * c
    f = d + c
    f.backward()
    expect(a.grad, 3.0)
    expect(c.grad, 1.0)
    expect(unused.grad, 0.0)
