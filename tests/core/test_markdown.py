"""Tables in Markdown: nothing in a cell breaks them."""

from darkroom.core.markdown import cell, table


def test_a_table_has_a_line_for_each_row() -> None:
    assert table(["a", "b"], [[1, None]]) == "| a | b |\n| --- | --- |\n| 1 | - |"


def test_a_cell_stays_one_cell_and_no_html() -> None:
    assert cell("a | b\n<img>") == "a \\| b &lt;img>"
