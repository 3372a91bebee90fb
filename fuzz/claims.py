"""All claims, by name."""

from collections.abc import Mapping
from typing import Final

from fuzz import addresses, asterisk, documents, messages, requests
from fuzz.claim import Claim

CLAIMS: Final[Mapping[str, Claim]] = {
    claim.name: claim
    for room in (addresses, messages, documents, asterisk, requests)
    for claim in room.CLAIMS
}
