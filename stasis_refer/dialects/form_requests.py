"""Letters as a web form: in the body of a POST, or in the query of a GET."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, TypeAlias
from urllib.parse import quote_plus, urlencode

from stasis_refer.core.application import Method
from stasis_refer.dialects.dialect import Letter, WebhookRequest
from stasis_refer.dialects.webhook_urls import take_apart, with_query

Sign: TypeAlias = Callable[[str, Method, float], Mapping[str, str]]

# Names and most values are the same in every request, and quoting them is half of its price.
_quoted: Final = lru_cache(maxsize=1024)(quote_plus)

_FORM: Final = "application/x-www-form-urlencoded; charset=UTF-8"


def form_request(letter: Letter, token_header: str, sign: Sign) -> WebhookRequest:
    """Put a letter into a form, its token into the header of that name.

    Connection overrides in the URL's fragment count (as Twilio's).
    """
    callback = letter.callback
    target = take_apart(callback.url)
    form = urlencode(form_fields(letter), quote_via=_quoted)
    url, headers = target.url, {token_header: letter.token}
    if callback.method is Method.GET:
        url, form = with_query(url, form), ""
    else:
        headers["Content-Type"] = _FORM
    return WebhookRequest(
        method=callback.method,
        url=url,
        headers=headers,
        body=form.encode(),
        sign=sign,
        limits=target.limits,
    )


def form_fields(letter: Letter) -> dict[str, str]:
    """Return the names and values that the form of a letter holds."""
    return {name: str(each) for name, each in letter.fields.items()}
