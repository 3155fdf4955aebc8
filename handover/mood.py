"""How angry a customer's words are, 0 to 1: English, by patterns; pure. Careful: annoyed about a thing is not angry."""

from __future__ import annotations

import re

# Each sign adds its weight once; together they saturate at 1. Around 0.5 annoyed, from 0.8 furious.
_INSULT = 0.65
_SWEARING = 0.5
_FRUSTRATION = 0.45
_COMPLAINT = 0.25
_SHOUTING = 0.3
_EXCLAIMING = 0.15


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(patterns)})\b", re.IGNORECASE)


# Aimed at us or the bot.
_AT_US = _words(
    r"(you|u|you're|you are|ur)( \w+)? (bunch of |a |an |such |so |all |just |fucking |bloody |total |complete |"
    r"utter )*"
    r"(idiots?|morons?|stupid|useless|incompetent|crooks?|thie(f|ves)|scammers?|liars?|clowns?|"
    r"imbeciles?|dumb|pathetic|"
    r"jokers?|robbers?|cheats?|criminals?|bastards?|assholes?|arseholes?|worthless|rubbish)",
    r"(stupid|dumb|useless|idiotic|worthless|fucking|bloody|damn|crap|shitty|pathetic) "
    r"(bot|robot|machine|chat ?bot|computer|assistant|company|shop|people|service|support|website)",
    r"(fuck|screw|sod|piss) (you|off)",
    r"go to hell",
    r"(this|it|that|you|tarn & trail|company|shop)( is|'s| are)? (a |an )?(total |complete |absolute |fucking )?"
    r"(scam|fraud|rip[- ]?off)",
    r"(daylight )?robbery",
    r"stfu|shut up",
)
_SWEARS = _words(
    r"fuck(ing|ed|s|er)?|f\*+k?(ing)?|f\*\*\*\w*|wtf|shit(ty|e|s)?|sh\*t|bullshit|bs|crap|bloody hell|goddamn(ed|it)?|"
    r"damn(ed|it)?|for (god|christ|fuck|heaven)'?s sake|ffs|bollocks|piss(ed)? off|arse|asshole|bastards?"
)
_FED_UP = _words(
    r"(so |really |very |extremely |absolutely |bloody |beyond |completely )*(furious|outraged|fuming|livid|disgusted|"
    r"fed up|pissed|infuriated|infuriating|enraged|angry|irate)",
    r"(sick|tired|sick and tired) of (this|you|your|waiting|being|it|asking|repeating|hearing|all)",
    r"(is|are|was|it's|that's|this is|an absolute|absolutely|totally|simply|just|truly) (an? )?(absolutely |totally |"
    r"completely |simply |just |truly |utterly |complete |absolute |total |utter )*"
    r"(ridiculous|unacceptable|outrageous|disgraceful|disgrace|disgusting|pathetic|a joke|joke|shameful|insulting|"
    r"appalling|shambles|beyond belief|nonsense)",
    r"(worst|most useless|most incompetent) \w*( ?\w+){0,2} "
    r"(ever|i have|i've|in my life|company|service|shop|experience)",
    r"(i )?('ve|have) had (it|enough)( with| of)?",
    r"(enough is enough|had enough|last straw|lost my patience|losing my patience|out of patience|no patience)",
    r"(how|what) (hard|difficult) (can|is) it( be)?|how hard can (it|this) be",
    r"never (again )?(order|buy|shop|use|recommend)(ing)? (from|with|at|here|you|this|anything)( \w+)*",
    r"what (the|on) (hell|earth|heck) (is|are|do|did|were)",
    r"(complete|total|utter|absolute|huge|such a) "
    r"(waste of (my )?(time|money)|disaster|mess|joke|incompetence|disgrace)",
    r"(stop|quit) (wasting my time|ignoring me|lying|playing (games|dumb)|giving me the run ?around|copy)",
    r"(is|are) (you|u|anyone|anybody) (even )?(deaf|blind|listening|reading|for real)",
    r"are you (even |actually |fucking )?(kidding|joking|serious|deaf|blind|listening|reading|for real)( me)?",
    r"(don't|do not|doesn't) (you )?(even )?(give a|care about (your )?customers)",
    r"(give|want|get) me my (money|refund) (back )?(now|immediately|right now|this instant)",
    r"(this|it) (drives|is driving|makes|is making) me (crazy|mad|insane|nuts|angry|sick)",
    r"(you|this bot|this thing) (keep|keeps) (giving|saying|sending|repeating|asking|telling) (me )?(the )?same",
    r"(useless|hopeless|incompetent|idiots|morons|liars|thieves|scammers|shameless)",
)
_COMPLAINS = _words(
    r"(still|again) (no|not|nothing|waiting|hasn't|haven't|isn't|wrong|broken|late)",
    r"(third|fourth|fifth|sixth|tenth|hundredth|3rd|4th|5th|6th|10th|100th) time",
    r"(how many|so many) (more )?times",
    r"(already|just) (told|said|asked|gave|explained|sent) (you|that|this|it)",
    r"(nobody|no one|noone|none of you) (answers?|answered|responds?|responded|replies|replied|cares?|helps?|"
    r"helped|listens?|called|calls)",
    r"(waiting|waited) (for )?(over |more than )?((\d+|two|three|four|five|six|several|many) )?"
    r"(days|weeks|months|hours|ages|forever)",
    r"(very |really |so |extremely |deeply |bitterly )+(disappointed|annoyed|frustrated|unhappy|upset|dissatisfied)",
    r"(disappointing|frustrating|annoying|annoyed|frustrated|terrible|horrible|awful|dreadful|unbelievable|"
    r"not good enough|lied to me|ignored|ignoring me)",
    r"(does not|doesn't|didn't|did not|not|isn't|never) (help(ing)?|answer(ing|ed)?|listen(ing)?|understand(ing)?)"
    r"( me| my question| at all)?",
    r"(not helpful|no help at all|pointless|going (round )?in circles|waste of time)",
)
# Strong words that are said of other things, or kindly: taken out before anything is counted.
_HARMLESS = _words(
    r"(not|n't|never|no longer|isn't|wasn't|am not|i'm not|hardly|without being) (at all |really |so |that |very )?"
    r"(angry|furious|fed up|upset|annoyed|frustrated|disappointed|mad|useless|a scam|scam|ridiculous|stupid|pissed)",
    r"(sorry|apologi[sz]e|excuse me)[^.!?]{0,40}(stupid|dumb|silly|ridiculous|useless)( question)?( of me)?",
    r"(stupid|dumb|silly) (question|me|mistake)",
    r"(hot|good|great|cool|awesome|badass) (as )?(shit|damn|crap)",
    r"(damn|fucking|bloody|freaking) (good|great|nice|fast|brilliant|amazing|awesome|happy|well|fine|perfect)",
    r"holy (shit|crap)[^.!?]{0,20}(great|fast|good|amazing|thanks|thank)",
    r"(angry|furious|terrible|awful|horrible|dreadful|bad|wild|disgusting) (weather|storm|rain|winds?|"
    r"winter|conditions|"
    r"mosquitoes|birds|seas?|flu|cold|headache)",
    r"(my|the|our) (dog|cat|kids?|son|daughter|husband|wife|mother|father|friend|boss|neighbou?r) (is|"
    r"was|gets|got|are) "
    r"(so |very |really )?(angry|furious|mad|upset|useless|stupid|annoyed|disappointed)",
    r"(is|are|if|whether|would|could|sounds?|look(s|ed)? like|got|an?) (this|it|that|e-?mail|text|"
    r"website|site|offer|message)?"
    r" ?(a |an )?(scam|fraud|phishing)( e-?mail| text| site| website| message)?",
    r"crap(s|ped)? out",
    r"(useless|stupid|annoying|pathetic|terrible|horrible|awful|frustrating) "
    r"(zip|zipper|strap|buckle|pump|lid|pole|peg|pocket|"
    r"lace|laces|hood|toggle|tent pegs?|button|cord|valve|map|app)",
    r"(useless|no use|pathetic|awful|terrible) (in|at|for|against|without|when|with) (the |a |very |"
    r"heavy |strong )*\w+",
    r"shit ?(shovel|trowel)|poop trowel",
    r"b\.?s\.?c?\.? (degree|en|standard|certified)|bs ?\d+",
)
# All of these are written in capitals without anger.
_CAPITALS = re.compile(
    r"\b(?:[A-Z]{2}-?\d+|UK|EU|US|USA|GPS|LED|USB|UV|VAT|PVC|PU|XXL|XL|XS|DIN|ISO|CE|UIAA|DHL|UPS|DPD|"
    r"GLS|FAQ|PDF|ID|OK|"
    r"EUR|GBP|PLEASE|ASAP|FYI|AM|PM|PIN|SKU|TT|HTTPS?|LOL|BTW|THANKS|THANK|HELLO|HI)\b"
)
_SHOUTED = re.compile(r"\b[A-Z]{2,}(?:'[A-Z]+)?\b")
_LOUD = re.compile(r"[!?]*!{2,}[!?]*|\?!+|!\?+|\?{3,}")
# A joyful text may shout and exclaim as it likes.
_JOY = _words(
    r"thank(s| you)|thx|cheers|love|loved|lovely|great|amazing|awesome|perfect|excellent|brilliant|"
    r"fantastic|wonderful|happy|"
    r"best|super|yay|wow|hooray|congrat\w*|nice|cool|excited|can't wait|appreciate"
)


def anger(text: str) -> float:
    """How angry ``text`` is, 0..1; 0 for calm words, whatever they complain of."""
    straight = " ".join(text.replace("’", "'").split())
    plain = _HARMLESS.sub(" ", straight)
    score = 0.0
    at_us, swears, fed_up = bool(_AT_US.search(plain)), bool(_SWEARS.search(plain)), len(_FED_UP.findall(plain))
    complaints = len(_COMPLAINS.findall(plain))
    score += _INSULT * at_us + _SWEARING * swears
    score += _FRUSTRATION * min(fed_up, 2) + _COMPLAINT * min(complaints, 2)
    upset = score > 0
    joyful = not upset and _JOY.search(straight) is not None
    if not joyful:
        score += _shouting(straight, upset=upset)
    return round(min(score, 1.0), 2)


def _shouting(text: str, *, upset: bool) -> float:
    words = [w for w in _SHOUTED.findall(_CAPITALS.sub(" ", text)) if len(w) > 2]
    letters = [c for c in text if c.isalpha()]
    mostly = bool(letters) and sum(c.isupper() for c in letters) / len(letters) > 0.6
    shouts = (mostly and len(words) >= 2) or len(words) >= 3 or (upset and bool(words))
    return _SHOUTING * shouts + _EXCLAIMING * (_LOUD.search(text) is not None)
