"""The bodies that ``/v1`` takes, as JSON, and what they ask of a call."""

from typing import Annotated, Any, Final, Literal, TypeAlias, TypeVar

from aiohttp import web
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    WithJsonSchema,
)

from stasis_refer.adapters.rest.problems import (
    BAD_REQUEST,
    INVALID,
    Problem,
    invalid,
    of_validation,
    tag,
)
from stasis_refer.core.application import Callback, Method
from stasis_refer.core.orders import TransferCall
from stasis_refer.core.verbs import After, Refer, Then
from stasis_refer.dialects import json_text
from stasis_refer.dialects.dialect import DocumentError
from stasis_refer.dialects.webhook_urls import resolve

_UNSUPPORTED: Final = 415


def _absolute(text: str) -> str:
    try:
        return resolve("", text)
    except ValueError:
        message = "It is no URL that can be asked: write http:// or https://, a host and a path."
        raise ValueError(message) from None


def _true(value: object) -> object:
    if value is not True:
        raise ValueError("It is unknown: use true.")
    return value


_True = Annotated[Literal[True], BeforeValidator(_true)]  # else 1 would do as well


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class AskUrl(_Body):
    """A URL is asked for the next document, in the dialect of the call's application."""

    url: Annotated[
        str, AfterValidator(_absolute), WithJsonSchema({"type": "string", "format": "uri"})
    ]
    method: Literal["GET", "POST"] = "POST"

    @property
    def callback(self) -> Callback:
        """The webhook that is requested."""
        return Callback(self.url, Method(self.method))


class EndCall(_Body):
    """The call is hung up."""

    hangup: _True


class GoOn(_Body):
    """The document that runs goes on."""

    goes_on: _True = Field(alias="continue")


_WRITE_NEXT: Final = (
    'It is none of what can follow: write {"url": "https://…"}, {"hangup": true} or'
    ' {"continue": true}.'
)


def _kind(value: Any) -> str | None:  # noqa: ANN401 - whatever JSON holds
    kinds = {"url": tag("url"), "hangup": tag("hangup"), "continue": tag("continue")}
    found = [kinds[key] for key in kinds if isinstance(value, dict) and key in value]
    return found[0] if len(found) == 1 else None


Next: TypeAlias = Annotated[
    Annotated[AskUrl, Tag(tag("url"))]
    | Annotated[EndCall, Tag(tag("hangup"))]
    | Annotated[GoOn, Tag(tag("continue"))],
    Discriminator(_kind, custom_error_type="next", custom_error_message=_WRITE_NEXT),
]
_Seconds = Annotated[float, Field(gt=0, le=600)]


class ReferBody(_Body):
    """A transfer to begin."""

    target: Annotated[str, Field(min_length=1)] = Field(
        description="Where the caller is to go: a SIP or tel URI, as sip:agent@example.com."
    )
    referred_by: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="The URI of Referred-By; Asterisk's own without it."
    )
    headers: dict[str, str] = Field(
        default={}, description="Further header fields of the REFER, by name."
    )
    no_notify_timeout: _Seconds | None = Field(
        default=None, description="Seconds until a NOTIFY has to come; as configured without it."
    )
    ring_timeout: _Seconds | None = Field(
        default=None, description="Seconds that the target may ring; as configured without it."
    )
    on_success: Next = Field(
        default=EndCall(hangup=True), description="What the call does when it was transferred."
    )
    on_failure: Next = Field(
        default=GoOn.model_validate({"continue": True}),
        description=(
            "What the call does when it was not. A URL is also told when the caller hung up first."
        ),
    )

    @property
    def order(self) -> TransferCall:
        """What is asked of the call."""
        success, failure = self.on_success, self.on_failure
        told = isinstance(failure, AskUrl)
        return TransferCall(
            Refer(
                self.target,
                action=_callback(success),
                failure_action=_callback(failure),
                referred_by=self.referred_by,
                headers=tuple(self.headers.items()),
                no_notify_timeout=self.no_notify_timeout,
                ring_timeout=self.ring_timeout,
                after=After(
                    completed=_then(success),
                    failed=_then(failure),
                    canceled=Then.END if told else Then.NOTHING,
                ),
            ),
            given=frozenset(self.model_fields_set - {"target"}),
        )


def _callback(following: AskUrl | EndCall | GoOn) -> Callback | None:
    return following.callback if isinstance(following, AskUrl) else None


def _then(following: AskUrl | EndCall | GoOn) -> Then:
    match following:
        case AskUrl():
            return Then.RUN
        case EndCall():
            return Then.NOTHING
        case GoOn():
            return Then.GO_ON


_B = TypeVar("_B", bound=BaseModel)


async def read_body(request: web.Request, body: type[_B]) -> _B:
    """Return the JSON body of a request; raises Problem for what is wrong with it."""
    _check_type(request)
    return of_text(await request.read(), body)


def of_text(text: bytes, body: type[_B]) -> _B:
    """Return the body that a text in JSON is; raises Problem for what is wrong with it."""
    if not text:
        message = "There is no body: send an object as JSON, with names and values in { }."
        raise Problem(BAD_REQUEST, "bad_json", message, "body")
    try:
        value = json_text.parse(text).value
    except DocumentError as error:
        message = f"The body cannot be read as JSON: {error}"
        raise Problem(BAD_REQUEST, "bad_json", message, "body") from None
    if not isinstance(value, dict):
        raise invalid("It is no object: write names and values in { }.", "body", INVALID)
    try:
        return body.model_validate(value)
    except ValidationError as error:
        raise of_validation(error, body.model_fields, INVALID) from None


def _check_type(request: web.Request) -> None:
    if request.content_type != "application/json":
        message = "Send JSON, and say so: Content-Type: application/json."
        raise _unsupported(message, "Content-Type")
    if (request.charset or "utf-8").lower() not in {"utf-8", "utf8"}:
        # RFC 8259, 8.1; application/json has no such parameter, but many send it.
        raise _unsupported("JSON is in UTF-8: send it so, and no other charset.", "Content-Type")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise _unsupported(
            "Send the body as it is, neither packed nor encoded.", "Content-Encoding"
        )


def _unsupported(message: str, field: str) -> Problem:
    return Problem(_UNSUPPORTED, "unsupported_media_type", message, field)
