import importlib.util
from pathlib import Path

from typer.testing import CliRunner

from fuzz.__main__ import cli
from fuzz.claim import Claim
from fuzz.claims import CLAIMS
from fuzz.run import Plan, Run, command, run_of, write_corpus, write_words

ENDED = """
#2\tINITED cov: 13 ft: 13 corp: 1/1b exec/s: 0 rss: 85Mb
#8\tNEW    cov: 18 ft: 23 corp: 2/3b lim: 4 exec/s: 0 rss: 85Mb L: 2/2 MS: 1 InsertByte-
Done 1281845 runs in 9 second(s)
stat::number_of_executed_units: 1281845
stat::average_exec_per_sec:     142427
stat::new_units_added:          13
stat::peak_rss_mb:              85
"""
FELL = """
AssertionError: nobody knows
artifact_prefix='found/sip-'; Test unit written to found/sip-crash-51f2
stat::number_of_executed_units: 7
"""


def test_a_run_that_ended_says_how_far_it_came() -> None:
    assert run_of("sip", 0, ENDED) == Run("sip", False, 1281845, 142427, 18, 2, 85)  # noqa: FBT003


def test_a_run_that_fell_says_where_its_input_is() -> None:
    run = run_of("sip", 77, FELL)
    assert (run.fell, run.saved, run.inputs) == (True, "found/sip-crash-51f2", 7)


def test_a_run_that_did_not_begin_fell() -> None:
    assert run_of("sip", 1, "ModuleNotFoundError: atheris").fell


def test_libfuzzer_is_told_when_to_end_and_where_to_put_what_it_finds() -> None:
    plan = Plan(20, Path("found"))
    flags = command(CLAIMS["sip"], plan, Path("corpus"), Path("words"))
    assert flags[:3] == ("-m", "fuzz.one", "sip")
    assert {"-max_total_time=20", "-artifact_prefix=found/sip-", "-dict=words"} < {*flags}


def test_seeds_and_words_are_written_as_libfuzzer_reads_them(tmp_path: Path) -> None:
    claim = Claim("x", lambda _: None, (b"a\0", b"b"), (b'"\r', b"\xff"))
    write_corpus(tmp_path / "corpus", claim)
    write_words(tmp_path / "words", claim)
    assert {each.read_bytes() for each in (tmp_path / "corpus").iterdir()} == {b"a\0", b"b"}
    assert (tmp_path / "words").read_text() == '"\\x22\\x0d"\n"\\xff"\n'


def test_a_claim_that_there_is_not_is_a_wrong_usage() -> None:
    assert CliRunner().invoke(cli, ["no-such"]).exit_code == 2


def test_a_claim_that_cannot_be_tried_does_not_hold(tmp_path: Path) -> None:
    there = importlib.util.find_spec("atheris") is not None
    tried = CliRunner().invoke(cli, ["sipfrag", "--seconds", "1", "--found", str(tmp_path)])
    assert tried.exit_code == (0 if there else 1)
    assert ("holds" in tried.output) is there
