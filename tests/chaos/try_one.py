import asyncio, sys, tempfile
from pathlib import Path
from tests.chaos.episode import Episode, play


async def main():
    ep = Episode(
        "try",
        seconds=float(sys.argv[1]),
        faults={k: 1.0 for k in sys.argv[2].split(",") if k},
        gap=float(sys.argv[3]) if len(sys.argv) > 3 else 1.5,
        bug=sys.argv[4] if len(sys.argv) > 4 else None,
    )
    folder = Path(tempfile.mkdtemp(prefix="chaos"))
    print(folder)
    out = await play(ep, 1, folder)
    print(out.kills, out.crashes, out.faults)
    print(out.counts)
    print(round(out.seconds, 1))
    for v in out.violations[:25]:
        print(v)
    print(len(out.violations))


if __name__ == "__main__":
    asyncio.run(main())
