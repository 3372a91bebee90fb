"""The demo as it is shown: every transfer live, then a table."""

import asyncio
import io
import re
import secrets
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.table import Table

from stasis_refer.core.events import ReferAnswered, ReferNotified, ReferSeen
from stasis_refer.core.intents import TransferEnded
from stasis_refer.demo.customer import MANNERS, SampleCustomer
from stasis_refer.demo.scenes import NO_NOTIFY_TIMEOUT, NOTHING, SCENES, Scene
from stasis_refer.lab.lab import Lab
from stasis_refer.lab.phone import Phone
from stasis_refer.running import told_to_stop
from stasis_refer.runtime.journal import Entry
from stasis_refer.settings import Settings

_WIDTH = 110  # columns, where no terminal says

_console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH)

DIALECTS = tuple(MANNERS)


@dataclass(slots=True)
class Shown:
    """What was seen of one scene in one dialect."""

    refer_code: int | None = None
    notify_codes: list[int] = field(default_factory=list)
    ended: TransferEnded | None = None
    told: str = NOTHING
    phone_log: str = ""

    def as_expected(self, scene: Scene, dialect: str) -> bool:
        """Whether everything came out as the scene says."""
        return (
            self.ended is not None
            and self.ended.result.outcome is scene.outcome
            and self.told == scene.told[dialect]
            and not self.phone_log
        )


class Stage:
    """Where the scenes play; prints each thing as it happens."""

    def __init__(self) -> None:
        self.shown = {
            scene.application(dialect): Shown() for scene in SCENES for dialect in DIALECTS
        }

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

    def told(self, dialect: str, scene: str, values: str) -> None:
        """Show what the customer's application was told."""
        name = f"{dialect}-{scene}"
        self.shown[name].told = values
        _say(name, f"application was told: {values}")

    def good(self) -> bool:
        """Whether every scene came out in every dialect as it says."""
        return all(self._good(scene) for scene in SCENES)

    def _good(self, scene: Scene) -> bool:
        return all(self._of(scene, each).as_expected(scene, each) for each in DIALECTS)

    def _of(self, scene: Scene, dialect: str) -> Shown:
        return self.shown[scene.application(dialect)]

    def table(self) -> Table:
        """Return the table of outcomes; a cell that is not as expected says what was."""
        table = Table(title="What became of each transfer, and what each dialect was told")
        for column in ("scenario", "REFER", "NOTIFY", "outcome", *DIALECTS, "ok"):
            table.add_column(column)
        for scene in SCENES:
            all_shown = [self._of(scene, dialect) for dialect in DIALECTS]
            table.add_row(
                scene.title,
                _common(str(shown.refer_code or "-") for shown in all_shown),
                _common(" ".join(map(str, shown.notify_codes)) or "-" for shown in all_shown),
                _common(_outcome(shown) for shown in all_shown),
                *(self._cell(scene, dialect) for dialect in DIALECTS),
                "[green]yes[/]" if self._good(scene) else "[red]NO[/]",
            )
        return table

    def _cell(self, scene: Scene, dialect: str) -> str:
        told, expected = self._of(scene, dialect).told, scene.told[dialect]
        text = told or "[dim]nothing[/]"
        return text if told == expected else f"[red]{text}[/], not {expected or 'nothing'}"


def _common(values: Iterable[str]) -> str:
    """Return what is the same in every dialect, or all that there was."""
    return " / ".join(dict.fromkeys(values))


def _outcome(shown: Shown) -> str:
    return shown.ended.result.outcome.value if shown.ended else "-"


async def run_demo(*, keep: bool, picture: Path | None = None) -> bool:
    """Play all scenes; True when all came out as expected.

    ``keep`` waits for a signal then; ``picture`` is an SVG file for the table.
    """
    stage = Stage()
    async with SampleCustomer(stage.told) as customer:
        _console.print("Starting a private Asterisk and the program ...")
        async with Lab(_settings(customer.url), taps=(stage.tap,)) as lab:
            _console.print(f"SIP {lab.sip}, HTTP {lab.http}, ARI {lab.settings.ari.url}\n")
            await asyncio.gather(
                *(_play(lab, scene, each, stage) for scene in SCENES for each in DIALECTS)
            )
            _console.print(stage.table())
            if picture:
                save_picture(stage.table(), picture)
            for name, shown in stage.shown.items():
                if shown.phone_log:
                    _console.print(f"{name}: the phone says\n{shown.phone_log}", markup=False)
            if keep:
                _say_addresses(lab)
                await told_to_stop()
    return stage.good()


def save_picture(table: Table, file: Path) -> None:
    """Save the table as an SVG that needs no font from elsewhere."""
    canvas = Console(record=True, width=110, file=io.StringIO())
    canvas.print(table)
    plain = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    svg = canvas.export_svg(title="make demo", code_format=plain)
    file.write_text(svg, encoding="utf-8")


async def _play(lab: Lab, scene: Scene, dialect: str, stage: Stage) -> None:
    name = scene.application(dialect)
    played = await Phone(lab.sip).play(name, scene.steps, within=30)
    shown = stage.shown[name]
    shown.phone_log = played.log
    # The application may be told a moment after the phone has hung up.
    for _ in range(100):
        if shown.ended and shown.told == scene.told[dialect]:
            return
        await asyncio.sleep(0.05)


def _settings(customer: str) -> Settings:
    return Settings.model_validate(
        {
            "applications": [
                _application(customer, scene, dialect) for scene in SCENES for dialect in DIALECTS
            ],
            "targets": {"allow": ["sip:*@example.com"]},
            "webhooks": {"allow_networks": ["127.0.0.0/8"]},
        }
    )


def _application(customer: str, scene: Scene, dialect: str) -> dict[str, object]:
    return {
        "name": scene.application(dialect),
        "dialect": dialect,
        "url": f"{customer}/voice/{dialect}/{scene.name}",
        "account_sid": "AC" + "0" * 32,
        "auth_token": secrets.token_hex(16),
        "webhook_secret": secrets.token_hex(16),
        "no_notify_timeout": NO_NOTIFY_TIMEOUT,
    }


def _say(name: str, text: str) -> None:
    _console.print(f"  {name:<16} {text}")


def _say_addresses(lab: Lab) -> None:
    _console.print("\nThe lab stays up; Ctrl-C ends it. Call it with any SIP phone:")
    for scene in SCENES:
        for dialect in DIALECTS:
            user = scene.application(dialect)
            _console.print(f"  sip:{user}@{lab.sip}   {scene.title}, {dialect}")
    _console.print(f"Metrics: {lab.http}/metrics")
