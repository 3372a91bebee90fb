import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from stasis_refer.wire import commands
from stasis_refer.wire.ari import EVENT_TYPES, LEG
from stasis_refer.wire.commands import Request

ID = "1700000000.12"


@pytest.mark.parametrize(
    ("request_", "method", "path", "query"),
    [
        (commands.answer(ID), "POST", f"channels/{ID}/answer", {}),
        (commands.hang_up(ID, 17), "DELETE", f"channels/{ID}", {"reason_code": "17"}),
        (
            commands.subscribe("app", ID),
            "POST",
            "applications/app/subscription",
            {"eventSource": f"channel:{ID}"},
        ),
        (
            commands.set_variable(ID, "A", "1,2;3"),
            "POST",
            f"channels/{ID}/variable",
            {"variable": "A", "value": "1,2;3"},
        ),
        (commands.get_variable(ID, "A"), "GET", f"channels/{ID}/variable", {"variable": "A"}),
        (commands.playback("p1"), "GET", "playbacks/p1", {}),
        (commands.go_on(ID), "POST", f"channels/{ID}/continue", {}),
        (
            commands.transfer(ID),
            "POST",
            f"channels/{ID}/continue",
            {"context": "stasis-refer-transfer", "extension": "s", "priority": "1"},
        ),
        (
            commands.play(ID, "p1", "sound:x"),
            "POST",
            f"channels/{ID}/play/p1",
            {"media": "sound:x"},
        ),
        (
            commands.queue(ID),
            "POST",
            f"channels/{ID}/continue",
            {"context": "stasis-refer-queue", "extension": "s", "priority": "1"},
        ),
        (commands.ring(ID), "POST", f"channels/{ID}/ring", {}),
        (commands.stop("p1"), "DELETE", "playbacks/p1", {}),
        (commands.dial(ID), "POST", f"channels/{ID}/dial", {}),
        (
            commands.create_bridge("b-1", keys=False),
            "POST",
            "bridges",
            {"type": "mixing", "bridgeId": "b-1"},
        ),
        (
            commands.create_bridge("b-1", keys=True),
            "POST",
            "bridges",
            {"type": "mixing,dtmf_events", "bridgeId": "b-1"},
        ),
        (
            commands.add_channels("b-1", (ID, "leg-1")),
            "POST",
            "bridges/b-1/addChannel",
            {"channel": f"{ID},leg-1"},
        ),
        (commands.destroy_bridge("b-1"), "DELETE", "bridges/b-1", {}),
        (
            commands.record("b-1", "rec-1"),
            "POST",
            "bridges/b-1/record",
            {"name": "rec-1", "format": "wav", "ifExists": "overwrite"},
        ),
        (commands.stored_recording("rec-1"), "GET", "recordings/stored/rec-1/file", {}),
        (
            commands.transfer_progress(ID, "channel_answered"),
            "POST",
            f"channels/{ID}/transfer_progress",
            {"states": "channel_answered"},
        ),
        (commands.channels(), "GET", "channels", {}),
        (commands.application("app"), "GET", "applications/app", {}),
        (commands.stored_recording("r-1"), "GET", "recordings/stored/r-1/file", {}),
        (commands.info(), "GET", "asterisk/info", {}),
        (commands.happen("app", "b-1"), "POST", "events/user/b-1", {"application": "app"}),
        (commands.modules(), "GET", "asterisk/modules", {}),
        (commands.endpoints(), "GET", "endpoints", {}),
    ],
)
def test_requests(request_: Request, method: str, path: str, query: Mapping[str, str]) -> None:
    assert replace(request_, lists=False) == Request(method, path, tuple(query.items()))


def test_lists_may_take_their_time() -> None:
    assert commands.channels().lists
    assert commands.bridges().lists
    assert not commands.answer(ID).lists


def test_many_variables_travel_in_the_body() -> None:
    request = commands.set_variables(ID, {"A": "1", "B": ""})
    assert (request.method, request.path) == ("POST", f"channels/{ID}/variables")
    assert request.body == {"variables": {"A": "1", "B": ""}}


def test_a_leg_is_created_with_its_variables_in_the_body() -> None:
    variables = {"PJSIP_HEADER(add,X-A)": "1,2;3"}
    request = commands.create_leg("app", "leg-1", "PJSIP/trunk/sip:a@b", ID, variables)
    assert (request.method, request.path) == ("POST", "channels/create")
    assert dict(request.query) == {
        "endpoint": "PJSIP/trunk/sip:a@b",
        "app": "app",
        "appArgs": LEG,
        "channelId": "leg-1",
        "originator": ID,
    }
    assert request.body == {"variables": variables}


def test_the_wait_is_broken_off_by_a_local_channel_that_names_the_waiting_one() -> None:
    request = commands.break_off(ID)
    assert ("endpoint", "Local/s@stasis-refer-abort/n") in request.query
    assert request.body == {"variables": {"STASIS_REFER_CHANNEL": ID}}


def test_a_request_over_the_websocket_carries_query_and_body() -> None:
    request = Request(
        "POST", "channels", (("a", "1 &=ü"), ("a", "2")), {"variables": {"X": "\r\n"}}
    )
    message = json.loads(request.over_websocket("7"))
    assert json.loads(message.pop("message_body")) == request.body
    assert message == {
        "type": "RESTRequest",
        "transaction_id": "7",
        "request_id": "7",
        "method": "POST",
        "uri": "channels",
        "query_strings": [{"name": "a", "value": "1 &=ü"}, {"name": "a", "value": "2"}],
        "content_type": "application/json",
    }


def test_a_request_without_query_and_body_says_nothing_of_them() -> None:
    message = json.loads(commands.channels().over_websocket("8"))
    assert set(message) == {"type", "transaction_id", "request_id", "method", "uri"}


def test_only_events_that_are_asked_for_are_read() -> None:
    body = commands.filter_events("stasis_refer").body
    assert body is not None
    asked = {allowed["type"] for allowed in body["allowed"]}
    assert {"StasisStart", "ChannelHangupRequest", "ApplicationReplaced"} <= asked
    # Without it the filter holds back the answers to our own requests.
    assert asked == {*EVENT_TYPES, "RESTResponse"}
