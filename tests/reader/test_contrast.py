"""What became of a value: words, paths, and what a person would not see."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rowtrail.history.answers import Value
from rowtrail.history.contrast import paths, remark, words

LONG = "The parcel was left with the neighbour at number 12, who signed for it."


def text(value: str) -> Value:
    return Value("string", value, len(value))


def document(value: str) -> Value:
    kinds = {"{": "object", "[": "array"}
    return Value(kinds.get(value[0], "number"), value, len(value))


def test_only_the_words_that_changed_are_marked() -> None:
    found = words(text(LONG), text(LONG.replace("number 12", "number 14, upstairs")))
    assert found is not None
    assert [piece.text for piece in found if piece.kind == "old"] == ["12"]
    assert "".join(piece.text for piece in found if piece.kind == "new") == "14, upstairs"


@given(st.text(max_size=200), st.text(max_size=200))
def test_the_pieces_are_both_texts(old: str, new: str) -> None:
    found = words(text(LONG + old), text(LONG + new))
    if found is not None:
        assert "".join(one.text for one in found if one.kind != "new") == LONG + old
        assert "".join(one.text for one in found if one.kind != "old") == LONG + new


@pytest.mark.parametrize(
    ("old", "new"),
    [("new", "paid"), (LONG, "x" * 80), ("", LONG)],
    ids=["short", "nothing in common", "from nothing"],
)
def test_texts_with_little_in_common_are_shown_whole(old: str, new: str) -> None:
    assert words(text(old), text(new)) is None


def test_a_text_of_which_only_the_beginning_is_here_is_not_compared() -> None:
    assert words(Value("string", LONG, 10_000), text(LONG + "x")) is None


def changed(old: str, new: str) -> list[tuple[str, str | None, str | None]] | None:
    found = paths(document(old), document(new))
    if found is None:
        return None
    return [
        (one.path, one.old.text if one.old else None, one.new.text if one.new else None)
        for one in found
    ]


def test_what_changed_in_a_document_has_a_path() -> None:
    old = '{"a": {"b": [1, 2.50, 3], "c d": null}, "gone": true, "same": {"x": 1}}'
    new = '{"a": {"b": [1, 2.5, 3], "c d": {}}, "same": {"x": 1}, "came": "text"}'
    assert changed(old, new) == [
        ("a.b[1]", "2.50", "2.5"),
        ('a["c d"]', "null", "{}"),
        ("gone", "true", None),
        ("came", None, "text"),
    ]


def test_an_item_that_came_moves_the_others_and_changes_none() -> None:
    assert changed("[1, 2, 3]", "[0, 1, 2, 3]") == [("[0]", None, "0")]
    assert changed("[1, 2, 3]", "[1, 3]") == [("[1]", "2", None)]


def test_numbers_are_as_they_were_written() -> None:
    many = "1" * 60 + ".0"
    assert changed(f'{{"a": {many}, "b": 1}}', '{"a": 0, "b": 1}') == [("a", many, "0")]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(JSON, JSON)
def test_equal_documents_have_no_change_and_others_have_one(one: object, other: object) -> None:
    old, new = (json.dumps({"x": each}, sort_keys=True) for each in (one, other))
    assert (paths(document(old), document(new)) is None) == (old == new)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (Value("number", "1.0", 3), Value("number", "1.00", 4), "with another scale"),
        (Value("number", "1", 1), text("1"), "a number became a string"),
        (text("a  b"), text("a b"), "only white space"),
        (text("Straße"), text("STRASSE"), "only capitals"),
        (Value("null", "null", 4), text("x"), None),
        (text("a"), text("b"), None),
    ],
)
def test_what_a_person_would_not_see_is_said(old: Value, new: Value, said: str | None) -> None:
    found = remark(old, new)
    assert (found is None) if said is None else (said in (found or ""))
