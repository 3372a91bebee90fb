"""A listener, and who copies messages to it."""

from collections.abc import AsyncIterator
from contextlib import closing

import pytest

from stasis_refer.adapters.capture import CaptureRules
from tests.adapters.capture.copies import PASSWORD, Wire


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    with closing(Wire(CaptureRules(PASSWORD))) as wire:
        yield wire
