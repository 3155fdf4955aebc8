"""The order of writers: one at a time, first come first served, and many in one round of the loop."""

import asyncio
import random

from handover.backends.records_sql.order import Order


async def test_one_at_a_time_and_in_order() -> None:
    order, seen, inside = Order(), list[int](), 0

    async def one(number: int) -> None:
        nonlocal inside
        async with order:
            inside += 1
            assert inside == 1
            if number % 3 == 0:  # a commit, say
                for _ in range(number % 5):
                    await asyncio.sleep(0)
            seen.append(number)
            inside -= 1

    await asyncio.gather(*(one(number) for number in range(100)))
    assert seen == list(range(100))


async def test_who_waits_for_nothing_while_holding_it_costs_no_round() -> None:
    order, done, rounds = Order(), 0, 0
    stop = asyncio.Event()

    async def one() -> None:
        nonlocal done
        async with order:
            done += 1

    async def commit() -> None:
        async with order:
            await stop.wait()

    holding = asyncio.create_task(commit())
    await asyncio.sleep(0)
    others = [asyncio.create_task(one()) for _ in range(64)]
    await asyncio.sleep(0)
    assert done == 0
    stop.set()
    while done < 64:
        await asyncio.sleep(0)
        rounds += 1
    assert rounds <= 10, "not one for each of them"
    await asyncio.gather(holding, *others)


async def test_whatever_is_cancelled_nobody_is_left_waiting_and_nobody_overtakes() -> None:
    dice = random.Random(11)
    for _ in range(150):
        order, seen, inside = Order(), list[int](), 0

        async def one(number: int, steps: int, order: Order, seen: list[int]) -> None:
            nonlocal inside
            async with order:
                inside += 1
                try:
                    assert inside == 1
                    seen.append(number)
                    for _ in range(steps):
                        await asyncio.sleep(0)
                finally:
                    inside -= 1

        tasks = [asyncio.create_task(one(n, dice.choice((0, 0, 0, 1, 3)), order, seen)) for n in range(40)]
        while not all(task.done() for task in tasks):
            if dice.random() < 0.5:
                dice.choice(tasks).cancel()
            await asyncio.sleep(0)
        assert all(task.cancelled() or task.exception() is None for task in tasks)
        assert seen == sorted(seen)
        await asyncio.wait_for(one(100, 1, order, seen), 60)


async def test_a_holder_that_fails_gives_it_back() -> None:
    order = Order()

    async def fails() -> None:
        async with order:
            raise LookupError

    await asyncio.gather(fails(), fails(), return_exceptions=True)
    async with order:
        pass
