from dataclasses import replace

import pytest

from stasis_refer.core.application import Callback, Method
from stasis_refer.core.events import FetchFailure
from stasis_refer.core.verbs import (
    After,
    Document,
    Gather,
    Hangup,
    Instead,
    Pause,
    Play,
    Recording,
    Redirect,
    Refer,
    Ring,
    Speech,
    Tag,
    Then,
)
from stasis_refer.dialects.bxml_verbs import BXML_VERBS
from stasis_refer.dialects.dialect import DocumentError, Reading
from stasis_refer.dialects.markup import parse
from stasis_refer.dialects.xml_verbs import read_response

BASE = "https://example.com/app/voice?x=1"
URI = "sip:alice@atlanta.example.com"
TARGET = f"<SipUri>{URI}</SipUri>"
AFTER = After(completed=Then.END, failed=Then.RUN, canceled=Then.NOTHING)
GET, POST = Method.GET, Method.POST


def read(inside: str) -> Reading:
    return read_response(parse(f"<Response>{inside}</Response>".encode()), BASE, BXML_VERBS)


def refer(target: str = URI, action: Callback | None = None, **times: float) -> Refer:
    return Refer(
        target,
        action,
        no_notify_timeout=times.get("no_notify"),
        ring_timeout=times.get("ring"),
        ring_from_acceptance=True,
        after=AFTER,
    )


def say(text: str, language: str = "en-US", voice: str = "woman") -> Play:
    return Play(Speech(text, language, voice))


NEXT = Callback("https://example.com/app/next", POST)
DONE = Callback("https://example.com/done", POST)
UNSET = Gather(most=50, tell_empty=True)

FULL_GATHER = """\
<Gather gatherUrl="next" terminatingDigits="#a" maxDigits="4" interDigitTimeout="1.5"
  firstDigitTimeout="0" repeatCount="10" tag="pin">
  <SpeakSentence>Your number</SpeakSentence>
  <PlayAudio>/beep.wav</PlayAudio>
</Gather>"""
FULL_REDIRECT = """\
<Redirect redirectUrl="https://h/x" redirectMethod="GET" username="u" password="p"
  redirectFallbackUrl="https://b/y" redirectFallbackMethod="GET"
  fallbackUsername="f" fallbackPassword="g" tag="t"/>"""
NOT_SUPPORTED = (
    "Bridge Conference Connect Forward PauseRecording Record ResumeRecording SendDtmf StartGather "
    "StartRecording StartStream StartTranscription StopGather StopRecording StopStream "
    "StopTranscription"
)


@pytest.mark.parametrize(
    ("text", "document"),
    [
        (f"<Refer>{TARGET}</Refer>", (refer(),)),
        ("<Refer>\n <SipUri>\n sip:a@b \n</SipUri>\n</Refer>", (refer("sip:a@b"),)),
        # A target that cannot be read is an outcome, not a broken document.
        ("<Refer><SipUri/></Refer>", (refer(""),)),
        ("<Refer><SipUri>no uri at all</SipUri></Refer>", (refer("no uri at all"),)),
        (f'<Refer referCompleteUrl="/done">{TARGET}</Refer>', (refer(action=DONE),)),
        (
            f'<Refer referCompleteUrl="done#rc=3" referCompleteMethod="GET">{TARGET}</Refer>',
            (refer(action=Callback("https://example.com/app/done#rc=3", GET)),),
        ),
        (f'<Refer referCompleteUrl="">{TARGET}</Refer>', (refer(),)),
        (f'<Refer tag="gold">{TARGET}</Refer>', (Tag("gold"), refer())),
        (f'<Refer tag="">{TARGET}</Refer>', (Tag(""), refer())),
        (f'<Refer tag="{"x" * 256}">{TARGET}</Refer>', (Tag("x" * 256), refer())),
        (
            f'<Refer x-no-notify-timeout="2.5" x-ring-timeout="600">{TARGET}</Refer>',
            (refer(no_notify=2.5, ring=600.0),),
        ),
        (
            f'<Refer x-fallback="dial">{TARGET}</Refer>',
            (replace(refer(), instead=Instead.DIAL),),
        ),
        (
            f'<Refer x-fallback="None">{TARGET}</Refer>',
            (replace(refer(), instead=Instead.NOTHING),),
        ),
        (
            f'<Refer x-replaces="c-01234567-89AB-cdef-0123-456789abcdef">{TARGET}</Refer>',
            (replace(refer(), replaces="0123456789abcdef0123456789abcdef"),),
        ),
        ("<SpeakSentence>\n Good\n day &amp; more </SpeakSentence>", (say("Good day & more"),)),
        ('<SpeakSentence voice="katrin">Ja</SpeakSentence>', (say("Ja", "de"),)),
        ('<SpeakSentence voice="Simon">Yes</SpeakSentence>', (say("Yes", "en-GB", "man"),)),
        ('<SpeakSentence gender="male">Yes</SpeakSentence>', (say("Yes", voice="man"),)),
        ('<SpeakSentence locale="fr_CA">Oui</SpeakSentence>', (say("Oui", "fr-CA"),)),
        (
            '<SpeakSentence voice="susan" gender="female" locale="en_US">Yes</SpeakSentence>',
            (say("Yes"),),
        ),
        (f"<SpeakSentence>{'x' * 4096}</SpeakSentence>", (say("x" * 4096),)),
        ("<PlayAudio>../a.wav</PlayAudio>", (Play(Recording("https://example.com/a.wav")),)),
        (
            '<PlayAudio username="u@x" password="p:w">https://h/a.wav?b=1</PlayAudio>',
            (Play(Recording("https://u%40x:p%3Aw@h/a.wav?b=1")),),
        ),
        ("<Gather/>", (UNSET,)),
        (
            FULL_GATHER,
            (
                Tag("pin"),
                Gather(
                    prompts=(say("Your number"), Play(Recording("https://example.com/beep.wav"))),
                    action=NEXT,
                    first_timeout=0.0,
                    next_timeout=1.5,
                    most=4,
                    finish_on="#A",
                    rounds=10,
                    tell_empty=True,
                ),
            ),
        ),
        ('<Gather input="dtmf" repeatCount="20"/>', (Gather(most=50, rounds=20, tell_empty=True),)),
        ('<Redirect redirectUrl="next"/>', (Redirect(NEXT),)),
        (
            FULL_REDIRECT,
            (
                Tag("t"),
                Redirect(Callback("https://u:p@h/x", GET, Callback("https://f:g@b/y", GET))),
            ),
        ),
        ("<Pause/>", (Pause(1.0),)),
        ('<Pause duration="0.1"/>', (Pause(0.1),)),
        ('<Pause duration=" 86400 "/>', (Pause(86_400.0),)),
        ("<Ring/>", (Ring(5.0, answer=True),)),
        ('<Ring duration="10" answerCall="false"/>', (Ring(10.0, answer=False),)),
        ('<Ring answerCall="TRUE"/>', (Ring(5.0, answer=True),)),
        ("<Tag> gold </Tag>", (Tag("gold"),)),
        ("<Tag/>", (Tag(""),)),
        (f"<Tag>{'x' * 256}</Tag>", (Tag("x" * 256),)),
        ("<Hangup/>", (Hangup(),)),
        ("", ()),
    ],
)
def test_a_verb(text: str, document: Document) -> None:
    assert read(text) == Reading(document)


@pytest.mark.parametrize("root", ["Response", "Bxml"])
def test_the_root_has_two_names(root: str) -> None:
    text = f"<{root}><Hangup/></{root}>".encode()
    assert read_response(parse(text), BASE, BXML_VERBS) == Reading((Hangup(),))


def test_another_root_is_an_error() -> None:
    with pytest.raises(DocumentError, match=r"the root element is <Response> or <Bxml>"):
        read_response(parse(b"<Refer/>"), BASE, BXML_VERBS)


UNKNOWN, NOT_VALID = FetchFailure.UNKNOWN_VERB, FetchFailure.NOT_VALID
ONE_TARGET = "exactly one <SipUri>"


@pytest.mark.parametrize(
    ("text", "failure", "place", "says"),
    [
        ("<refer/>", UNKNOWN, (1, 11), "write <Refer>"),
        ("<Dial/>", UNKNOWN, (1, 11), "<Dial> is not a BXML verb; supported are Refer"),
        ("<SipUri>sip:a@b</SipUri>", UNKNOWN, (1, 11), "<SipUri> is not a BXML verb"),
        ("<Refer/>", NOT_VALID, (1, 11), ONE_TARGET),
        ("<Refer>sip:a@b</Refer>", NOT_VALID, (1, 11), ONE_TARGET),
        (f"<Refer>{TARGET}\n{TARGET}</Refer>", NOT_VALID, (2, 1), ONE_TARGET),
        ("<Refer>\n<PhoneNumber>1</PhoneNumber></Refer>", NOT_VALID, (2, 1), ONE_TARGET),
        ("<Refer>\n<Sip>sip:a@b</Sip></Refer>", NOT_VALID, (2, 1), ONE_TARGET),
        ("<Refer>\n<SipUri>sip:<b/>a@b</SipUri></Refer>", NOT_VALID, (2, 13), "no elements"),
        (f'<Refer referCompleteUrl="ftp://x/">{TARGET}</Refer>', NOT_VALID, (1, 11), "http://"),
        (
            f'<Refer referCompleteUrl="/x" referCompleteMethod="PUT">{TARGET}</Refer>',
            *(NOT_VALID, (1, 11), "get, post"),
        ),
        (f'<Refer tag="{"x" * 257}">{TARGET}</Refer>', NOT_VALID, (1, 11), "at most 256"),
        (f'<Refer x-ring-timeout="0">{TARGET}</Refer>', NOT_VALID, (1, 11), "up to 600"),
        (f'<Refer x-no-notify-timeout="601">{TARGET}</Refer>', NOT_VALID, (1, 11), "up to 600"),
        (f'<Refer x-fallback="yes">{TARGET}</Refer>', NOT_VALID, (1, 11), "dial, none"),
        (
            f'<Refer x-replaces="01234567-89ab-cdef-0123-456789abcdef">{TARGET}</Refer>',
            *(NOT_VALID, (1, 11), "the callId of another call"),
        ),
        (f'<Refer x-replaces="">{TARGET}</Refer>', NOT_VALID, (1, 11), "the callId"),
        ("<SpeakSentence/>", NOT_VALID, (1, 11), "the text to be spoken"),
        ("<SpeakSentence> \n </SpeakSentence>", NOT_VALID, (1, 11), "the text to be spoken"),
        (
            "<SpeakSentence>\n<break/></SpeakSentence>",
            *(NOT_VALID, (2, 1), "SSML (<break>) is not supported here; write plain text"),
        ),
        (f"<SpeakSentence>{'x' * 4097}</SpeakSentence>", NOT_VALID, (1, 11), "at most 4096"),
        ('<SpeakSentence gender="x">a</SpeakSentence>', NOT_VALID, (1, 11), "male, female"),
        ('<SpeakSentence locale="-v x">a</SpeakSentence>', NOT_VALID, (1, 11), "en_US"),
        ("<PlayAudio/>", NOT_VALID, (1, 11), "URL of a sound file"),
        ("<PlayAudio>/a b.wav</PlayAudio>", NOT_VALID, (1, 11), "%20"),
        ("<Gather>\n<Pause/></Gather>", UNKNOWN, (2, 1), "cannot stand in this place"),
        ("<Gather>\n<Record/></Gather>", UNKNOWN, (2, 1), "<Record> is not supported here"),
        ("<Gather>\n<SpeakSentence/></Gather>", NOT_VALID, (2, 1), "the text to be spoken"),
        ('<Gather input="speech"/>', NOT_VALID, (1, 11), "speech is not recognized here"),
        ('<Gather input="dtmf_speech"/>', NOT_VALID, (1, 11), "gather dtmf"),
        ('<Gather maxDigits="51"/>', NOT_VALID, (1, 11), "from 1 to 50"),
        ('<Gather interDigitTimeout="0.9"/>', NOT_VALID, (1, 11), "from 1 to 60"),
        ('<Gather interDigitTimeout="60.1"/>', NOT_VALID, (1, 11), "from 1 to 60"),
        ('<Gather firstDigitTimeout="61"/>', NOT_VALID, (1, 11), "from 0 to 60"),
        ('<Gather firstDigitTimeout="-1"/>', NOT_VALID, (1, 11), "from 0 to 60"),
        ('<Gather repeatCount="0"/>', NOT_VALID, (1, 11), "from 1 to 20"),
        ('<Gather terminatingDigits="x"/>', NOT_VALID, (1, 11), "0123456789*#ABCD"),
        (f'<Gather tag="{"x" * 257}"/>', NOT_VALID, (1, 11), "at most 256"),
        (
            f'<Gather repeatCount="7">{"<PlayAudio>/a</PlayAudio>" * 3}</Gather>',
            *(NOT_VALID, (1, 11), "repeatCount times the verbs in <Gather> is at most 20"),
        ),
        (
            f"<Gather>{'<PlayAudio>/a</PlayAudio>' * 21}</Gather>",
            *(NOT_VALID, (1, 11), "at most 20"),
        ),
        ("<Redirect/>", NOT_VALID, (1, 11), "needs redirectUrl"),
        ('<Redirect redirectUrl=""/>', NOT_VALID, (1, 11), "needs redirectUrl"),
        ("<Redirect>/next</Redirect>", NOT_VALID, (1, 11), "needs redirectUrl"),
        ('<Redirect redirectFallbackUrl="/x"/>', NOT_VALID, (1, 11), "needs redirectUrl"),
        ('<Pause duration="0"/>', NOT_VALID, (1, 11), "from 0.1 to 86400"),
        ('<Pause duration="86401"/>', NOT_VALID, (1, 11), "from 0.1 to 86400"),
        ('<Pause duration="1e3"/>', NOT_VALID, (1, 11), "from 0.1 to 86400"),
        ('<Ring duration="0.05"/>', NOT_VALID, (1, 11), "from 0.1 to 86400"),
        ('<Ring answerCall="yes"/>', NOT_VALID, (1, 11), "true, false"),
        (f"<Tag>{'x' * 257}</Tag>", NOT_VALID, (1, 11), "at most 256 characters, not 257"),
        ("<Hangup><b/></Hangup>", NOT_VALID, (1, 19), "holds no elements"),
    ],
)
def test_a_document_that_cannot_be_run_says_where_and_what_to_do(
    text: str, failure: FetchFailure, place: tuple[int, int], says: str
) -> None:
    with pytest.raises(DocumentError) as caught:
        read(text)
    assert (caught.value.failure, caught.value.line, caught.value.column) == (failure, *place)
    assert says in str(caught.value)


@pytest.mark.parametrize("verb", NOT_SUPPORTED.split())
def test_the_other_verbs_of_the_vendor_are_named_as_not_supported(verb: str) -> None:
    with pytest.raises(DocumentError, match=rf"the BXML verb <{verb}> is not supported here"):
        read(f"<{verb}/>")


@pytest.mark.parametrize(
    ("text", "document", "remarks"),
    [
        (
            '<Refer><SipUri uui="x" username="u">sip:a@b</SipUri></Refer>',
            (refer("sip:a@b"),),
            ["'uui' of <SipUri> is passed over; it has none", "'username' of <SipUri>"],
        ),
        (f"<Refer>or {TARGET}</Refer>", (refer(),), ["Text in <Refer> is passed over"]),
        (
            f'<Refer action="/x" referCompleteMethod="GET">{TARGET}</Refer>',
            (refer(),),
            ["'action' of <Refer> is passed over", "nothing without referCompleteUrl"],
        ),
        (
            f'<Refer referCompleteUrl="/done">{TARGET}</Refer><Hangup/>',
            (refer(action=DONE), Hangup()),
            ["<Hangup> is never reached behind <Refer>"],
        ),
        (
            f'<Refer referCompleteUrl="/done" tag="t">{TARGET}</Refer><Hangup/>',
            (Tag("t"), refer(action=DONE), Hangup()),
            ["<Hangup> is never reached behind <Refer>"],
        ),
        (f"<Refer>{TARGET}</Refer><Hangup/>", (refer(), Hangup()), []),
        (
            '<Gather gatherUrl="next"/><Pause/>',
            (Gather(action=NEXT, most=50, tell_empty=True), Pause(1.0)),
            ["<Pause> is never reached behind <Gather>"],
        ),
        ("<Gather/><Pause/>", (UNSET, Pause(1.0)), []),
        ('<Gather hints="a"/>', (UNSET,), ["'hints' of <Gather> is passed over"]),
        ('<Gather username="u"/>', (UNSET,), ["nothing without gatherUrl"]),
        (
            '<SpeakSentence voice="julie" gender="male" locale="de">a</SpeakSentence>',
            (say("a"),),
            ["'locale' of <SpeakSentence> is passed over: voice='julie'", "'gender'"],
        ),
        (
            '<SpeakSentence voice="hal" gender="male" locale="de">a</SpeakSentence>',
            (say("a", "de", "man"),),
            ["Voice 'hal' is not known here: locale and gender choose one"],
        ),
        ("<Redirect redirectUrl='next'>/x</Redirect>", (Redirect(NEXT),), ["Text in <Redirect>"]),
        ('<Tag text="x">t</Tag>', (Tag("t"),), ["'text' of <Tag> is passed over"]),
        ('<Pause length="2"/>', (Pause(1.0),), ["known are duration"]),
    ],
)
def test_what_is_passed_over_is_remarked(text: str, document: Document, remarks: list[str]) -> None:
    reading = read(text)
    assert reading.document == document
    assert len(reading.remarks) == len(remarks)
    for remark, says in zip(reading.remarks, remarks, strict=True):
        assert says in remark.message
        assert remark.line == 1
