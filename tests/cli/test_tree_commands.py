"""Trees from the command line: rules decided, broken leaves listed, repaired and proved again."""

from pathlib import Path

import pytest
from cli_runs import certify

from certify.io.tree_file import read_tree_file

TREE = """
{"format": "certify-tree-1", "inputs": 2, "rounding": "float32", "nodes": [
 {"feature": 1, "threshold": 21.3, "left": 1, "right": 2},
 {"feature": 0, "threshold": 4, "left": 3, "right": 4},
 {"value": [24]}, {"value": [15]}, {"value": [22]}]}
"""
PROBLEM = """\
name = "room"
[system]
time = "discrete"
states = ["T", "people"]
inputs = ["heating"]
let = { occupied = "people - 0.5" }
[networks]
policy = "tree.json"
[controller]
heating = "policy(people, T)"
[domain]
T = [10, 30]
people = [0, 9]
[property]
kind = "tree"
decisions = [15, 18, 20, 22, 23, 24]
[property.rules]
cold = "when occupied and T < 20 then heating > T"
warm = "when occupied and T > 23.5 then heating < T"
"""


@pytest.fixture
def room(tmp_path: Path) -> Path:
    (tmp_path / "tree.json").write_text(TREE)
    (tmp_path / "problem.toml").write_text(PROBLEM)
    return tmp_path


def test_verify_refutes_and_lists(room: Path) -> None:
    ended = certify("verify", room / "problem.toml", "--json")
    assert (ended.code, ended.answer["theorem"]) == (1, "T-RULE")
    assert ended.answer["diagnosis"][:2] == [
        "rule cold: 1 leaves break it", "rule warm: 1 leaves break it",
    ]  # fmt: skip
    told = certify("verify", room / "problem.toml").out
    assert "heating =" in told
    assert "certify repair" in told


def test_rules_lists_exact_boxes_and_no_conflict(room: Path) -> None:
    ended = certify("rules", room / "problem.toml", "--json")
    assert ended.code == 1
    assert ended.answer["rules"] == {"cold": 1, "warm": 1}
    assert ended.answer["conflicts"] == []
    cold, warm = ended.answer["violations"]
    assert cold["box"]["T"] == {"low": "15", "high": "20", "open": [False, True]}
    # binary32 inputs up to 4 go left: the midpoint to the next one, a tie that goes to 4
    assert cold["box"]["people"]["high"] == "16777217/4194304"
    assert warm["box"]["T"] == {"low": "47/2", "high": "24", "open": [True, False]}
    assert "no two rules conflict" in certify("rules", room / "problem.toml").out


def test_conflicts_are_shown(room: Path) -> None:
    text = PROBLEM + 'cool = "when T > 18 then heating <= 15"\n'
    (room / "problem.toml").write_text(text)
    ended = certify("rules", room / "problem.toml")
    assert "rules cold and cool conflict: no decision keeps them at T = " in ended.out


def test_repair_proves_what_it_writes(room: Path) -> None:
    (room / "log.csv").write_text("T,hour,people\n19,8,3\n12,9,3\n25,9,0\n23.7,9,5\n")
    ended = certify("repair", room / "problem.toml", "-o", room / "new.json", "--data",
                    room / "log.csv", "--certificate", room / "c.json")  # fmt: skip
    assert ended.code == 0, ended.err
    assert "2 of 3 leaves changed; the repaired tree has" in ended.out
    assert "heating = 15 becomes heating = 20 where" in ended.out
    assert "2 of 4 logged decisions changed" in ended.out
    assert certify("check", room / "c.json").code == 0
    assert certify("explain", room / "c.json").code == 0
    (room / "problem.toml").write_text(PROBLEM.replace("tree.json", "new.json"))
    assert certify("run", room / "problem.toml", "-o", room / "out").code == 0
    report = (room / "out" / "report.html").read_text()
    assert "when people &gt; 0.5 and 20 &gt; T then heating &gt; T" in report
    assert certify("rules", room / "problem.toml").code == 0
    assert read_tree_file(room / "new.json").leaves > 3
    again = certify("repair", room / "problem.toml", "--json").answer
    assert (again["leaves_changed"], again["changes"]) == (0, [])


def test_repair_without_splits(room: Path) -> None:
    answer = certify("repair", room / "problem.toml", "--keep-shape", "--json").answer
    assert (answer["verdict"], answer["leaves"], answer["leaves_after"]) == ("proved", 3, 3)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("then heating > T", "heating > T", "expected 'then'"),
        ("heating > T", "heating > Q", "unknown name 'Q'"),
        ('"policy(people, T)"', '"policy(people, T) + 1"', "output of one tree"),
        ('"policy(people, T)"', '"policy(people, 2*T)"', "different states"),
        ("[15, 18, 20, 22, 23, 24]", "[[15, 1]]", "a value for each of the 1 inputs"),
        ('kind = "tree"', 'kind = "trees"', "not a kind of property"),
        ('"tree.json"', '"other.json"', "cannot be read"),
        ("[15, 18, 20", "[1e200, 18, 20", "above 1e100"),
    ],
)
def test_bad_problems(room: Path, old: str, new: str, said: str) -> None:
    (room / "problem.toml").write_text(PROBLEM.replace(old, new))
    ended = certify("repair", room / "problem.toml")
    assert ended.code == 2
    assert said in ended.err


@pytest.mark.parametrize("text", ["", "T,people\n1\n", "T\n1\n", "T,people\nx,y\n", None])
def test_bad_logs(room: Path, text: str | None) -> None:
    if text is not None:
        (room / "log.csv").write_text(text)
    ended = certify("repair", room / "problem.toml", "--data", room / "log.csv")
    assert ended.code == 2


def test_a_repair_that_is_impossible_says_where(room: Path) -> None:
    (room / "problem.toml").write_text(PROBLEM.replace("18, 20, 22, 23, 24", "16"))
    ended = certify("repair", room / "problem.toml")
    assert ended.code == 1
    assert "not repaired: leaf" in ended.out


@pytest.mark.parametrize(("old", "new"), [("21.3", "1e300"), ("[24]", '["1e300"]')])
@pytest.mark.parametrize("verb", ["verify", "rules", "repair"])
def test_numbers_beyond_reason_are_refused(room: Path, verb: str, old: str, new: str) -> None:
    (room / "tree.json").write_text(TREE.replace(old, new))
    ended = certify(verb, room / "problem.toml")
    assert ended.code == 2
    assert "too large" in ended.err or "range of float32" in ended.err


def test_repair_takes_what_costs_least_in_a_log_with_costs(room: Path) -> None:
    """24 above 23.5 and below 24 has to become one of 15, 18, 20, 22, 23: 23 is the nearest."""
    costs = ",".join(f"cost{i}" for i in range(6))
    log = room / "log.csv"
    log.write_text(f"T,people,{costs}\n23.7,5,4,1,3,4,5,0\n23.8,5,4,2,3,4,5,0\n19,0,0,0,0,0,0,0\n")
    plain = certify("repair", room / "problem.toml", "--json").answer
    told = certify("repair", room / "problem.toml", "--data", log, "--json").answer
    (near,), (cheap,) = ([c for c in r["changes"] if c["rules"] == ["warm"]] for r in (plain, told))
    assert (near["after"], near["visits"], near["loss"]) == (["23"], 0, None)
    assert (cheap["after"], cheap["visits"], cheap["loss"]) == (["18"], 2, 3.0)
    assert told["verdict"] == "proved"
    shown = certify("repair", room / "problem.toml", "--data", log).out
    assert "(2 logged states, which costs them 3)" in shown
    assert "2 of 3 logged decisions changed, at a cost of 3" in shown


def test_costs_that_do_not_fit_the_decisions_are_refused(room: Path) -> None:
    log = room / "log.csv"
    for head, row in (
        ("cost0,cost1", "1,2"),
        (",".join(f"cost{i}" for i in range(7)), "1,2,3,4,5,6,7"),
    ):
        log.write_text(f"T,people,{head}\n23.7,5,{row}\n")
        assert certify("repair", room / "problem.toml", "--data", log).code == 2
    log.write_text("T,people,cost0,cost1,cost2\n23.7,5,1,2,3\n")
    text = (room / "problem.toml").read_text().replace("decisions = [15, 18, 20, 22, 23, 24]\n", "")
    (room / "problem.toml").write_text(text)
    ended = certify("repair", room / "problem.toml", "--data", log)
    assert ended.code == 2
    assert "state their decisions" in ended.err
