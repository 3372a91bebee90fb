"""Where limits and quotas of a running program meet."""

from tests.fakes.asterisk import Asterisk
from tests.fakes.customer import Customer
from tests.test_app import HANG_UP, referred_call, running, settings, until


async def test_a_transfer_over_a_limit_uses_no_quota(
    asterisk: Asterisk, customer: Customer
) -> None:
    customer.reply("/after", HANG_UP)
    support = {
        "name": "support",
        "dialect": "twiml",
        "url": customer.url("/voice"),
        "quota": {"limit": 2, "window": 60},
    }
    limits = {"max_transfers": 1}
    async with running(settings(asterisk, limits=limits, applications=[support])) as app:
        first = await referred_call(app, asterisk, customer)
        asterisk.call("support")
        told = await customer.received("/after")
        assert told.form["ReferSipResponseCode"] == "503"
        assert asterisk.come_back(first, "FAILURE", "486")
        told = await customer.received("/after")
        assert told.form["ReferCallStatus"] == "busy"
        await until(lambda: not app.switchboard.channels)
        await referred_call(app, asterisk, customer)
