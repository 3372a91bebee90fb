from stasis_refer.lab.asterisk import free_udp_port
from stasis_refer.lab.phone import Phone, answer, bye, call, hear_bye, ring_in

CALLED = (ring_in(), answer(), hear_bye())
HOSTS = ("127.0.0.1", "127.0.0.3")


async def test_several_phones_play_at_once_at_one_port() -> None:
    port = free_udp_port()
    first, second = (Phone(f"{host}:{port}", host) for host in HOSTS)
    async with first.wait(port, CALLED) as one, second.wait(port, CALLED) as two:
        assert (await second.play("b", [call(), bye()])).good
        assert (await two.played()).good
        async with first.dial("a", [call(), bye()]) as calling:
            assert (await one.played()).good
            assert (await calling.played()).good


async def test_a_phone_calls_from_its_host() -> None:
    port = free_udp_port()
    called = (ring_in(header="sip:phone@127.0.0.3:"), answer(), hear_bye())
    async with Phone("127.0.0.1:9").wait(port, called) as phone:
        played = await Phone(f"127.0.0.1:{port}", "127.0.0.3").play("b", [call(), bye()])
        assert (await phone.played()).good
    assert played.good


async def test_a_phone_that_nobody_answers_has_not_played_well() -> None:
    played = await Phone(f"127.0.0.1:{free_udp_port()}").play("b", [call(), bye()], within=1)
    assert not played.good
    assert played.log
