"""The sandbox's policy as text: a change shows in a diff, and bubblewrap receives only what the policy lists."""

from pathlib import Path

import pytest
from gradkit.submissions.sandbox import bubblewrap, policy, system_calls

GOLDEN = Path(__file__).with_name("sandbox_policy.txt")


def lines_of_policy():
    """Return all that a worker may see, use and call, as lines."""
    yield "isolation"
    for purpose, options in policy.ISOLATION.items():
        yield f"  {' '.join(options):<36} {purpose}"
    yield f"  {' '.join(policy.NO_NESTED_NAMESPACES):<36} no nested namespaces (where it works)"
    yield "mounts"
    for mount in policy.MOUNTS:
        yield f"  {mount.option:<12} {mount.source:<14} at {mount.target}"
    yield "resource limits (RLIMIT_CPU is the time of the phase)"
    for name, value in policy.RESOURCE_LIMITS.items():
        yield f"  {name:<20} {value}"
    yield "environment"
    for name, value in policy.ENVIRONMENT.items():
        yield f"  {name}={value}"
    for name, value in policy.PACKAGE_ENVIRONMENT.items():
        yield f"  {name}={value} (with packages)"
    for name in policy.COPIED_ENVIRONMENT:
        yield f"  {name} as the grader's (with packages)"
    yield f"interpreter options: {' '.join(policy.INTERPRETER_OPTIONS)}"
    yield f"system calls ({', '.join(system_calls.MACHINES)})"
    for purpose, calls in system_calls.ALLOWED.items():
        yield f"  {purpose}"
        for name, numbers in calls.items():
            shown = ", ".join("-" if number == system_calls.MISSING else str(number) for number in numbers)
            yield f"    {name:<18} {shown:<10} {condition_of(name)}".rstrip()
    yield f"refused with EPERM, from {system_calls.FIRST_NEW_CALL} on with ENOSYS: every other call"


def condition_of(name):
    condition = system_calls.CONDITIONS.get(name)
    if condition is None:
        return ""
    if isinstance(condition, system_calls.Without):
        return f"if argument {condition.argument} has no bit of {condition.bits:#x}"
    return f"if argument {condition.argument} is {', '.join(f'{value:#x}' for value in condition.values)}"


def test_the_policy_is_the_reviewed_one():
    """If you intend the change, write the text that this test shows to sandbox_policy.txt; have the diff reviewed."""
    assert "\n".join(lines_of_policy()) + "\n" == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("nested", [True, False])
def test_the_command_holds_the_policy_and_nothing_else(monkeypatch, nested):
    monkeypatch.setattr(bubblewrap, "can_disable_userns", lambda path: nested)
    words = bubblewrap.make_isolating_command("bwrap", Path("/copy"), Path("/handed-in"), {"A": "1", "B": "2"}, 7)
    options = [word for options in policy.ISOLATION.values() for word in options]
    mounts = ["--ro-bind", "/copy", "/", "--dev-bind", "/dev/null", "/dev/null", "--ro-bind", "/handed-in"]
    assert words == [
        "bwrap",
        *options,
        *(["--disable-userns"] if nested else []),
        *("--seccomp", "7", "--setenv", "A", "1", "--setenv", "B", "2"),
        *(*mounts, "/submission", "--chdir", "/submission", "--"),
    ]
    assert words.index("--unshare-user") < words.index("--unshare-all")


def test_a_worker_has_the_limits_of_the_policy(open_submission):
    names = sorted(policy.RESOURCE_LIMITS)
    body = f"import resource; self.limits = [resource.getrlimit(getattr(resource, n))[1] for n in {names}]"
    source = f"class Value:\n    def __init__(self):\n        {body}\n        self.data = 0.0\n"
    source += "    def __getitem__(self, i):\n        v = Value(); v.data = float(self.limits[i]); return v\n"
    value = open_submission(source).load("engine", "Value")()
    assert [value[i].data for i in range(len(names))] == [policy.RESOURCE_LIMITS[name] for name in names]
