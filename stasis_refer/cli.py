"""The command line ``stasis-refer``: exit code 0 good, 1 bad, 2 wrong usage."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from stasis_refer import __version__
from stasis_refer.adapters.log import set_up_log
from stasis_refer.core.application import Application, Callback
from stasis_refer.core.info import CallInfo
from stasis_refer.core.outcome import Reason
from stasis_refer.core.sent import Withheld, clear
from stasis_refer.core.verbs import Document, Refer
from stasis_refer.demo.show import run_demo
from stasis_refer.dialects.dialect import DocumentError
from stasis_refer.dialects.registry import DIALECTS
from stasis_refer.doctor import examine
from stasis_refer.explaining import explain
from stasis_refer.listing import outbox_line, outbox_table, read_outbox
from stasis_refer.running import run_lab, run_loop, run_program, unless_told_to_stop
from stasis_refer.runtime.ports import StoreError
from stasis_refer.settings import Settings, load
from stasis_refer.terminal import (
    DEFAULT_CONFIGURATION,
    Configuration,
    errors,
    fail,
    for_tables,
    out,
    tell_errors,
)
from stasis_refer.transfers import transfers

_NOWHERE: Final = "http://127.0.0.1/"  # the base of relative URLs in a document that is linted

cli = typer.Typer(
    help="Call transfer over SIP REFER on your own Asterisk.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
outbox = typer.Typer(help="What applications are told.", no_args_is_help=True)
cli.add_typer(outbox, name="outbox")
cli.add_typer(transfers, name="transfers")
_SOME_CALL: Final = CallInfo(
    "0" * 32, "", channel_name="PJSIP/caller", caller="caller", peer="example.com"
)
_TARGET: Final = "Tell which rule decides on this URI, number, or PJSIP/ENDPOINT."
_NOBODY: Final = Application("", "", Callback(_NOWHERE))


def main() -> None:
    """Run the command line."""
    cli()


@cli.callback(invoke_without_command=True)
def version(
    *, show: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    """Print the version, or go on with a command."""
    if show:
        out.print(__version__)
        raise typer.Exit


@cli.command()
def run(config: Configuration = DEFAULT_CONFIGURATION) -> None:
    """Serve the calls of an Asterisk. SIGTERM drains, a second one stops at once."""
    _serve(run_program, config, needs_asterisk=True)


@cli.command()
def lab(config: Configuration = DEFAULT_CONFIGURATION) -> None:
    """Run a private Asterisk and the program on loopback, until SIGTERM."""
    _serve(run_lab, config)


@cli.command()
def demo(
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the lab up at the end.")] = False,
    picture: Annotated[Path | None, typer.Option(help="Save the table as an SVG.")] = None,
) -> None:
    """Place one real call per situation and show what became of each transfer."""
    set_up_log("error", "console")
    good = tell_errors(lambda: run_loop(unless_told_to_stop(run_demo(keep=keep, picture=picture))))
    raise typer.Exit(0 if good else 1)


@cli.command()
def check(
    config: Configuration = DEFAULT_CONFIGURATION,
    target: Annotated[str | None, typer.Option(help=_TARGET)] = None,
    application: Annotated[str, typer.Option(help="The application that would transfer.")] = "",
) -> None:
    """Check the configuration, and nothing else."""
    settings = tell_errors(lambda: load(config))
    for remark in settings.remarks():
        errors.print(f"{config}: {remark}", style="yellow", markup=False)
    _known(settings, application)
    if target is None:
        out.print(f"{config}: good, {len(settings.applications)} applications", markup=False)
        return
    explanation = explain(settings, target, application)
    for line in explanation.lines:
        out.print(line, markup=False)
    if not explanation.allowed:
        raise typer.Exit(1)


@cli.command()
def doctor(config: Configuration = DEFAULT_CONFIGURATION) -> None:
    """Examine the live Asterisk: each finding with its remedy."""
    set_up_log("error", "console")
    settings = tell_errors(lambda: load(config))
    findings = asyncio.run(examine(settings))
    for finding in findings:
        style = "green" if finding.good else "red"
        out.print("ok " if finding.good else "BAD", style=style, end=" ")
        out.print(finding.text, markup=False)
        if finding.remedy:
            out.print(f"    {finding.remedy}", markup=False)
    raise typer.Exit(0 if all(finding.good for finding in findings) else 1)


@cli.command()
def lint(
    file: Annotated[Path, typer.Argument(help="The document.")],
    dialect: Annotated[str, typer.Option(help=f"One of {', '.join(DIALECTS)}.")],
) -> None:
    """Read a document as a call would, and tell what is wrong with it and where."""
    if dialect not in DIALECTS:
        raise typer.BadParameter(f"{dialect!r} is none of {', '.join(DIALECTS)}")
    try:
        body = file.read_bytes()
    except OSError as error:
        fail(f"{file}: cannot be read: {error.strerror}")
    try:
        application = Application(file.stem, dialect, Callback(_NOWHERE))
        spoken = DIALECTS[dialect]
        reading = spoken.read(body, spoken.media_type, _NOWHERE, application)
    except DocumentError as error:
        place = f":{error.line}:{error.column}" if error.line else ""
        what = str(error).removeprefix(f"Line {error.line}, column {error.column}: ")
        fail(
            f"{file}{place}: {what} (the call would go on with its fallback URL, "
            "or be hung up where there is none)"
        )
    for remark in reading.remarks:
        place = f":{remark.line}:{remark.column}" if remark.line else ""
        errors.print(f"{file}{place}: warning: {remark.message}", style="yellow", markup=False)
    blocked = _blocked(reading.document)
    for why in blocked:
        errors.print(f"{file}: {why}", style="red", markup=False)
    if blocked:
        raise typer.Exit(1)
    out.print(f"{file}: good, {len(reading.document)} verbs", markup=False)


@outbox.command("list")
def list_outbox(
    config: Configuration = DEFAULT_CONFIGURATION,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List what applications were not told: not yet, or given up in the last 30 days."""
    path = tell_errors(lambda: load(config)).ledger_path
    try:
        listed = read_outbox(path)
    except StoreError as error:
        fail(f"{config}: ledger.url: {error}")
    if as_json:
        for each in listed:
            typer.echo(outbox_line(each))
    elif listed:
        for_tables().print(outbox_table(listed))
    else:
        out.print("nothing is pending, and nothing was given up")


def _blocked(document: Document) -> list[str]:
    """Tell which Refers of a document would never be sent, whatever the configuration allows."""
    found = []
    for verb in document:
        cleared = clear(verb, _SOME_CALL, _NOBODY) if isinstance(verb, Refer) else None
        if isinstance(cleared, Withheld) and cleared.result.reason is not Reason.POLICY:
            why, code = cleared.result.detail, cleared.result.refer_code
            found.append(f"{why} (the transfer would be blocked, {code})")
    return found


def _serve(
    work: Callable[[Settings], Coroutine[Any, Any, None]],
    config: Path,
    *,
    needs_asterisk: bool = False,
) -> None:
    settings = tell_errors(lambda: load(config))
    if needs_asterisk and not settings.ari.url:
        fail(f'{config}: ari.url: is missing: write it as "http://127.0.0.1:8088"')
    set_up_log(settings.log.level, settings.log.format, mask=settings.log.mask)
    for remark in settings.remarks():
        errors.print(f"{config}: {remark}", style="yellow", markup=False)
    tell_errors(lambda: run_loop(work(settings)))


def _known(settings: Settings, application: str) -> None:
    names = [each.name for each in settings.applications]
    if application and application not in names:
        raise typer.BadParameter(
            f"{application!r} is none of {', '.join(names)}", param_hint="--application"
        )
