"""A process to be killed: writes as fast as it can and tells its parent what was acknowledged.

One line for each acknowledged write, sent after the store returned: `append <id> <seq>`, `edit <id> <version>`,
`delete <id> <version>`. Started as `python -m tests.contract.appender FOLDER ROUND`.
"""

import asyncio
import os
import sys
from pathlib import Path

from rooms.model import Match
from tests.contract.stores import Stores, new_message, sqlite_stores

WORKERS = 20


def tell(line: str) -> None:
    """Past every buffer of this process: what was written is with the parent even when we die now."""
    os.write(1, f"{line}\n".encode())


async def work(stores: Stores, round_no: int, worker: int) -> None:
    for number in range(1_000_000):
        message_id = f"r{round_no}-w{worker}-{number}"
        message = new_message(number, message_id=message_id, client_id=message_id, content=f"text of {message_id}")
        appended = await stores.messages.append(message)
        tell(f"append {message_id} {appended.message.seq}")
        if number % 5 == 1:
            edited = await stores.messages.edit(message_id, f"edited {message_id}", now_ms=1)
            assert edited is not None
            tell(f"edit {message_id} {edited.version}")
        elif number % 5 == 2:
            deleted = await stores.messages.delete(message_id, now_ms=1)
            assert deleted is not None
            tell(f"delete {message_id} {deleted.version}")


async def main(folder: Path, round_no: int) -> None:
    async with sqlite_stores(folder) as stores:
        await stores.relations.create_match(Match("m1", "pair", ("u1", "u2"), 1))
        await asyncio.gather(*(work(stores, round_no, worker) for worker in range(WORKERS)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
