"""What anyone may rely on when a table is read: right values, or a problem that names file, row and remedy."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from llm4rec.core import DataError, NotFoundError, SettingsError
from llm4rec.data.files import read_table
from llm4rec.data.frames import sheet_of
from llm4rec.data.report import Findings

ROWS = {"user_id": ["a", "b"], "item_id": ["007", "12"]}


def written(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def problem_of(path):
    with pytest.raises(DataError) as caught:
        read_table(path)
    (problem,) = caught.value.problems
    assert problem.file == path.name
    assert problem.remedy
    return problem


@pytest.mark.parametrize("suffix", ["parquet", "csv", "tsv", "jsonl", "ndjson"])
def test_every_kind_of_file_gives_the_same_table(tmp_path, suffix):
    path = tmp_path / f"items.{suffix}"
    frame = pl.DataFrame(ROWS)
    if suffix == "parquet":
        frame.write_parquet(path)
    elif suffix.endswith("json") or suffix == "jsonl":
        frame.write_ndjson(path)
    else:
        frame.write_csv(path, separator="\t" if suffix == "tsv" else ",")
    assert read_table(path).frame.to_dict(as_series=False) == ROWS


def test_csv_stays_text_however_numeric_its_first_rows_look(tmp_path):
    many = "\n".join(["1"] * 500)
    sheet = read_table(written(tmp_path, "a.csv", f"item_id\n{many}\n007\nx9\n"))
    assert sheet.plain
    assert sheet.frame["item_id"].to_list() == ["1"] * 500 + ["007", "x9"]


def test_csv_keeps_quotes_commas_line_breaks_and_gaps(tmp_path):
    sheet = read_table(written(tmp_path, "a.csv", 'a,b\n"x, y","say ""hi"""\n"two\nlines",\n'))
    assert sheet.frame.rows() == [("x, y", 'say "hi"'), ("two\nlines", None)]


def test_jsonl_infers_over_the_whole_file(tmp_path):
    lines = [json.dumps({"a": 1})] * 500 + [json.dumps({"a": "x", "b": [1.5]})]
    frame = read_table(written(tmp_path, "a.jsonl", "\n".join(lines))).frame
    assert frame["a"].to_list() == ["1"] * 500 + ["x"]
    assert frame["b"][500].to_list() == [1.5]


@pytest.mark.parametrize(("name", "text"), [("a.csv", "a,b\n1,2\n"), ("a.jsonl", '{"a": "1", "b": "2"}\n')])
def test_a_byte_order_mark_is_skipped_and_noted(tmp_path, name, text):
    findings = Findings()
    sheet = read_table(written(tmp_path, name, b"\xef\xbb\xbf" + text.encode()), findings)
    assert sheet.frame.to_dict(as_series=False) == {"a": ["1"], "b": ["2"]}
    assert "byte order mark" in str(findings.notes[0])


@pytest.mark.parametrize(
    ("name", "before"), [("a.csv", b"a,b\n1,2\n3,"), ("a.jsonl", b'{"a": 1}\n{"a": 2}\n{"a": "')]
)
def test_what_is_not_utf8_is_named_by_line_and_byte(tmp_path, name, before):
    problem = problem_of(written(tmp_path, name, before + b"\xe9\n"))
    column = len(before.splitlines()[-1]) + 1
    assert f"line 3, byte {column} is 0xe9" in str(problem)
    assert "Convert the file to UTF-8" in problem.remedy


def test_a_header_that_is_not_utf8_is_named_too(tmp_path):
    assert "line 1, byte 2" in problem_of(written(tmp_path, "a.csv", b"a\xff,b\n1,2\n")).message


def test_utf16_is_told_to_become_utf8(tmp_path):
    assert "UTF-8" in problem_of(written(tmp_path, "a.csv", "a,b\n1,2\n".encode("utf-16"))).remedy


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf"])
def test_an_empty_file_is_a_problem(tmp_path, name, content):
    assert "is empty" in problem_of(written(tmp_path, name, content)).message


def test_a_header_without_rows_is_a_problem(tmp_path):
    problem = problem_of(written(tmp_path, "a.csv", "a,b\n"))
    assert "header but no rows" in problem.message
    assert "Add rows" in problem.remedy


def test_broken_rows_are_counted_the_first_is_named_and_later_rows_keep_their_numbers(tmp_path):
    findings = Findings()
    path = written(tmp_path, "a.csv", "a,b\n1,2\n3\n4,5,6\n7,8\n")
    sheet = read_table(path, findings)
    (problem,) = findings.problems
    assert (problem.row, problem.count, problem.value) == (2, 2, "'3'")
    assert "1 fields where the header has 2" in problem.message
    assert sheet.frame.rows() == [("1", "2"), ("7", "8")]
    assert [sheet.row(0), sheet.row(1)] == [1, 4]


def test_a_quote_that_is_never_closed_is_named(tmp_path):
    problem = problem_of(written(tmp_path, "a.csv", 'a,b\n1,x\n2,"open\n3,y\n4,z\n'))
    assert (problem.row, "never closed" in problem.message) == (2, True)


def test_a_wrong_separator_is_recognised(tmp_path):
    problem = problem_of(written(tmp_path, "a.csv", "user_id;item_id\n1;2\n"))
    assert "';'" in problem.message
    assert "','" in problem.remedy


def test_a_column_twice_is_a_problem(tmp_path):
    assert "'a' appears twice" in problem_of(written(tmp_path, "a.csv", "a,b,a\n1,2,3\n")).message


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ('{"a": ', "is not JSON"),
        ("[1, 2]", "not a JSON object"),
        ("hello", "is not JSON"),
        ('{"a": NaN}', "NaN is not JSON"),
    ],
)
def test_a_broken_json_line_is_named_by_its_row(tmp_path, line, what):
    problem = problem_of(written(tmp_path, "a.jsonl", f'{{"a": 1}}\n{line}\n{{"a": 3}}\n'))
    assert problem.row == 2
    assert what in problem.message


def test_a_column_of_numbers_and_lists_is_named(tmp_path):
    problem = problem_of(written(tmp_path, "a.jsonl", '{"a": 1}\n{"a": [2]}\n'))
    assert (problem.row, problem.column) == (2, "a")
    assert "list here and int before" in problem.message


@pytest.mark.parametrize("keep", [3, 40, -1, -9])
def test_a_parquet_file_that_was_cut_off_is_a_problem(tmp_path, keep):
    path = tmp_path / "a.parquet"
    pl.DataFrame({"a": range(1000)}).write_parquet(path)
    path.write_bytes(path.read_bytes()[:keep])
    problem = problem_of(path)
    assert "cut off" in problem.message
    assert "again" in problem.remedy


def test_a_missing_file_lists_what_is_there_and_suggests(tmp_path):
    written(tmp_path, "interaction.csv", "a\n1\n")
    with pytest.raises(NotFoundError, match=r"did you mean 'interaction.csv'.*there is: interaction.csv"):
        read_table(tmp_path / "interactions.csv")


def test_an_unknown_kind_of_file_says_what_can_be_read(tmp_path):
    with pytest.raises(NotFoundError, match=r"parquet, \.csv, \.jsonl"):
        read_table(written(tmp_path, "a.xlsx", "x"))


FRAMES = {
    "polars": pl.DataFrame(ROWS),
    "lazy": pl.LazyFrame(ROWS),
    "pandas": pd.DataFrame(ROWS),
    "arrow": pa.table(ROWS),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_every_kind_of_frame_gives_the_same_table(kind):
    sheet = sheet_of(FRAMES[kind], "items", Findings())
    assert sheet.frame.to_dict(as_series=False) == ROWS
    assert not sheet.plain


def test_a_pandas_column_of_mixed_types_becomes_text_with_a_note():
    findings = Findings()
    frame = pd.DataFrame({"item_id": pd.Series([1, "x", None], dtype=object), "n": [1.0, np.nan, 2.0]})
    sheet = sheet_of(frame, "items", findings)
    assert sheet.frame["item_id"].to_list() == ["1", "x", None]
    assert sheet.frame["n"].to_list() == [1.0, None, 2.0]
    assert "int, str" in str(findings.notes[0])


def test_what_is_no_frame_is_refused_by_name():
    with pytest.raises(SettingsError, match="cannot read a int"):
        sheet_of(3, "items", Findings())
