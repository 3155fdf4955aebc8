"""Finds what a reply promises: a person, or something to be done later. English, by patterns; pure."""

from __future__ import annotations

import re

_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")

# Words that turn a promise into none: "I can't transfer you", "if you like, I can pass you on", "would you like ...?".
_DENIED = re.compile(
    r"\b(can ?not|can't|cant|could ?n[o']t|couldn't|won't|will not|unable|not able|never|no need|not going to|"
    r"do not|don't|doesn't|does not|isn't|is not|if you|if not|unless|would you like|do you want|shall i|should i|"
    r"may i|you can (also )?(ask|choose|press|click)|you may|just (ask|say|press)|let me know if)\b",
    re.IGNORECASE,
)

_PERSON = (
    r"(a|an|one of|our|my|the|another|some)? ?(human|real|live|support|service|customer|specialist|senior|right)* ?"
    r"(person|human|colleagues?|agents?|advis[eo]rs?|representatives?|specialists?|expert|team( members?)?|"
    r"customer (care|service|support)|somebody|someone)"
)
_WILL = r"(i'll|i will|i am|i'm|let me|we'll|we will|we are|we're|i'm going to|i am going to|i have|i've|allow me to)"

_TRANSFER = re.compile(
    rf"\b{_WILL} (now |just |also |then |gladly |happily |going to |be )?"
    r"(transfer(ring|red)?|connect(ing|ed)?|hand(ing|ed)?|pass(ing|ed)?|put(ting)?|forward(ing|ed)?|escalat(e|ing|ed)|"
    r"redirect(ing|ed)?|bring(ing)?|get(ting)?|rout(e|ing|ed))\b"
    rf"[^.!?]{{0,60}}?\b(to|with|over|through|on to|in|for you)?\b[^.!?]{{0,20}}?\b{_PERSON}\b"
    rf"|\b(transferring|connecting|passing|handing) you\b[^.!?]{{0,40}}\b{_PERSON}\b"
    rf"|\b{_PERSON} (will|is going to|'ll) (be with you|take over|join|get back|contact|be in touch|reach out|call|"
    r"reply|write|answer|look|help|assist|take care|handle|take it)\b"
    r"|\byou (will be|are being|'ll be|have been) (transferred|connected|passed|handed|put through)\b",
    re.IGNORECASE,
)

_LATER = re.compile(
    r"\b(i|we)('ll| will| am going to| are going to)( now| also| then| personally)* "
    r"(make sure|check|look into|find out|send|e-?mail|call|ring|refund|contact|arrange|follow up|get back|keep you|"
    r"let you know|update|process|book|replace|ship|forward|ask|investigate|take care|credit|cancel|fix|sort|remind|"
    r"notify|inform|reply|write|confirm|issue|organi[sz]e|raise|file|request|see to|have it|have (the|your|a|our))\b"
    r"|\byou('ll| will) (receive|get|hear|be (refunded|contacted|notified|informed|credited|reimbursed))\b",
    re.IGNORECASE,
)


def promises_transfer(reply: str) -> bool:
    """Does the reply tell the customer that a person comes; an offer, a question or a refusal does not."""
    return any(_TRANSFER.search(sentence) and not _denied(sentence) for sentence in _sentences(reply))


def promises_in(text: str) -> list[str]:
    """The sentences that promise a person or a future action, in order."""
    return [
        s
        for s in _sentences(text)
        if not _denied(s) and (_TRANSFER.search(s) is not None or _LATER.search(s) is not None)
    ]


def _sentences(text: str) -> list[str]:
    straight = text.replace("’", "'")
    return [found.strip() for found in _SENTENCE.findall(straight) if found.strip()]


def _denied(sentence: str) -> bool:
    return sentence.endswith("?") or _DENIED.search(sentence) is not None
