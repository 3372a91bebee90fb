"""One run of libFuzzer: how it is asked, and what it says at its end."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fuzz.claim import LARGEST, Claim

SLOWEST: Final = 5
"""Seconds that one input may take; instrumented code takes some five times as long as any."""

MOST_MEMORY: Final = 1024
"""MiB of the whole process, whose coverage tables are the most of it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long each claim is tried, in seconds, and where what makes it fall is saved."""

    seconds: int
    found: Path


@dataclass(frozen=True, slots=True)
class Run:
    """What came of one claim.

    ``reached`` counts the places of the program, ``kept`` the inputs that reached something new,
    ``resident`` is in MiB. ``saved`` is the file that made it fall.
    """

    name: str
    fell: bool
    inputs: int
    a_second: int
    reached: int
    kept: int
    resident: int
    saved: str = ""


def command(claim: Claim, plan: Plan, corpus: Path, words: Path) -> Sequence[str]:
    """Return the arguments of Python that try a claim."""
    return (
        *("-m", "fuzz.one", claim.name),
        f"-max_total_time={plan.seconds}",
        f"-timeout={SLOWEST}",
        f"-rss_limit_mb={MOST_MEMORY}",
        f"-max_len={LARGEST}",
        f"-dict={words}",
        f"-artifact_prefix={plan.found}/{claim.name}-",
        "-print_final_stats=1",
        str(corpus),
    )


def write_corpus(folder: Path, claim: Claim) -> None:
    """Write the seeds of a claim, one file for each."""
    folder.mkdir()
    for number, seed in enumerate(claim.seeds):
        (folder / f"seed-{number}").write_bytes(seed)


def write_words(file: Path, claim: Claim) -> None:
    """Write the words of a claim as a dictionary of libFuzzer's."""
    quoted = ("".join(f"\\x{byte:02x}" for byte in word) for word in claim.words)
    file.write_text("".join(f'"{word}"\n' for word in quoted), encoding="ascii")


def run_of(name: str, exit_code: int, output: str) -> Run:
    """Return what libFuzzer's output says, and its exit code, which is 0 where the claim holds."""
    saved = _SAVED.search(output)
    return Run(
        name,
        exit_code != 0,
        _last(_INPUTS, output),
        _last(_A_SECOND, output),
        _last(_REACHED, output),
        _last(_KEPT, output),
        _last(_RESIDENT, output),
        saved[1] if saved else "",
    )


def _last(figure: re.Pattern[str], output: str) -> int:
    found = figure.findall(output)
    return int(found[-1]) if found else 0


_INPUTS: Final = re.compile(r"^stat::number_of_executed_units: +([0-9]+)", re.MULTILINE)
_A_SECOND: Final = re.compile(r"^stat::average_exec_per_sec: +([0-9]+)", re.MULTILINE)
_RESIDENT: Final = re.compile(r"^stat::peak_rss_mb: +([0-9]+)", re.MULTILINE)
_REACHED: Final = re.compile(r" cov: ([0-9]+) ")
_KEPT: Final = re.compile(r" corp: ([0-9]+)/")
_SAVED: Final = re.compile(r"Test unit written to (\S+)")
