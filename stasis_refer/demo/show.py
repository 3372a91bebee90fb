"""The demo as it is shown: every transfer live, then a table."""

import asyncio
import io
import re
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.table import Table

from stasis_refer.core.events import ReferAnswered, ReferNotified, ReferSeen
from stasis_refer.core.intents import TransferEnded
from stasis_refer.demo.customer import SampleCustomer
from stasis_refer.demo.scenes import NO_NOTIFY_TIMEOUT, SCENES, Scene
from stasis_refer.lab.lab import Lab
from stasis_refer.lab.phone import Phone
from stasis_refer.running import told_to_stop
from stasis_refer.runtime.journal import Entry
from stasis_refer.settings import Settings

_WIDTH = 110  # columns, where no terminal says

_console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH)

_PREFIXES = ("Refer", "Notify")
_PARAMETERS = ("ReferCallStatus", "ReferSipResponseCode", "NotifySipResponseCode")


_COLUMNS = ("scenario", "REFER", "NOTIFY", "outcome", "action URL got", "expected", "ok")


@dataclass(slots=True)
class Shown:
    """What was seen of one scene."""

    refer_code: int | None = None
    notify_codes: list[int] = field(default_factory=list)
    ended: TransferEnded | None = None
    told: Mapping[str, str] = field(default_factory=dict)
    phone_log: str = ""

    def as_expected(self, scene: Scene) -> bool:
        """Whether everything came out as the scene says."""
        return (
            self.ended is not None
            and self.ended.result.outcome is scene.outcome
            and self.told == scene.told
            and not self.phone_log
        )


class Stage:
    """Where the scenes play; prints each thing as it happens."""

    def __init__(self) -> None:
        self.shown = {scene.name: Shown() for scene in SCENES}

    def tap(self, entry: Entry) -> None:
        """Show what the journal says."""
        name = entry.call.application.name
        shown = self.shown[name]
        match entry.event:
            case ReferSeen():
                _say(name, "REFER →")
            case ReferAnswered(code):
                shown.refer_code = code
                _say(name, f"      ← {code}")
            case ReferNotified(int(code)):
                shown.notify_codes.append(code)
                _say(name, f"      ← NOTIFY {code}")
            case _:
                pass
        for intent in entry.intents:
            if isinstance(intent, TransferEnded):
                shown.ended = intent
                _say(name, f"[bold]{intent.result.outcome}[/], {intent.result.reason}")

    def told(self, name: str, fields: Mapping[str, str]) -> None:
        """Show what the customer's application was sent."""
        ours = {key: value for key, value in fields.items() if key.startswith(_PREFIXES)}
        self.shown[name].told = ours
        _say(name, f"action URL: {_fields(ours)}")

    def table(self) -> Table:
        """Return the table of outcomes."""
        table = Table(title="What became of each transfer")
        for column in (
            "scenario",
            "REFER",
            "NOTIFY",
            "outcome",
            "action URL got",
            "expected",
            "ok",
        ):
            table.add_column(column)
        for scene in SCENES:
            shown = self.shown[scene.name]
            good = shown.as_expected(scene)
            table.add_row(
                scene.title,
                str(shown.refer_code or "-"),
                " ".join(map(str, shown.notify_codes)) or "-",
                shown.ended.result.outcome.value if shown.ended else "-",
                _values(shown.told),
                _values(scene.told),
                "[green]yes[/]" if good else "[red]NO[/]",
            )
        return table


async def run_demo(*, keep: bool, picture: Path | None = None) -> bool:
    """Play all scenes; True when all came out as expected.

    ``keep`` waits for a signal then; ``picture`` is an SVG file for the table.
    """
    stage = Stage()
    async with SampleCustomer(stage.told) as customer:
        _console.print("Starting a private Asterisk and the program ...")
        async with Lab(_settings(customer.url), taps=(stage.tap,)) as lab:
            _console.print(f"SIP {lab.sip}, HTTP {lab.http}, ARI {lab.settings.ari.url}\n")
            await asyncio.gather(*(_play(lab, scene, stage) for scene in SCENES))
            _console.print(stage.table())
            if picture:
                save_picture(stage.table(), picture)
            for scene in SCENES:
                if log := stage.shown[scene.name].phone_log:
                    _console.print(f"{scene.title}: the phone says\n{log}", markup=False)
            if keep:
                _say_addresses(lab)
                await told_to_stop()
    return all(stage.shown[scene.name].as_expected(scene) for scene in SCENES)


def save_picture(table: Table, file: Path) -> None:
    """Save the table as an SVG that needs no font from elsewhere."""
    canvas = Console(record=True, width=110, file=io.StringIO())
    canvas.print(table)
    plain = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    svg = canvas.export_svg(title="make demo", code_format=plain)
    file.write_text(svg, encoding="utf-8")


async def _play(lab: Lab, scene: Scene, stage: Stage) -> None:
    played = await Phone(lab.sip).play(scene.name, scene.steps, within=30)
    stage.shown[scene.name].phone_log = played.log
    # The application may be told a moment after the phone has hung up.
    for _ in range(100):
        if stage.shown[scene.name].told:
            return
        await asyncio.sleep(0.05)


def _settings(customer: str) -> Settings:
    applications = [
        {
            "name": scene.name,
            "dialect": "twiml",
            "url": f"{customer}/voice/{scene.name}",
            "account_sid": "AC" + "0" * 32,
            "auth_token": secrets.token_hex(16),
            "no_notify_timeout": NO_NOTIFY_TIMEOUT,
        }
        for scene in SCENES
    ]
    return Settings.model_validate(
        {
            "applications": applications,
            "targets": {"allow": ["sip:*@example.com"]},
            "webhooks": {"allow_networks": ["127.0.0.0/8"]},
        }
    )


def _say(name: str, text: str) -> None:
    _console.print(f"  {name:<9} {text}")


def _say_addresses(lab: Lab) -> None:
    _console.print("\nThe lab stays up; Ctrl-C ends it. Call it with any SIP phone:")
    for scene in SCENES:
        _console.print(f"  sip:{scene.name}@{lab.sip}   {scene.title}")
    _console.print(f"Metrics: {lab.http}/metrics")


def _fields(fields: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in sorted(fields.items())) or "-"


def _values(fields: Mapping[str, str]) -> str:
    return " ".join(fields.get(name, "-") for name in _PARAMETERS)
