"""Every key of a TOML document has the line on which it stands."""

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certify.io.toml_lines import key_lines, line_of

DOCUMENT = '''# a comment with a = 1 and [x]
name = "a [table] # no comment"   # comment
text = """
[not.a.table]
key = 1
"""
other = \'\'\'
x = 2\'\'\'\'
list = [
  1, # one
  "]", { inner = 3 },
]
[system]
"quoted key" = 1
a.b . "c" = 2
inline = { x = 1, y = { z = "}" }, "w" = [1, 2] }
[ system . deep ]   # a header
"\\u0061" = 1
[["array"]]
v = 1979-05-27T07:32:00Z
'''

EXPECTED = {
    ("name",): 2,
    ("text",): 3,
    ("other",): 7,
    ("list",): 9,
    ("list", "inner"): 11,
    ("system",): 13,
    ("system", "quoted key"): 14,
    ("system", "a"): 15,
    ("system", "a", "b"): 15,
    ("system", "a", "b", "c"): 15,
    ("system", "inline"): 16,
    ("system", "inline", "x"): 16,
    ("system", "inline", "y", "z"): 16,
    ("system", "inline", "w"): 16,
    ("system", "deep"): 17,
    ("system", "deep", "a"): 18,
    ("array",): 19,
    ("array", "v"): 20,
}


def test_lines() -> None:
    tomllib.loads(DOCUMENT)
    lines = key_lines(DOCUMENT)
    assert {path: lines.get(path) for path in EXPECTED} == EXPECTED
    assert ("a",) not in lines
    assert ("not",) not in lines
    assert ("key",) not in lines


@pytest.mark.parametrize(
    ("path", "line"),
    [(("system", "missing"), 13), (("absent",), 1), (("system", "a", "b", "c", "d"), 15)],
)
def test_a_missing_key_has_the_line_of_its_table(path: tuple[str, ...], line: int) -> None:
    assert line_of(key_lines(DOCUMENT), path) == line


_KEYS = st.sampled_from(["a", "b-c", "d_1", '"e f"', "'g'", '"\\u00e9"', "1"])
_VALUES = st.recursive(
    st.sampled_from(["1", '"# = ["', "'''\n]\n'''", '"""\n}"\n"""', "true", "1.5e3"]),
    lambda v: st.one_of(
        st.lists(v, max_size=3).map(lambda vs: "[\n" + ",\n".join(vs) + "]"),
        st.dictionaries(_KEYS, v, max_size=3).map(
            lambda d: "{" + ", ".join(f"{k} = {w}" for k, w in d.items()) + "}"
        ),
    ),
    max_leaves=6,
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(_KEYS, _VALUES, max_size=5))
def test_agrees_with_tomllib(table: dict[str, str]) -> None:
    text, expected = "", {}
    for key, value in table.items():
        expected[next(iter(tomllib.loads(f"{key} = 0")))] = text.count("\n") + 1
        text += f"{key} = {value}\n"
    tomllib.loads(text)
    lines = key_lines(text)
    assert {path[0]: line for path, line in lines.items() if len(path) == 1} == expected
