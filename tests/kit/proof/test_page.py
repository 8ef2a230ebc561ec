"""The page docs/proof.md is a function of the records in docs/proof/."""

import xml.etree.ElementTree as ElementTree

from gradkit.proof.page import make_page, make_picture
from gradkit.proof.records import PARTS, Figure, MeasuredSet, Record, Table, read_records
from msgspec import structs

MADE = MeasuredSet(5, "mutants", "operators", "2026-11-30", "0123456789abcdef")
TABLE = Table("By file", ["file", "mutants", "caught of the others"], [["nn.py", "5", "99.5 %"], ["a<b", "2", "50 %"]])
RECORD = Record(
    "mutants",
    "Mutants",
    "Are they caught?",
    "gradkit mutants --record",
    "2026-11-30",
    MADE,
    [Figure("caught", "99.7 %", "99.9 %", "98.1 %")],
    [TABLE],
    ["nn.py, line 1: `a | b`"],
)


def test_the_page_and_its_picture_are_those_of_the_records(root):
    records = read_records()
    assert (root / "docs/proof.md").read_text(encoding="utf-8") == make_page(records)
    assert (root / "docs/proof.svg").read_text(encoding="utf-8") == make_picture(records)


def test_every_part_of_the_proof_is_measured():
    assert [record.part for record in read_records()] == list(PARTS)


def test_the_page_has_a_row_for_each_figure_and_every_miss():
    page = make_page([RECORD])
    assert "| [Mutants](#mutants) | caught | 99.7 % | 98.1 % | 99.9 % | 2026-11-30 |" in page
    assert "Command: `gradkit mutants --record` (2026-11-30)." in page
    assert "Digest: `0123456789abcdef`." in page
    assert "- nn.py, line 1: `a | b`" in page
    assert "Not measured yet: misconceptions, designs," in page


def test_a_long_list_of_misses_is_there_to_the_last():
    page = make_page([structs.replace(RECORD, misses=[f"miss {n}" for n in range(300)])])
    assert page.count("- miss ") == 300


def test_the_picture_has_a_bar_for_each_share_that_should_be_high():
    figures = [
        Figure("kept", "all", "1,500 of 2,000"),
        Figure("right", "at least 95 %", "95.5% (191 of 200)"),
        Figure("a<b", "99.7 %", "99.5 %"),
        Figure("wrong", "at most 2 %", "3 of 302 (1.0 %)"),
        Figure("not checked", "", "17 of 251"),
        Figure("median", "at most 3", "2"),
        Figure("mutants", "at least 5,000", "9,646"),
        Figure("judged", "all", "0 of 0"),
    ]
    picture = ElementTree.fromstring(make_picture([RECORD, structs.replace(RECORD, figures=figures)]))
    widths = [float(each.get("width")) for each in picture.iter("{http://www.w3.org/2000/svg}rect")]
    assert widths[2::2] == [round(640 * share, 1) for share in (0.999, 0.75, 0.955, 0.995)]
    assert "a<b; goal: 99.7 %" in {each.text for each in picture.iter("{http://www.w3.org/2000/svg}text")}
