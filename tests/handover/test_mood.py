"""Angry words are told from calm ones, in both directions."""

from __future__ import annotations

import pytest

from handover.mood import anger
from handover.policy_settings import load_policy

DECIDE = load_policy().decide

FURIOUS = """
You are a bunch of idiots, I want my money back!!
THIS IS RIDICULOUS, WHERE IS MY ORDER???
Are you kidding me? This is the worst service ever!
what the hell is wrong with you people, I am furious
stupid bot, this is a joke!!!
FUCK OFF WITH YOUR ANSWERS
this is absolutely unacceptable and I am sick of waiting!
You thieves! Give me my money back now!
useless bot. I am fed up with this shit
I've had enough of you liars
your company is a total scam, this is outrageous
This is bullshit!! nobody answers and you keep sending me the same link
""".strip().splitlines()

ANGRY = """
This is ridiculous.
I am really angry about this
I'm sick of waiting for an answer
what a complete waste of time
are you even listening to me
this is unacceptable
never again shop here, honestly
you keep asking me the same thing
I have had enough
how hard can it be to send a tent
This is driving me crazy
wtf is this answer
stupid bot
you are useless
I'm fed up with your delays
The worst customer service I have ever had
still no parcel, this is the third time I ask, nobody replies
very disappointed, waited for three weeks and nobody answered
IT IS STILL NOT HERE AND I AM LOSING MY PATIENCE
for god's sake just tell me where it is
""".strip().splitlines()

CALM = """
Where is my order?
Hello! Can you help me?
I want to return a tent
My parcel has not arrived yet, could you check please?
The zip of my jacket is broken
THANK YOU SO MUCH!!!
I love this tent, it is awesome!!!
ok
Do you ship to the UK and the USA?
My order is TT-482913
DO YOU SHIP TO NORWAY
I am not angry, I just want to know where it is
Sorry, stupid question: how do I wash wool?
Is this e-mail a scam?
The stupid zip is stuck again, how do I oil it?
What is the best tent for terrible weather?
my dog is mad about this toy
this stove is damn good
The jacket is useless in heavy rain, is there a better one?
Can I cancel my order?
I would like to speak to a person
That does not answer my question
I was a bit disappointed by the colour
Do you sell a shit shovel for camping?
Is your wool jacket BS 5852 certified?
It's raining cats and dogs here!
How many days does it take?
Never mind, found it
no
No, not that one
What on the label says 40 degrees?
Please send the invoice as PDF ASAP
I got the wrong size, I ordered XL and got XXL
Wow!! That was fast, great service!
My boss is angry because the invoice is missing, can you resend it?
Please stop the newsletter
This sleeping bag, is it warm enough for -10?
holy crap that was fast, thanks!
The discount code does not work
I already sent it back last week
cheers mate, bloody brilliant boots
""".strip().splitlines()


def test_the_tables_are_long_enough_to_mean_something() -> None:
    assert len(FURIOUS) + len(ANGRY) + len(CALM) >= 60


@pytest.mark.parametrize("text", FURIOUS)
def test_furious_words_are_enough_by_themselves(text: str) -> None:
    assert anger(text) >= DECIDE.anger_at_once


@pytest.mark.parametrize("text", ANGRY)
def test_angry_words_count_towards_rising_anger(text: str) -> None:
    assert DECIDE.anger_rising <= anger(text) <= 1


@pytest.mark.parametrize("text", CALM)
def test_calm_words_are_not_taken_for_anger(text: str) -> None:
    assert anger(text) < DECIDE.anger_rising
