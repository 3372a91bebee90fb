"""Parameters of a request that is a form or a query: which there are, and how each is read."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, Generic, TypeVar
from urllib.parse import parse_qsl

from stasis_refer.core.redacted import redacted
from stasis_refer.dialects.rest import (
    IN_THE_BODY,
    RestError,
    RestRequest,
    bad_request,
    without_query,
)
from stasis_refer.dialects.webhook_urls import resolve

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

MAX_PARAMETERS: Final = 200
"""Of one request."""


@dataclass(frozen=True, slots=True)
class Parameter(Generic[T_co]):
    """One parameter; one that is empty is as if left out.

    ``parse`` raises ValueError with a sentence that says what is allowed. ``code`` is the
    vendor's number of the error. What a ``secret`` one holds is in no message, and one that is
    ``several`` may stand there more than once: its values are read with blanks between them.
    """

    name: str
    parse: Callable[[str], T_co]
    default: T_co
    code: int = 0
    secret: bool = False
    several: bool = False


@dataclass(frozen=True, slots=True)
class Parameters:
    """All that may stand in a request.

    ``passed_over`` do nothing here, for the reason given; ``refused`` are an error unless they
    ask for nothing.
    """

    known: tuple[Parameter[object], ...]
    passed_over: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Every name in it."""
        return (*(each.name for each in self.known), *self.passed_over, *self.refused)


ASKS_FOR_NOTHING: Final = frozenset({"", "false"})


class Form:
    """The parameters of one request, checked against ``allowed``; raises RestError."""

    def __init__(self, pairs: Iterable[tuple[str, str]], allowed: Parameters) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value.strip())
        self.remarks: list[str] = []
        several = {each.name for each in allowed.known if each.several}
        for name, values in self._values.items():
            self._look_over(name, values, allowed)
            if len(values) > 1 and name not in several:
                raise bad_request(f"{name:.80} stands there more than once: leave one.")

    def given(self, parameter: Parameter[object]) -> bool:
        """Tell whether a parameter is there, and not empty."""
        return any(self._values.get(parameter.name, ()))

    def value(self, parameter: Parameter[T]) -> T:
        """Return what a parameter says; raises RestError."""
        text = " ".join(filter(None, self._values.get(parameter.name, ())))
        if not text:
            return parameter.default
        try:
            return parameter.parse(text)
        except ValueError as allowed:
            shown = "what it holds" if parameter.secret else f"{redacted(text)!r:.80}"
            message = f"{parameter.name}: {shown}: {allowed}"
            raise bad_request(message, parameter.code) from None

    def required(self, parameter: Parameter[T], code: int = 0) -> T:
        """Return what a parameter says that has to be there; raises RestError."""
        if not self.given(parameter):
            raise bad_request(f"{parameter.name} is missing: add it.", code or parameter.code)
        return self.value(parameter)

    def needs(self, parameter: Parameter[object], other: Parameter[object]) -> None:
        """Remark upon a parameter that does nothing without another one."""
        if self.given(parameter) and not self.given(other):
            self.remarks.append(f"{parameter.name} is passed over: there is no {other.name}.")

    def _look_over(self, name: str, values: list[str], allowed: Parameters) -> None:
        asks = any(each.lower() not in ASKS_FOR_NOTHING for each in values)
        if name in allowed.passed_over:
            if asks:
                self.remarks.append(f"{name} is passed over: {allowed.passed_over[name]}.")
        elif name in allowed.refused:
            if asks:
                raise bad_request(f"{name}: {allowed.refused[name]}.")
        elif all(name != each.name for each in allowed.known):
            names = ", ".join(each.name for each in allowed.known)
            raise bad_request(f"{name!r:.80} is no parameter here; those are {names}.")


FORM: Final = "application/x-www-form-urlencoded"


def form_of(request: RestRequest, allowed: Parameters) -> Form:
    """Return the form in the body of a request, which has no query; raises RestError."""
    without_query(request, IN_THE_BODY)
    if request.body and request.media_type != FORM:
        message = f"The content type is {request.content_type!r:.80}; send the body as {FORM}."
        raise RestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, message)
    try:
        pairs = parse_qsl(
            request.body.decode(),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_PARAMETERS,
        )
    except UnicodeDecodeError:
        raise bad_request("The form is not UTF-8: send it in UTF-8, percent-encoded.") from None
    except ValueError:
        raise bad_request(f"The form has more than {MAX_PARAMETERS} parameters.") from None
    return Form(pairs, allowed)


def query_of(request: RestRequest, allowed: Parameters) -> Form:
    """Return the query of a request; raises RestError."""
    return Form(request.query, allowed)


def absolute_url(text: str) -> str:
    """Return a URL that is absolute; raises ValueError."""
    if not text.lower().startswith(("http://", "https://")):
        raise ValueError("allowed is an absolute URL, that begins with http:// or https://.")
    return resolve(text, text)
