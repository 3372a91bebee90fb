"""Where the scenes of a REFER that we send play: prints what happens, and judges at the end."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from rich.table import Table

from stasis_refer.core.events import ReferAnswered, ReferNotified, ReferSeen
from stasis_refer.core.intents import TransferEnded
from stasis_refer.demo.console import common, judged, say, verdict
from stasis_refer.demo.customer import MANNERS
from stasis_refer.demo.scenes import NOTHING, SCENES, Scene
from stasis_refer.runtime.journal import Entry

DIALECTS: Final = tuple(MANNERS)


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
        shown = self.shown.get(name)
        if shown is None:
            return
        match entry.event:
            case ReferSeen():
                say(name, "REFER →")
            case ReferAnswered(code):
                shown.refer_code = code
                say(name, f"      ← {code}")
            case ReferNotified(int(code)):
                shown.notify_codes.append(code)
                say(name, f"      ← NOTIFY {code}")
            case _:
                pass
        for intent in entry.intents:
            if isinstance(intent, TransferEnded):
                shown.ended = intent
                say(name, f"[bold]{intent.result.outcome}[/], {intent.result.reason}")

    def told(self, dialect: str, scene: str, values: str) -> None:
        """Show what the customer's application was told."""
        name = f"{dialect}-{scene}"
        self.shown[name].told = values
        say(name, f"application was told: {values}")

    def good(self) -> bool:
        """Whether every scene came out in every dialect as it says."""
        return all(self._good(scene) for scene in SCENES)

    def complaints(self) -> Iterator[tuple[str, str]]:
        """Yield the log of each phone that something went wrong for, with the scene's name."""
        for name, shown in self.shown.items():
            if shown.phone_log:
                yield name, shown.phone_log

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
                common(str(shown.refer_code or "-") for shown in all_shown),
                common(" ".join(map(str, shown.notify_codes)) or "-" for shown in all_shown),
                common(_outcome(shown) for shown in all_shown),
                *(self._cell(scene, dialect) for dialect in DIALECTS),
                verdict(good=self._good(scene)),
            )
        return table

    def _cell(self, scene: Scene, dialect: str) -> str:
        return judged(self._of(scene, dialect).told, scene.told[dialect])


def _outcome(shown: Shown) -> str:
    return shown.ended.result.outcome.value if shown.ended else "-"
