"""From JSON to a Document: the array, and the two ways a verb is spelled.

Source: ``normalizeJambones`` in jambonz's verb-specifications.
"""

from typing import Final

from stasis_refer.core.application import Application
from stasis_refer.core.verbs import Verb
from stasis_refer.dialects.dialect import DocumentError, Reading
from stasis_refer.dialects.jambonz_reader import ID, VERB, Reader
from stasis_refer.dialects.jambonz_verbs import NOT_SUPPORTED, VERBS
from stasis_refer.dialects.json_keys import Node
from stasis_refer.dialects.json_text import JsonText, Path
from stasis_refer.dialects.reachable import never_goes_on


def read_document(document: JsonText, base: str, application: Application) -> Reading:
    """Read a document whose relative URLs mean those at ``base``; raises DocumentError.

    What is neither an array nor a verb is a reply that has no verbs in it, as jambonz takes
    it: frameworks answer a hook with null or with an object of their own.
    """
    reader = Reader(document, base, application)
    if not isinstance(document.value, list):
        return _no_array(document.value, reader)
    verbs: list[Verb] = []
    ends = ""  # the verb behind which nothing is reached
    for index, item in enumerate(document.value):
        node = _spelled(item, (index,), reader)
        if ends:
            reader.remark((index,), f"{node.name} is never reached behind {ends}.")
            ends = ""
        read = _read(node, reader)
        verbs += read
        if any(never_goes_on(verb) for verb in read):
            ends = node.name
    return Reading(tuple(verbs), reader.remarks())


def _spelled(item: object, path: Path, reader: Reader) -> Node:
    """Return the verb of {"verb": "say", …} or {"say": {…}}."""
    if not isinstance(item, dict):
        raise reader.not_valid(path, f"a verb is an object, {_EXAMPLE}.")
    if VERB.name in item:
        name = reader.required(Node("a verb", item, path), VERB)
        return Node(name, item, path)
    if len(item) != 1:
        raise reader.not_valid(path, f"it does not say which verb it is: write {_EXAMPLE}.")
    ((name, inside),) = item.items()
    if not isinstance(inside, dict):
        raise reader.not_valid((*path, name), f"a verb holds an object: write {_EXAMPLE}.")
    return Node(name, inside, (*path, name))


def _read(node: Node, reader: Reader) -> tuple[Verb, ...]:
    entry = VERBS.get(node.name)
    if entry is None:
        raise _unknown_verb(node, reader)
    reader.look_over(node, entry.keys)
    reader.value(node, ID)
    return entry.read(node, reader)


def _unknown_verb(node: Node, reader: Reader) -> DocumentError:
    meant = node.name.lower()
    if node.name in NOT_SUPPORTED:
        message = f"the jambonz verb {node.name} is not supported here"
    elif meant in VERBS:
        message = f"{node.name} is no verb, upper and lower case count: write {meant}"
    else:
        message = f"{node.name!r:.80} is no verb of jambonz's"
    return reader.unknown_verb(node.path, f"{message}; supported are {', '.join(VERBS)}.")


def _no_array(value: object, reader: Reader) -> Reading:
    if isinstance(value, dict):
        is_verb = VERB.name in value or any(
            name in VERBS or name in NOT_SUPPORTED for name in value
        )
    else:
        is_verb = value not in (None, "")
    if is_verb:
        raise reader.not_valid((), f"a document is an array of verbs: write [{_EXAMPLE}].")
    reader.remark((), "it is no array of verbs, and taken for an empty one.")
    return Reading((), reader.remarks())


_EXAMPLE: Final = '{"verb": "hangup"}'
