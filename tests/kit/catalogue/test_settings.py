"""The course's TOML files: each is read into a struct, and an error in one is reported with the file and the key."""

import msgspec
import pytest
from gradkit.catalogue.assignments import AssignmentSettings, assignments, choose_assignments
from gradkit.catalogue.course_settings import CourseSettings
from gradkit.catalogue.toml_files import SettingsError, read_toml
from gradkit.errors import UserError
from gradkit.proof.attacks.corpus import Attack
from gradkit.proof.specimens import Misconception, Variant


@pytest.fixture
def text(root):
    """Return the text of an assignment.toml that has every kind of key."""
    return (root / "assignments/a4_networks/assignment.toml").read_text(encoding="utf-8")


@pytest.fixture
def explanation(tmp_path):
    """Return a function that reads a text as a TOML file and returns its error message without the file's name."""

    def read(text, kind=AssignmentSettings):
        path = tmp_path / "assignment.toml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(UserError) as caught:
            read_toml(path, kind)
        assert str(caught.value).startswith(str(path))
        return str(caught.value).removeprefix(str(path))

    return read


def test_an_unknown_key_is_named_with_the_keys_that_are_allowed(text, explanation):
    message = explanation(text.replace("retry_with", "stand_in"))
    assert message.startswith(": unknown key `stand_in`. Allowed keys: title, story, modules, ")
    assert message.endswith("builds_on, packages, retry_with.")


def test_an_unknown_key_in_a_task_is_named_with_the_keys_of_a_task(text, explanation):
    message = explanation(text.replace("minutes = 30", "minute = 30", 1))
    assert message == (
        ": unknown key `minute` in tasks[0]. Did you mean `minutes`? Allowed keys: name, title, minutes, items."
    )


def test_the_name_of_an_assignment_is_its_folder_and_is_not_a_key(text, explanation):
    assert explanation(f'name = "a4"\n{text}').startswith(": unknown key `name`.")


@pytest.mark.parametrize("key", ["title", "story", "modules", "names", "item_seconds", "submission_seconds"])
def test_a_missing_key_is_named(key, text, explanation):
    begin = text.index(f"{key} = ")
    end = text.index("]\n", begin) + 2 if text[begin:].startswith(f"{key} = [") else text.index("\n", begin) + 1
    assert explanation(text[:begin] + text[end:]) == f": missing key `{key}`. Add it."


def test_a_missing_key_of_a_task_is_named(text, explanation):
    assert explanation(text.replace('name = "neuron"\n', "", 1)) == ": missing key `name` in tasks[0]. Add it."


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("item_seconds = 5", 'item_seconds = "five"', ": wrong value of `item_seconds`: Expected `float`, got `str`."),
        ("item_seconds = 5", "item_seconds = 0", ": wrong value of `item_seconds`: Expected `float` > 0.0."),
        ("minutes = 30", "minutes = 30.5", ": wrong value of `tasks[0].minutes`: Expected `int`, got `float`."),
        (
            'retry_with = ["engine"]',
            'retry_with = ["tensor"]',
            ": `retry_with` names tensor, which `builds_on` does not name.",
        ),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(old, new, message, text, explanation):
    assert explanation(text.replace(old, new, 1)) == message


def test_a_choice_is_named_with_all_choices(explanation):
    message = explanation('engine_so_far = "mine"', CourseSettings)
    assert message == ": wrong value of `engine_so_far`. Allowed values: 'given', 'own'."


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        (
            "[tape]\ntitle = 't'\ngives_up = []\nwhy = ''",
            dict[str, Variant],
            "unknown key `why` in tape. Allowed keys:",
        ),
        (
            "[tape]\ntitle = 't'\ngives_up = ['deepth']",
            dict[str, Variant],
            "wrong value of `tape.gives_up[0]`. Allowed values: 'depth', 'stability', 'arrays'.",
        ),
        ("title = 't'\nkinds = 'form'", Misconception, "unknown key `kinds`. Did you mean `kind`?"),
        ("title = 't'\nkind = 'bug'", Misconception, "wrong value of `kind`. Allowed values: 'operation', 'form',"),
        ("title = 't'\ngroup = 'resources'\nends = 1", Attack, "unknown key `ends`. Did you mean `edits`?"),
        ("title = 't'\ngroup = 'x'", Attack, "wrong value of `group`. Allowed values: 'leaving early',"),
        ("title = 't'\ngroup = 'resources'", Attack, "give exactly one of all_pass, every and verdicts"),
    ],
)
def test_every_other_toml_file_of_the_course_refuses_unknown_keys_too(text, kind, message, explanation):
    assert explanation(text, kind).startswith(f": {message}")


@pytest.mark.parametrize("content", [b"title = ", b"title = 'x'\ntitle = 'y'", b"title = '\xff'"])
def test_a_file_that_is_not_toml_is_named(content, tmp_path):
    (tmp_path / "broken.toml").write_bytes(content)
    with pytest.raises(SettingsError, match=r"broken\.toml is not valid TOML"):
        read_toml(tmp_path / "broken.toml", CourseSettings)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"course\.toml is missing"):
        read_toml(tmp_path / "course.toml", CourseSettings)


def test_an_assignment_is_chosen_by_its_name_its_short_name_or_all():
    assert choose_assignments("a4") == choose_assignments("a4_networks") == (assignments()[3],)
    assert choose_assignments("all") == assignments()
    with pytest.raises(UserError, match=r"There is no assignment 'a9': choose all, a1_expressions, "):
        choose_assignments("a9")


def test_every_struct_of_a_toml_file_refuses_unknown_keys():
    for kind in (AssignmentSettings, CourseSettings, Misconception, Variant, Attack):
        assert kind.__struct_config__.forbid_unknown_fields, kind
    tasks = {field.name: field.type for field in msgspec.structs.fields(AssignmentSettings)}["tasks"]
    assert tasks.__args__[0].__struct_config__.forbid_unknown_fields
