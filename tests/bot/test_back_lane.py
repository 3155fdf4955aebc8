"""Work in the back lane gives way, ends as it would elsewhere, and is cancelled as it would be elsewhere."""

import asyncio

import pytest

from bot.back_lane import BackLane, Gate
from tests.support.turn_taker import breathe


async def test_what_is_ready_goes_before_each_slice() -> None:
    lane, seen = BackLane(), list[str]()

    async def bot(name: str) -> None:
        for step in range(3):
            await asyncio.sleep(0)
            seen.append(f"{name}{step}")

    async def person() -> None:
        for step in range(6):  # so many steps has the way of a message
            await asyncio.sleep(0)
            seen.append(f"person{step}")

    slow = [asyncio.create_task(lane.slices(bot(name))) for name in "abcdefgh"]
    await asyncio.gather(person())
    assert len([one for one in seen if not one.startswith("person")]) <= 6, "one slice of all of them in a round"
    await asyncio.gather(*slow)
    assert len(seen) == 6 + 8 * 3


async def test_a_long_line_is_served_faster() -> None:
    lane, rounds = BackLane(), 0
    waiting = [asyncio.create_task(lane.turn()) for _ in range(320)]
    while not all(one.done() for one in waiting):
        await asyncio.sleep(0)
        rounds += 1
    assert rounds < 80


async def test_the_lane_serves_in_order_and_those_who_gave_up_hold_nobody_up() -> None:
    lane, seen = BackLane(), list[int]()

    async def one(number: int) -> None:
        await lane.turn()
        seen.append(number)

    tasks = [asyncio.create_task(one(number)) for number in range(6)]
    await asyncio.sleep(0)
    for number in (0, 2, 3):
        tasks[number].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert seen == [1, 4, 5]


async def test_results_and_failures_come_out_as_they_are() -> None:
    lane = BackLane()

    async def answer(fails: bool) -> str:
        async with asyncio.timeout(60):
            await asyncio.sleep(0)
            if fails:
                raise LookupError("nothing there")
        return "here"

    assert await lane.slices(answer(False)) == "here"
    with pytest.raises(LookupError, match="nothing there"):
        await lane.slices(answer(True))


async def test_a_failure_of_what_is_waited_for_is_raised_where_it_was_waited_for() -> None:
    lane = BackLane()
    broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def catches() -> str:
        try:
            await broken
        except OSError as why:
            return f"caught {why}"
        return "nothing to catch"

    task = asyncio.create_task(lane.slices(catches()))
    await breathe()
    broken.set_exception(OSError("hung up"))
    assert await task == "caught hung up"


@pytest.mark.parametrize("in_line", [False, True])
async def test_a_cancellation_reaches_the_work_itself(in_line: bool) -> None:
    lane, seen = BackLane(), list[str]()
    something = asyncio.Event()

    async def work() -> None:
        try:
            await something.wait()
        except asyncio.CancelledError:
            seen.append("cancelled")
            await asyncio.sleep(0)  # what it does last gives way, too
            raise
        finally:
            seen.append("tidied")

    task = asyncio.create_task(lane.slices(work()))
    await breathe()
    if in_line:  # what it waited for has come, and it waits for its turn
        others = [asyncio.create_task(lane.turn()) for _ in range(8)]
        await asyncio.sleep(0)
        something.set()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(*others)
    else:
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == ["cancelled", "tidied"]
    await asyncio.wait_for(lane.turn(), 60)  # nobody is left in the way


async def test_a_time_limit_inside_the_work_holds() -> None:
    lane = BackLane()

    async def late() -> None:
        async with asyncio.timeout(0.01):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await lane.slices(late())


async def test_a_gate_has_so_many_places_and_each_is_taken_in_the_lane() -> None:
    lane, inside, most = BackLane(), 0, 0
    gate = Gate(lane, 2)

    async def one(fails: bool) -> None:
        nonlocal inside, most
        async with gate:
            inside += 1
            most = max(most, inside)
            for _ in range(4):
                await asyncio.sleep(0)
            inside -= 1
            if fails:
                raise LookupError

    tasks = [asyncio.create_task(one(number % 3 == 0)) for number in range(12)]
    await asyncio.sleep(0)
    for number in (0, 5):  # one of them waits in the lane, the other for a place
        tasks[number].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert (inside, most) == (0, 2)
    await asyncio.wait_for(one(False), 60)
