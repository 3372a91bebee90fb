from collections.abc import Awaitable, Callable, Mapping, Sequence

import pytest
from structlog.testing import capture_logs

from stasis_refer.adapters.telephony import AriTelephony
from stasis_refer.core.intents import SendRefer
from stasis_refer.runtime.ports import Telephony
from stasis_refer.wire import ari, commands
from stasis_refer.wire.version import Version

CHANNEL = "1764000000.17"
REFER = SendRefer("<sip:sales@example.com?X-A=1>", "<sip:me@example.net>", number=2)
VARIABLES = {
    "TRANSFERSTATUS": "",
    "TRANSFERSTATUSPROTOCOL": "",
    "STASIS_REFER_NUMBER": "2",
    "STASIS_REFER_APP": "our_app",
    "STASIS_REFER_APPLICATION": "support",
    "SIPREFERREDBYHDR": "<sip:me@example.net>",
    "STASIS_REFER_TO": "<sip:sales@example.com?X-A=1>",
}
SUBSCRIBE = ("POST", "applications/our_app/subscription", {"eventSource": f"channel:{CHANNEL}"})
TRANSFER = (
    "POST",
    f"channels/{CHANNEL}/continue",
    {"context": "stasis-refer-transfer", "extension": "s", "priority": "1"},
)


class Carrier:
    """Takes requests and answers them, those whose path ends so with ``refusals``."""

    def __init__(
        self, refusals: Mapping[str, int] | None = None, *, together: bool = False
    ) -> None:
        self.refusals = refusals or {}
        self.together = together
        self.asked: list[commands.Request] = []

    async def send(self, *requests: commands.Request) -> Sequence[ari.Response]:
        answers: list[ari.Response] = []
        for request in requests:
            self.asked.append(request)
            status = self.refusals.get(request.path.rpartition("/")[2], 204)
            text = '{"message": "so it is"}' if status >= 300 else ""
            answers.append(ari.Response(status, text))
            if not self.together and not answers[-1].ok:
                break
        return answers

    def telephony(self, version: Version) -> Telephony:
        return AriTelephony(self.send, "our_app", version.has)

    @property
    def told(self) -> list[tuple[str, str, dict[str, str]]]:
        return [(each.method, each.path, dict(each.query)) for each in self.asked]


NEW, OLD = Version(22, 10), Version(22, 9)


@pytest.mark.parametrize(
    ("command", "expected", "body"),
    [
        (lambda t: t.answer(CHANNEL), ("POST", f"channels/{CHANNEL}/answer", {}), None),
        (lambda t: t.go_on(CHANNEL), ("POST", f"channels/{CHANNEL}/continue", {}), None),
        (
            lambda t: t.play(CHANNEL, "p-1", "sound:http://127.0.0.1:8080/media/a.wav"),
            (
                "POST",
                f"channels/{CHANNEL}/play/p-1",
                {"media": "sound:http://127.0.0.1:8080/media/a.wav"},
            ),
            None,
        ),
        (lambda t: t.ring(CHANNEL), ("POST", f"channels/{CHANNEL}/ring", {}), None),
        (lambda t: t.stop("p-1"), ("DELETE", "playbacks/p-1", {}), None),
        (
            lambda t: t.hang_up(CHANNEL, None),
            ("DELETE", f"channels/{CHANNEL}", {"reason_code": "16"}),
            None,
        ),
        (
            lambda t: t.hang_up(CHANNEL, 486),
            ("DELETE", f"channels/{CHANNEL}", {"reason_code": "17"}),
            None,
        ),
        (
            lambda t: t.hang_up(CHANNEL, 404),
            ("DELETE", f"channels/{CHANNEL}", {"reason_code": "1"}),
            None,
        ),
        (
            lambda t: t.hang_up(CHANNEL, 500),
            ("DELETE", f"channels/{CHANNEL}", {"reason_code": "38"}),
            None,
        ),
        (
            lambda t: t.break_off(CHANNEL),
            (
                "POST",
                "channels",
                {
                    "endpoint": "Local/s@stasis-refer-abort/n",
                    "context": "stasis-refer-abort",
                    "extension": "none",
                    "priority": "1",
                },
            ),
            {"variables": {"STASIS_REFER_CHANNEL": CHANNEL}},
        ),
    ],
)
async def test_each_command_is_one_request(
    command: Callable[[Telephony], Awaitable[int]],
    expected: tuple[str, str, dict[str, str]],
    body: Mapping[str, object] | None,
) -> None:
    carrier = Carrier()
    assert await command(carrier.telephony(NEW)) == 204
    assert carrier.told == [expected]
    assert carrier.asked[0].body == body


async def test_a_refer_subscribes_sets_its_variables_and_leaves() -> None:
    carrier = Carrier()
    assert await carrier.telephony(NEW).refer(CHANNEL, REFER, "support") == 204
    assert carrier.told == [
        SUBSCRIBE,
        ("POST", f"channels/{CHANNEL}/variables", {}),
        TRANSFER,
    ]
    body = carrier.asked[1].body
    assert body == {"variables": VARIABLES}
    assert list(body["variables"])[-1] == "STASIS_REFER_TO"


async def test_a_call_joins_a_queue_as_it_is_transferred() -> None:
    carrier = Carrier()
    assert await carrier.telephony(NEW).join_queue(CHANNEL, "sales", "support") == 204
    query = {"context": "stasis-refer-queue", "extension": "s", "priority": "1"}
    assert carrier.told == [
        SUBSCRIBE,
        ("POST", f"channels/{CHANNEL}/variables", {}),
        ("POST", f"channels/{CHANNEL}/continue", query),
    ]
    assert carrier.asked[1].body == {
        "variables": {
            "QUEUESTATUS": "",
            "STASIS_REFER_APP": "our_app",
            "STASIS_REFER_APPLICATION": "support",
            "STASIS_REFER_QUEUE": "sales",
        }
    }


@pytest.mark.parametrize(
    ("referred_by", "variable"),
    [
        ("<sip:me@example.net>", "<sip:me@example.net>\r\nX-A: 1\r\nX-B: two, 3"),
        # There has to be a Referred-By for them to stand behind.
        (None, "<sip:anonymous@anonymous.invalid>\r\nX-A: 1\r\nX-B: two, 3"),
    ],
)
async def test_further_headers_follow_referred_by_on_lines_of_their_own(
    referred_by: str | None, variable: str
) -> None:
    carrier = Carrier()
    refer = SendRefer("sip:a@b", referred_by, headers=(("X-A", "1"), ("X-B", "two, 3")))
    await carrier.telephony(NEW).refer(CHANNEL, refer, "support")
    body = carrier.asked[1].body
    assert body is not None
    assert body["variables"]["SIPREFERREDBYHDR"] == variable


async def test_an_older_asterisk_gets_one_variable_at_a_time() -> None:
    carrier = Carrier()
    assert await carrier.telephony(OLD).refer(CHANNEL, REFER, "support") == 204
    setting = [
        ("POST", f"channels/{CHANNEL}/variable", {"variable": name, "value": value})
        for name, value in VARIABLES.items()
    ]
    assert carrier.told == [SUBSCRIBE, *setting, TRANSFER]


async def test_a_referred_by_of_an_earlier_refer_is_wiped_out() -> None:
    carrier = Carrier()
    await carrier.telephony(NEW).refer(CHANNEL, SendRefer("sip:a@b"), "support")
    body = carrier.asked[1].body
    assert body is not None
    assert body["variables"]["SIPREFERREDBYHDR"] == ""


@pytest.mark.parametrize("status", [0, 400, 404, 409, 500])
@pytest.mark.parametrize(
    ("version", "step", "asked"),
    [
        (NEW, "subscription", 1),
        (NEW, "variables", 2),
        (NEW, "continue", 3),
        (OLD, "subscription", 1),
        (OLD, "variable", 2),
        (OLD, "continue", 9),
    ],
)
async def test_one_at_a_time_a_step_that_is_not_done_ends_the_refer(
    version: Version, step: str, asked: int, status: int
) -> None:
    carrier = Carrier({step: status})
    # Without an answer to the last step alone the REFER may be on its way: that is 0.
    told = 503 if status == 0 and step != "continue" else status
    assert await carrier.telephony(version).refer(CHANNEL, REFER, "support") == told
    assert len(carrier.asked) == asked


@pytest.mark.parametrize("status", [0, 400, 404, 409, 500])
@pytest.mark.parametrize("step", ["subscription", "variables", "continue"])
async def test_together_the_first_step_that_is_not_done_tells(step: str, status: int) -> None:
    carrier = Carrier({step: status}, together=True)
    assert await carrier.telephony(NEW).refer(CHANNEL, REFER, "support") == status
    assert len(carrier.asked) == 3


async def test_of_a_channel_that_is_gone_all_steps_tell_404() -> None:
    # Asterisk refuses to subscribe to what is not there with 422.
    carrier = Carrier({"subscription": 422, "variables": 404, "continue": 404}, together=True)
    with capture_logs() as logs:
        assert await carrier.telephony(NEW).refer(CHANNEL, REFER, "support") == 404
    assert not logs


@pytest.mark.parametrize(("status", "told"), [(409, True), (500, True), (404, False), (204, False)])
async def test_a_refusal_is_in_the_log_unless_the_call_is_just_gone(
    status: int, *, told: bool
) -> None:
    with capture_logs() as logs:
        await Carrier({"answer": status}).telephony(NEW).answer(CHANNEL)
    assert [(each["event"], each["status"], each["why"]) for each in logs] == (
        [("Asterisk refused a command", status, "so it is")] if told else []
    )
