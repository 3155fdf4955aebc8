"""Crowds that a record knows before its service starts: returning customers, and agents who are signed in already.

Making so many over the sockets and over REST takes far longer than what is measured.
"""

from __future__ import annotations

from datetime import UTC, datetime

from bench.service import PASSWORD, SECRET
from bot.channels.web import INBOX
from bot.visitors import Visitors
from handover.accounts import Accounts, Passwords
from handover.backends import open_backends
from handover.backends.records_sql.accounts import SqlAccounts
from handover.clock import SystemClock
from handover.conversation import Control, Conversation, Lifecycle
from handover.desk_change import first_stretch
from handover.entries import Author, AuthorKind, ConversationId, CustomerId, Entry, EntryKind
from handover.ports import Transaction
from handover.stored import Customer

_GREETING = "Hi, I am the automated assistant of this shop. I am an AI, not a person; ask for a person at any time."


async def make_regulars(record: str, count: int) -> list[tuple[str, str]]:
    """Write ``count`` customers, each with a conversation the bot has greeted them in; their tokens and conversations.

    ``record`` is a DATABASE_URL; no service may have it open. The tokens are good at one of `bench.service`.
    """
    visitors = Visitors(SECRET.encode(), clock=SystemClock())
    async with open_backends(record) as backends, backends.records.transaction() as tx:
        made = [await _one(tx, number) for number in range(count)]
    return [(visitors.token_for(one.customer), one.id) for one in made]


async def make_agents(record: str, count: int, *, capacity: int = 8) -> list[str]:
    """Write ``count`` agents and a login of each; their bearer tokens. Their passwords are hashed cheaply.

    ``record`` as above. A service that finds agents makes no account by itself: there is no admin.
    """
    async with open_backends(record) as backends:
        accounts = Accounts(
            SqlAccounts(backends.records), backends.live, SystemClock(), passwords=Passwords(memory_kib=64)
        )
        tokens = []
        for number in range(count):
            email = f"agent{number}@desk.example"
            await accounts.add(email=email, name=f"Agent {number}", password=PASSWORD, capacity=capacity)
            _, token, _ = await accounts.sign_in(email, PASSWORD, f"127.1.{number // 250}.{number % 250}")
            tokens.append(token)
        return tokens


async def _one(tx: Transaction, number: int) -> Conversation:
    at = datetime.now(UTC)
    customer = Customer(CustomerId(f"regular{number:08d}"))
    new = Conversation(
        id=ConversationId(f"{number:032x}"), inbox=INBOX, customer=customer.id, lifecycle=Lifecycle.ACTIVE,
        control=Control.BOT, epoch=1, last_offset=1, last_customer_offset=0, created_at=at, changed_at=at,
    )  # fmt: skip
    await tx.people.add_customer(customer, at)
    await tx.conversations.insert(new)
    await tx.conversations.begin_stretch(first_stretch(new, "start", "customer", at))
    greeting = Entry(
        conversation=new.id, offset=1, author=Author(AuthorKind.BOT, "Juniper"), kind=EntryKind.MESSAGE,
        text=_GREETING, at=at, epoch=1,
    )  # fmt: skip
    await tx.entries.insert(greeting, inbox=INBOX)
    return new
