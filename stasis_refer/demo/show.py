"""The demo as it is shown: every transfer live, then a table of those sent and those received."""

import asyncio
import io
import re
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.table import Table

from stasis_refer.demo.agents import AGENT_SCENES
from stasis_refer.demo.agents_stage import AgentsStage
from stasis_refer.demo.console import WIDTH, console
from stasis_refer.demo.customer import SampleCustomer
from stasis_refer.demo.desk import Desk
from stasis_refer.demo.playing import play, play_with_agents
from stasis_refer.demo.scenes import NO_NOTIFY_TIMEOUT, SCENES
from stasis_refer.demo.stage import DIALECTS, Stage
from stasis_refer.lab.lab import Lab
from stasis_refer.running import told_to_stop
from stasis_refer.settings import Settings


async def run_demo(*, keep: bool, picture: Path | None = None) -> bool:
    """Play all scenes; True when all came out as expected.

    ``keep`` waits for a signal then; ``picture`` is an SVG file for the tables.
    """
    stage, agents = Stage(), AgentsStage()
    desk = Desk(agents.asked)
    async with SampleCustomer(stage.told, desk.routes) as customer:
        console.print("Starting a private Asterisk and the program ...")
        async with Lab(settings(customer.url), taps=(stage.tap, agents.tap)) as lab:
            console.print(f"SIP {lab.sip}, HTTP {lab.http}, ARI {lab.settings.ari.url}\n")
            await asyncio.gather(
                *(play(lab, scene, each, stage) for scene in SCENES for each in DIALECTS)
            )
            console.print("\nNow it is a phone that sends the REFER:\n")
            await asyncio.gather(
                *(play_with_agents(lab, scene, desk, agents) for scene in AGENT_SCENES)
            )
            _say_ends(stage, agents, picture)
            if keep:
                _say_addresses(lab)
                await told_to_stop()
    return stage.good() and agents.good()


def _say_ends(stage: Stage, agents: AgentsStage, picture: Path | None) -> None:
    tables = (stage.table(), agents.table())
    console.print(*tables, sep="\n")
    if picture:
        save_picture(tables, picture)
    for name, log in (*stage.complaints(), *agents.complaints()):
        console.print(f"{name}: the phone says\n{log}", markup=False)


def save_picture(tables: Sequence[Table], file: Path) -> None:
    """Save the tables as an SVG that needs no font from elsewhere."""
    canvas = Console(record=True, width=WIDTH, file=io.StringIO())
    canvas.print(*tables, sep="\n")
    plain = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    svg = canvas.export_svg(title="make demo", code_format=plain)
    file.write_text(svg, encoding="utf-8")


def settings(customer: str) -> Settings:
    """Return the configuration of the lab; ``customer`` is the base of the documents' URLs."""
    return Settings.model_validate(
        {
            "applications": [*_applications(customer)],
            # A's phone names B at example.com; the document says where B is to be called.
            "targets": {"allow": ["sip:*@example.com", "sip:*@127.0.0.1"]},
            "webhooks": {"allow_networks": ["127.0.0.0/8"]},
            "http": {"operator_token": secrets.token_hex(8)},
        }
    )


def _applications(customer: str) -> Iterator[dict[str, object]]:
    for scene in SCENES:
        for dialect in DIALECTS:
            url = f"{customer}/voice/{dialect}/{scene.name}"
            yield _application(scene.application(dialect), dialect, url)
    for each in AGENT_SCENES:
        url = f"{customer}/desk/{each.name}"
        yield _application(each.application, each.dialect, f"{url}/voice")
        if each.consults:
            yield _application(each.consultation, each.dialect, f"{url}/consult")


def _application(name: str, dialect: str, url: str) -> dict[str, object]:
    return {
        "name": name,
        "dialect": dialect,
        "url": url,
        "account_sid": "AC" + "0" * 32,
        "auth_token": secrets.token_hex(16),
        "webhook_secret": secrets.token_hex(16),
        "no_notify_timeout": NO_NOTIFY_TIMEOUT,
    }


def _say_addresses(lab: Lab) -> None:
    console.print("\nThe lab stays up; Ctrl-C ends it. Call it with any SIP phone:")
    for scene in SCENES:
        for dialect in DIALECTS:
            user = scene.application(dialect)
            console.print(f"  sip:{user}@{lab.sip}   {scene.title}, {dialect}")
    console.print(f"Metrics: {lab.http}/metrics")
    token = lab.settings.http.operator_token.get_secret_value()
    console.print(f"The page: {lab.http}/ (the token is {token})")
