"""What instructors and students see: formgrader's pages and feedback pages, opened in a browser and read."""

import base64
import json
import os
import secrets
import shutil
import subprocess
import sys
import time

import pytest
from gradkit.catalogue.assignments import choose_assignments
from gradkit.proof.specimens import read_misconceptions
from gradkit.suite import visibility
from gradkit.suite.collection import graded_tests
from selenium import webdriver
from selenium.common.exceptions import NoAlertPresentException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

NAME = "a2_backprop"
WAIT_SECONDS = 60

SCRIPT = "<script data-mine>document.title='PWNED'</script>"
IMAGE = '</pre></div><img data-mine src=x onerror="document.title=`PWNED`;alert(1)">'
MARKUP = {
    "message": f"{SCRIPT}{IMAGE}",
    "function": "</code><svg data-mine onload=alert(2)>",
    "file": "<img data-mine src=y onerror=alert(3)>.py",
    "exception": "<b data-mine>Boom",
    "line": f"# {IMAGE} {{{{ 7 * 7 }}}}",
}
"""Markup for every part of a traceback that a student controls."""

HOSTILE = f"""

# {SCRIPT}
def backward(self):
    raise type({MARKUP["exception"]!r}, (Exception,), {{}})({MARKUP["message"]!r})  {MARKUP["line"]}


folder = backward.__code__.co_filename.rpartition("/")[0]
backward.__code__ = backward.__code__.replace(
    co_name={MARKUP["function"]!r}, co_filename=folder + "/" + {MARKUP["file"]!r}
)


def passes_on(self):  {MARKUP["line"]}
    backward(self)  {MARKUP["line"]}


Value.backward = passes_on
"""

WRONG_NODE = "#fde0dc"
HIDDEN = "What is not part of the result stays out of it"
MINUS = "Subtraction passes the second operand minus its gradient"

SLIPS = {
    "minus": [("return self + (-other)", "return self + other")],
    "waits": [(edit.old, edit.new) for edit in read_misconceptions()["waits_for_uses_elsewhere"].edits],
}
SENTENCE = visibility.HIDDEN
NOT_NEEDED = ("jupyterlab", "jupyterlab_jupytext", "jupytext", "jupyter_lsp", "jupyter_server_terminals", "notebook")
"""Extensions of Jupyter's server that are switched off because they take time to start."""

STUDENTS = {"right", "untouched", "hostile", "adjusted", *SLIPS}


# --- a course that was graded, a server for it, and a browser --------------------------------------------------------


@pytest.fixture(scope="module")
def programs():
    """Return the paths of Chromium and its driver."""
    found = [shutil.which("chromium"), shutil.which("chromedriver")]
    if not all(found):
        message = "These tests need a browser: apt-get install chromium chromium-driver"
        (pytest.fail if os.environ.get("GRADKIT_NO_SKIPS") else pytest.skip)(message)
    return found


@pytest.fixture(scope="module")
def empty_home(tmp_path_factory):
    """Return an empty home folder for the started programs, so that the user's settings have no effect."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
            (home / name).mkdir()
            patch.setenv(name, str(home / name))
        yield home


@pytest.fixture(scope="module")
def graded_course(programs, empty_home, copy_course, tmp_path_factory):
    """Return the course after a small class has handed in a2_backprop and has been graded."""
    course = copy_course(tmp_path_factory.mktemp("pages"))
    right = course.solution(NAME)
    course.hand_in("right", NAME, right)
    course.hand_in("untouched", NAME)
    course.hand_in("hostile", NAME, right + HOSTILE)
    for student, edits in {**SLIPS, "adjusted": SLIPS["minus"]}.items():
        text = right
        for old, new in edits:
            assert text.count(old.strip("\n")) == 1
            text = text.replace(old.strip("\n"), new.strip("\n"))
        course.hand_in(student, NAME, text)
    course.run("nbgrader", "autograde", NAME)
    course.run("nbgrader", "generate_feedback", NAME)
    course.points = course.export_grades()
    return course


@pytest.fixture(scope="module")
def server(graded_course, empty_home):
    """Start a Jupyter server with formgrader in the course folder, and yield (address, token)."""
    extensions = {"nbgrader.server_extensions.formgrader": True}
    extensions |= dict.fromkeys(NOT_NEEDED, False)
    settings = {"ServerApp": {"jpserver_extensions": extensions}}
    (empty_home / "JUPYTER_CONFIG_DIR/jupyter_server_config.json").write_text(json.dumps(settings))
    token, log = secrets.token_hex(), empty_home / "server.log"
    command = [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"]
    command += ["--ServerApp.ip=127.0.0.1", "--ServerApp.port=0"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=graded_course.home,
            env={**os.environ, "JUPYTER_TOKEN": token, "JUPYTER_PREFER_ENV_PATH": "0"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield address_of(process, empty_home / "JUPYTER_RUNTIME_DIR", log), token
        finally:
            process.terminate()
            process.wait(WAIT_SECONDS)


def address_of(process, folder, log):
    """Wait until a server listens, and return its address, which it writes to a file."""
    info = folder / f"jpserver-{process.pid}.json"
    end = time.monotonic() + WAIT_SECONDS
    while not (info.exists() and info.stat().st_size):
        assert process.poll() is None, log.read_text(errors="replace")[-4000:]
        assert time.monotonic() < end, log.read_text(errors="replace")[-4000:]
        time.sleep(0.1)
    return f"http://127.0.0.1:{json.loads(info.read_text())['port']}"


@pytest.fixture(scope="module")
def browser(programs, empty_home):
    """Start a Chromium that can connect to this machine only."""
    options = webdriver.ChromeOptions()
    options.binary_location, driver = programs
    for argument in (
        *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
        *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
        *(f"--user-data-dir={empty_home / 'profile'}", "--window-size=1300,1000"),
        *("--no-proxy-server", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
    ):
        options.add_argument(argument)
    opened = webdriver.Chrome(options, Service(executable_path=driver))
    yield opened
    opened.quit()


class Pages:
    """Opens pages in the browser, and reads them after their scripts have run."""

    def __init__(self, browser, server, course, screens):
        self.browser, self.course, self.screens = browser, course, screens
        self.address, token = server
        browser.get(f"{self.address}/formgrader/manage_assignments?token={token}")

    def open_page(self, address, ready="true", screen=""):
        """Open a page and wait until it is ready.

        Args:
            address: A URL, or the part of it after `formgrader/`.
            ready: Condition in JavaScript.
            screen: Name of a screenshot to keep, if any.
        """
        self.browser.get(address if ":" in address else f"{self.address}/formgrader/{address}")
        WebDriverWait(self.browser, WAIT_SECONDS).until(lambda it: it.execute_script(f"return Boolean({ready})"))
        if screen and not (self.screens / f"{screen}.png").exists():
            shot = self.browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
            (self.screens / f"{screen}.png").write_bytes(base64.b64decode(shot["data"]))

    def table(self, address, screen=""):
        """Open a page with a table, and return its rows: for each, the text of every cell by the cell's class."""
        self.open_page(address, "window.models && models.loaded && models.length", screen)
        return self.browser.execute_script(
            "return [...document.querySelectorAll('#main-table tr')].map(row => Object.fromEntries("
            "[...row.cells].map(cell => [cell.className.split(' ').filter(c => c != 'text-center')[0],"
            " (cell.querySelector('.name-shown') || cell).textContent.trim()])))"
        )

    def submission(self, student):
        """Open a student's submission as formgrader shows it to the instructor."""
        self.table(f"gradebook/{NAME}/{NAME}")
        link = self.browser.find_element(By.XPATH, f"//a[contains(@class, 'name-shown') and text()='{student}']")
        ready = "window.formgrader && formgrader.grades.loaded && formgrader.comments.loaded"
        self.open_page(link.get_attribute("href"), ready, f"submission-{student}")

    def feedback(self, student):
        """Open the feedback page that a student receives."""
        path = self.course.path("feedback", NAME, student).with_suffix(".html")
        self.open_page(path.as_uri(), screen=f"feedback-{student}")

    def scores(self):
        """Return the score fields of a submission: the number that was typed, or else the one from autograding."""
        fields = self.browser.find_elements(By.CSS_SELECTOR, "input.score")
        return {
            field.get_attribute("id"): float(field.get_attribute("value") or field.get_attribute("placeholder"))
            for field in fields
        }

    def item(self, title):
        """Return the element of a page that describes an item."""
        return self.browser.find_element(By.XPATH, f"//div[div/b[text()={json.dumps(title)}]]")

    def text(self):
        return self.browser.find_element(By.TAG_NAME, "body").text


@pytest.fixture(scope="module")
def pages(browser, server, graded_course, tmp_path_factory):
    return Pages(browser, server, graded_course, tmp_path_factory.mktemp("screens"))


def points(row):
    """Return the points of a row whose score is, for example, `31.5 / 32`."""
    return float(row["score"].partition(" / ")[0])


def tasks_in(course, student):
    """Return the points of each task, from the outputs of the autograded notebook's test cells."""
    cells = course.notebook("autograded", NAME, student).cells
    return {
        cell.metadata.nbgrader.grade_id: float(cell.outputs[0]["data"]["text/plain"])
        for cell in cells
        if cell.metadata.get("nbgrader", {}).get("grade")
    }


# --- scores ----------------------------------------------------------------------------------------------------------


def test_manage_assignments_lists_the_assignment_with_its_number_of_submissions(pages):
    row = next(row for row in pages.table("manage_assignments", "manage") if row["name"] == NAME)
    assert row["num-submissions"] == str(len(STUDENTS))


def test_the_submissions_of_an_assignment_are_shown_as_graded(pages):
    rows = {row["student-id"]: row for row in pages.table(f"manage_submissions/{NAME}", "submissions")}
    assert set(rows) == STUDENTS
    assert {row["status"] for student, row in rows.items() if student != "adjusted"} == {"graded"}


@pytest.mark.parametrize("address", [f"manage_submissions/{NAME}", f"gradebook/{NAME}/{NAME}", "manage_students"])
def test_every_table_shows_the_scores_that_are_exported(pages, graded_course, address):
    rows = pages.table(address, address.replace("/", "-"))
    found = {row.get("student-id") or row.get("id") or row["name"]: points(row) for row in rows}
    assert set(found) == STUDENTS
    for student in STUDENTS - {"adjusted"}:
        assert found[student] == float(graded_course.points[student, NAME]["score"])


@pytest.mark.parametrize("student", ["right", "minus", "untouched"])
def test_a_submission_s_page_shows_each_task_s_score_in_its_field(pages, graded_course, student):
    pages.submission(student)
    assert pages.scores() == tasks_in(graded_course, student)
    assert list(pages.scores()) == [task.name for task in choose_assignments(NAME)[0].tasks]


def test_a_score_typed_by_hand_stays_also_when_it_is_autograded_again(pages, graded_course):
    before = tasks_in(graded_course, "adjusted")
    pages.submission("adjusted")
    field = pages.browser.find_element(By.ID, "numbers")
    field.send_keys("0.5\t")
    WebDriverWait(pages.browser, WAIT_SECONDS).until(
        lambda it: it.execute_script("return formgrader.grades.findWhere({name: 'numbers'}).get('manual_score') == 0.5")
    )
    expected = {**before, "numbers": 0.5}
    pages.submission("adjusted")
    assert pages.scores() == expected
    graded_course.run("nbgrader", "autograde", NAME, "--student", "adjusted", "--force")
    pages.submission("adjusted")
    assert pages.scores() == expected
    assert float(graded_course.export_grades()["adjusted", NAME]["score"]) == sum(expected.values())


@pytest.mark.parametrize("student", ["right", "minus", "untouched", "hostile"])
def test_a_feedback_page_shows_the_scores_that_are_exported(pages, graded_course, student):
    pages.feedback(student)
    row = graded_course.points[student, NAME]
    assert f"(Score: {float(row['score'])} / {float(row['max_score'])})" in pages.text()
    scores = [line for line in pages.browser.find_elements(By.CSS_SELECTOR, "#toc li") if "Score: " in line.text]
    expected = tasks_in(graded_course, student)
    assert [float(line.text.split("Score: ")[1].split(" /")[0]) for line in scores] == list(expected.values())


# --- what is shown of a failure --------------------------------------------------------------------------------------


@pytest.fixture(params=["submission", "feedback"])
def open_student_page(request, pages):
    """Return a function that opens the page of a student: first the instructor's page, then the student's."""
    return getattr(pages, request.param)


def test_a_page_shows_the_student_s_code_and_what_it_answered_beside_PyTorch(pages, graded_course, open_student_page):
    open_student_page("minus")
    assert "return self + other" in pages.text()
    shown = pages.item(MINUS)
    assert [cell.text for cell in shown.find_elements(By.TAG_NAME, "th")] == ["", "yours", "PyTorch"]
    assert [cell.text for cell in shown.find_elements(By.TAG_NAME, "td")] == ["y.data", "2.5", "-1.5"]
    assert "b - a" in shown.find_element(By.TAG_NAME, "pre").text


def test_a_page_shows_every_item_of_every_task(pages, open_student_page):
    open_student_page("right")
    for test in graded_tests(choose_assignments(NAME)[0]):
        assert pages.item(test.item.title).is_displayed()


def test_a_page_shows_the_failing_graph_and_marks_the_wrong_node(pages, open_student_page):
    open_student_page("minus")
    drawn = pages.item(MINUS).find_element(By.TAG_NAME, "svg")
    assert drawn.size["width"] > 100
    marks = drawn.find_elements(By.CSS_SELECTOR, f"polygon[fill='{WRONG_NODE}']")
    assert marks
    assert all(mark.is_displayed() for mark in marks)


def test_a_hidden_item_shows_its_title_and_verdict_and_none_of_its_code(pages, open_student_page):
    open_student_page("waits")
    shown = pages.item(HIDDEN)
    assert shown.text.splitlines() == [f"{HIDDEN} · 0 of 0.5 points · failed", SENTENCE]
    assert not shown.find_elements(By.CSS_SELECTOR, "code, table, svg")


# --- what a student wrote --------------------------------------------------------------------------------------------


@pytest.fixture
def page_with_markup(pages, open_student_page):
    """Open the page of a submission full of markup, and give scripts time to run."""
    open_student_page("hostile")
    time.sleep(0.5)
    return pages


def test_no_page_runs_what_a_student_wrote(page_with_markup):
    with pytest.raises(NoAlertPresentException):
        page_with_markup.browser.switch_to.alert.accept()
    assert page_with_markup.browser.title == NAME
    assert not page_with_markup.browser.find_elements(By.CSS_SELECTOR, "[data-mine]")


def test_what_a_student_wrote_is_shown_as_it_is(page_with_markup):
    shown = page_with_markup.text()
    for part in MARKUP.values():
        assert part in shown
