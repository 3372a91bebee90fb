"""What reads the verbs of one jambonz document: hooks, a URL or an object with one, and headers."""

import json
from collections.abc import Mapping
from typing import Final

from stasis_refer.core.application import Application, Callback, Method
from stasis_refer.dialects.json_keys import Inspector, Key, Keys, Node, keys, members, text
from stasis_refer.dialects.json_text import JsonText
from stasis_refer.dialects.webhook_urls import resolve, with_credentials

VERB: Final = Key("verb", text, "")
ID: Final = Key("id", text, "")
_NO_HOOK: Final[dict[str, object]] = {}
_NO_HEADERS: Final[dict[str, object]] = {}
ACTION_HOOK: Final = Key("actionHook", members, _NO_HOOK)  # Reader.hook reads it
HEADERS: Final = Key("headers", members, _NO_HEADERS)


class Reader(Inspector):
    """Reads one document; relative URLs in it mean those at ``base``.

    ``language`` and ``voice`` are those that the document has set so far.
    """

    def __init__(self, json: JsonText, base: str, application: Application) -> None:
        super().__init__(json)
        self.base = base
        self.application = application
        self.language = ""
        self.voice = ""

    def url(self, found: object) -> str:
        """Return the absolute URL that a text means, '' of an empty one; a parser for keys."""
        return resolve(self.base, text(found)) if found != "" else ""

    def hook(self, node: Node, name: str, told: frozenset[str] = frozenset()) -> Callback | None:
        """Return the hook under a key of ``node``, None where there is none.

        ``told`` are keys that a vendor's page writes into the hook to document what it is told.
        """
        found = node.members.get(name)
        if isinstance(found, dict):
            return self._described(Node(name, found, (*node.path, name)), told)
        url = self.value(node, Key(name, self._plain, ""))
        return Callback(url) if url else None

    def headers(self, node: Node) -> tuple[tuple[str, str], ...]:
        """Return the headers of a verb as they are written.

        Which of them may be sent is known to the core.
        """
        found = Node("headers", self.value(node, HEADERS), (*node.path, HEADERS.name))
        return tuple(
            (name, self.value(found, Key(name, _header, "")))
            for name, each in found.members.items()
            if each is not None
        )

    def _plain(self, found: object) -> str:
        if not isinstance(found, str):
            raise ValueError("allowed is the text of a URL, or an object with url.")  # noqa: TRY004 - see Key.parse
        return self.url(found)

    def _described(self, hook: Node, told: frozenset[str]) -> Callback:
        documentation = [name for name in hook.members if name in told]
        for name in documentation:
            message = "passed over as documentation of what the hook is told; leave it out."
            self.remark((*hook.path, name), message)
        rest = {name: each for name, each in hook.members.items() if name not in documentation}
        self.look_over(Node(hook.name, rest, hook.path), _HOOK)
        url = self.required(hook, Key("url", self.url, ""))
        if not url:
            raise self.not_valid((*hook.path, "url"), "empty; leave the whole hook out.")
        return Callback(self._with_credentials(hook, url), self.value(hook, METHOD))

    def _with_credentials(self, hook: Node, url: str) -> str:
        """Write the credentials of a hook into its URL, from where they are never logged."""
        holder = self._holder(hook)
        username, password = self.value(holder, _USERNAME), self.value(holder, _PASSWORD)
        if not username and not password:
            return url
        self.required(holder, _USERNAME)
        return with_credentials(url, username, password)

    def _holder(self, hook: Node) -> Node:
        """Return what holds the credentials: jambonz has them in the hook, or in an object."""
        inside = self.value(hook, _BASIC_AUTH)
        if not inside:
            return hook
        if _CREDENTIALS.known.keys() & hook.members.keys():
            message = "give the credentials once: username and password, or basicAuth."
            raise self.not_valid(hook.path, message)
        holder = Node(_BASIC_AUTH.name, inside, (*hook.path, _BASIC_AUTH.name))
        self.look_over(holder, _CREDENTIALS)
        return holder


def tag_of(data: Mapping[str, object]) -> str:
    """Return the tag that tells ``data`` to the application, as customerData."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def _header(found: object) -> str:
    if isinstance(found, float) and found.is_integer():
        return str(int(found))  # as JavaScript has it: jambonz's packages write 1.0 for a 1
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        raise ValueError("allowed is the text of a header, or a number.")  # noqa: TRY004 - see Key.parse
    return str(found)


def _method(found: object) -> Method:
    # As jambonz has it, in upper or lower case.
    if text(found).upper() not in Method.__members__:
        raise ValueError("allowed are GET and POST.")
    return Method[text(found).upper()]


_URL: Final = Key("url", text, "")
METHOD: Final = Key("method", _method, Method.POST)
_USERNAME: Final = Key("username", text, "")
_PASSWORD: Final = Key("password", text, "", secret=True)
_NO_CREDENTIALS: Final[dict[str, object]] = {}
_BASIC_AUTH: Final = Key("basicAuth", members, _NO_CREDENTIALS)

_CREDENTIALS: Final[Keys] = keys(_USERNAME, _PASSWORD)
_HOOK: Final[Keys] = keys(_URL, METHOD, _USERNAME, _PASSWORD, _BASIC_AUTH)
