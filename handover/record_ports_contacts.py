"""What the record keeps of contacts: customers whom an agent knows to be one person, and who said so when."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from handover.entries import CustomerId
from handover.stored import ConversationRow, Customer


@dataclass(frozen=True, slots=True)
class KnownAs:
    """One way a platform knows a customer. ``also`` are further ids of the same person there."""

    inbox: str
    external_id: str
    name: str | None = None
    blocked: bool = False
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """A customer with all that tells them apart. ``inboxes`` are those they have a conversation in.

    ``last_at`` is when one of their conversations last changed; None when they have none.
    """

    customer: Customer
    contact: str | None = None
    identities: tuple[KnownAs, ...] = ()
    inboxes: tuple[str, ...] = ()
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ContactDeed:
    """An agent joined or split customers. ``one`` and ``others`` are the two sides as they were before a join.

    Of a split ``one`` is the customer who was taken out and ``others`` are those who stayed.
    """

    id: str
    deed: Literal["joined", "split"]
    agent: str
    at: datetime
    contact: str
    one: tuple[CustomerId, ...]
    others: tuple[CustomerId, ...]


class Contacts(Protocol):
    """Who is one person. A customer is in at most one contact, and a contact has at least two members."""

    async def lock(self) -> None:
        """Wait for other transactions that change contacts; until the end of this one they wait for us."""
        ...

    async def contact_of(self, customer: CustomerId) -> str | None: ...

    async def members(self, contact: str) -> list[CustomerId]:
        """In the order of their ids."""
        ...

    async def put(self, contact: str, customers: Collection[CustomerId]) -> None:
        """They belong to ``contact``, whatever they belonged to before."""
        ...

    async def take_out(self, customers: Collection[CustomerId]) -> None:
        """They belong to no contact any more."""
        ...

    async def keep_deed(self, deed: ContactDeed) -> None: ...

    async def deeds(self, customers: Collection[CustomerId], limit: int) -> list[ContactDeed]:
        """The newest ones that concern any of ``customers``, the newest first."""
        ...

    async def known(self, customers: Collection[CustomerId]) -> list[Known]:
        """In the order of their ids; who does not exist is left out."""
        ...

    async def conversations(self, customers: Collection[CustomerId], limit: int) -> Sequence[ConversationRow]:
        """Those of all of them: first what is not resolved, and of each kind the last changed first."""
        ...

    async def find(self, query: str, limit: int) -> list[CustomerId]:
        """Customers whose name, address or id on a platform contains ``query`` as it is written, the newest first.

        Capital letters make no difference; a wildcard of the database is a letter like others.
        """
        ...
