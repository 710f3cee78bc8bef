"""Tables and intervals as the page of figures writes them."""

from benchmarks import cells


def test_a_table_is_a_head_and_rows():
    assert [cells.head("row", "ms"), cells.row("ease", 3)] == ["| row | ms |\n|---|---|", "| ease | 3 |"]


def test_a_value_stands_before_a_dash_and_a_difference_has_signs():
    found = {"mean": 0.06572, "low": 0.06291, "high": 0.06843, "difference": 0.0148}
    assert cells.ranged(cells.ends(found)) == "0.0657 (0.0629–0.0684)"
    assert cells.ranged((0.0148, -0.006, 0.024), "+.3f") == "+0.015 (-0.006 to +0.024)"
    assert cells.ends(found, "difference")[0] == 0.0148
    assert cells.of_metric({"metrics": {"hr@10": found}}, "hr@10") == "0.0657 (0.0629–0.0684)"


def test_shares_are_told_in_percent():
    assert cells.percents((-0.016, -0.024, -0.007)) == "-1.6 % (-2.4 to -0.7)"
    assert cells.percents((0.25, 0.2, 0.3), ".2f") == "25.00 % (20.00–30.00)"
