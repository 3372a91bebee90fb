"""Whom jambonz's dial calls: the objects in its target, of one type each.

Sources: ``target`` in jambonz's verb-specifications, ``place-outdial.js`` in its feature
server. Asterisk has no credentials per call: those of ``auth`` are an endpoint of that name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, NoReturn, TypeAlias

from stasis_refer.core.application import Callback
from stasis_refer.core.verbs import Address, Number, Registered, SipAddress
from stasis_refer.dialects.callees import endpoint, phone_number
from stasis_refer.dialects.jambonz_reader import HEADERS, METHOD, Reader
from stasis_refer.dialects.json_keys import Idle, Key, Keys, Node, keys, members, refused, text
from stasis_refer.dialects.json_text import Path

MAX_TARGETS: Final = 10
"""How many are called at most, as jambonz has it."""

Headers: TypeAlias = tuple[tuple[str, str], ...]


class Target(NamedTuple):
    """Who is called, and where that stands in the document."""

    address: Address
    path: Path
    confirm: Callback | None = None  # asked for a document before it is connected


def targets(found: object, path: Path, reader: Reader) -> list[Target]:
    """Read a target, or an array of them; each is called once, and the first ten of them."""
    all_found = found if isinstance(found, list) else [found]
    if not all_found:
        raise reader.not_valid(path, "an empty array: name one target at least.")
    read: list[Target] = []
    for index, each in enumerate(all_found):
        place = (*path, index) if isinstance(found, list) else path
        address, confirm = _address(each, place, reader)
        if len(read) == MAX_TARGETS:
            reader.remark(place, f"passed over; at most {MAX_TARGETS} targets are called.")
        elif any(_whom(address) == _whom(other.address) for other in read):
            reader.remark(place, "passed over; this target is called already.")
        else:
            read.append(Target(address, place, confirm))
    return read


def together(all_legs: Headers, of_one: Headers) -> Headers:
    """Return the headers of one leg: its own go before those of all legs that are called so."""
    own = {name.lower() for name, _ in of_one}
    return (*(each for each in all_legs if each[0].lower() not in own), *of_one)


@dataclass(frozen=True, slots=True)
class _Type:
    read: Callable[[Node, Reader], Address]
    keys: Keys


def _address(found: object, path: Path, reader: Reader) -> tuple[Address, Callback | None]:
    if not isinstance(found, dict):
        raise reader.not_valid(path, "a target is an object with the key type.")
    node = Node("target", found, path)
    name = reader.required(node, _TYPE)
    kind = TYPES[name]
    reader.look_over(Node(f"a target of type {name}", found, path), kind.keys)
    for key in _REFUSED:
        reader.value(node, key)
    return kind.read(node, reader), _confirm(node, reader)


def _confirm(node: Node, reader: Reader) -> Callback | None:
    """Return the hook of one target; its method stands beside it."""
    hook = reader.hook(node, CONFIRM_HOOK.name)
    if hook is None or METHOD.name not in node.members:
        return hook
    return replace(hook, method=reader.value(node, METHOD))


def _phone(node: Node, reader: Reader) -> Number:
    number = reader.required(node, _NUMBER)
    return Number(number, reader.value(node, _TRUNK), reader.headers(node))


def _sip(node: Node, reader: Reader) -> SipAddress:
    uri = reader.required(node, _SIP_URI).strip()
    return SipAddress(uri, _credentials(node, reader), reader.headers(node))


def _credentials(node: Node, reader: Reader) -> str:
    """Return the endpoint that has the credentials, '' where none are asked for."""
    inside = node.members.get(_AUTH.name)
    if inside is None:
        return ""
    path = (*node.path, _AUTH.name)
    auth = Node(_AUTH.name, reader.value(node, _AUTH), path)
    username = reader.required(auth, _USERNAME)
    if auth.members.get(_PASSWORD.name) is not None:
        message = "passed over; the credentials of the endpoint of that name in pjsip.conf count."
        reader.remark((*path, _PASSWORD.name), message)
    reader.look_over(auth, _CREDENTIALS)
    return username


def _user(node: Node, reader: Reader) -> Registered:
    reader.value(node, _OVERRIDE_TO)
    user = reader.required(node, _NAME)
    if user != node.members[_NAME.name]:
        message = f"the domain is passed over: {user} is called, an endpoint of Asterisk's."
        reader.remark((*node.path, _NAME.name), message)
    return Registered(user, reader.headers(node))


def _teams(node: Node, reader: Reader) -> NoReturn:
    message = "teams is not supported here; call a sip or phone target through a trunk to it."
    raise reader.not_valid((*node.path, _TYPE.name), message)


def _whom(address: Address) -> tuple[type[Address], object]:
    """Return by what jambonz tells targets apart: not by their headers."""
    match address:
        case Number(number):
            return Number, number
        case SipAddress(uri):
            return SipAddress, uri
        case Registered(name):
            return Registered, name


def _type(found: object) -> str:
    if text(found) not in TYPES:
        raise ValueError(f"allowed are {', '.join(TYPES)}.")
    return text(found)


def _endpoint(found: object) -> str:
    return endpoint(text(found))


def _number(found: object) -> str:
    return phone_number(text(found))


def _user_name(found: object) -> str:
    return endpoint(text(found).partition("@")[0])


_EMPTY: Final[dict[str, object]] = {}
_TYPE: Final = Key("type", _type, "")
_NUMBER: Final = Key("number", _number, "")
_TRUNK: Final = Key("trunk", _endpoint, "")
_SIP_URI: Final = Key("sipUri", text, "")
_NAME: Final = Key("name", _user_name, "")
_AUTH: Final = Key("auth", members, _EMPTY)
_USERNAME: Final = Key("username", _endpoint, "")
_PASSWORD: Final = Key("password", text, "", secret=True)
_CREDENTIALS: Final = keys(_USERNAME, _PASSWORD)

CONFIRM_HOOK: Final = Key("confirmHook", members, _EMPTY)  # Reader.hook reads it
PROXY: Final = Key(
    "proxy", refused("not supported here; name an endpoint that has outbound_proxy."), None
)
_FROM: Final = Key("from", refused("not supported here; write callerId beside target."), None)
_OVERRIDE_TO: Final = Key(
    "overrideTo", refused("not supported here; call a target of type sip."), None
)
_REFUSED: Final = (PROXY, _FROM)


def _keys(*own: Key[object], idle: Idle) -> Keys:
    shared = (_TYPE, HEADERS, CONFIRM_HOOK, METHOD)
    return keys(*shared, *own, *_REFUSED, idle={"vmail": False, **idle})


TYPES: Final[Mapping[str, _Type]] = {
    "phone": _Type(
        _phone,
        _keys(_NUMBER, _TRUNK, idle=dict.fromkeys(("auth", "name", "tenant", "overrideTo"))),
    ),
    "sip": _Type(
        _sip,
        _keys(_SIP_URI, _AUTH, idle=dict.fromkeys(("name", "trunk", "tenant", "overrideTo"))),
    ),
    "user": _Type(
        _user, _keys(_NAME, _OVERRIDE_TO, idle=dict.fromkeys(("auth", "trunk", "tenant")))
    ),
    "teams": _Type(_teams, _keys(idle=dict.fromkeys(("number", "tenant")))),
}
"""The types of a target."""
