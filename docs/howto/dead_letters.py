"""Print the newest dead letters of a district: `python docs/howto/dead_letters.py DATA [N]`."""  # noqa: INP001 - a script beside its page, no package

import asyncio
import json
import sys
from base64 import b64decode
from pathlib import Path

import nats
from nats.js.errors import NotFoundError

from borough.app.settings import Settings


async def newest(settings: Settings, many: int) -> list[dict[str, str]]:
    """Read the last *many* messages of the stream DEAD, oldest first."""
    secrets = json.loads((settings.folder / "bus" / "secrets.json").read_text("utf-8"))
    address = f"nats://{settings.host}:{settings.bus_port}"
    bus = await nats.connect(address, user="borough", password=secrets["borough"])
    try:
        streams = bus.jetstream()
        last = (await streams.stream_info("DEAD")).state.last_seq
        found = []
        for number in range(max(1, last - many + 1), last + 1):
            try:
                letter = await streams.get_msg("DEAD", number)
            except NotFoundError:  # too old: no longer kept
                continue
            found.append(json.loads(letter.data or b"{}"))
        return found
    finally:
        await bus.close()


def main() -> None:
    """Write one line a letter: the reason, the topic, what was wrong, and what was said."""
    data, many = Path(sys.argv[1]), int(sys.argv[2]) if sys.argv[2:] else 20
    for each in asyncio.run(newest(Settings.read(data.resolve()), many)):
        said = b64decode(each["payload"])[:60]
        topic = each["subject"].replace(".", "/")
        sys.stdout.write(f"{each['reason']:<18}{topic:<48}{each['detail']:<40}{said!r}\n")


if __name__ == "__main__":
    main()
