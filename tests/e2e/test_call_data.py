"""Data channels of a call go through the relay beside its media."""

import time

from tests.support.call_peer import CallPeer, two_in_a_call
from tests.support.server import Server


async def ready(peer: CallPeer, label: str) -> None:
    await peer.until(
        lambda: label in peer.channels and peer.channels[label].readyState == "open", 5.0, f"the channel {label}"
    )


async def until_heard(peer: CallPeer, *messages: tuple[str, str | bytes]) -> None:
    await peer.until(lambda: len(peer.messages) >= len(messages), 5.0, f"{len(messages)} messages")
    assert peer.messages == list(messages)


async def test_messages_of_data_channels_pass_in_order_while_media_flows(server: Server) -> None:
    async with two_in_a_call(server, channels=("chat",)) as (ana, ben):
        began = time.monotonic()
        for peer in (ana, ben):
            await ready(peer, "chat")
            await peer.until_media(began, 5.0)
        numbered = [("chat", f"message {number}") for number in range(200)]
        for _, message in numbered:
            ana.channels["chat"].send(message)
        ben.channels["chat"].send(b"\0" * 60_000)
        await until_heard(ben, *numbered)
        await until_heard(ana, ("chat", b"\0" * 60_000))
        # One that only Ana makes appears at Ben.
        ana.open_channel("moves")
        await ready(ana, "moves")
        ana.channels["moves"].send("e2e4")
        await ready(ben, "moves")
        await until_heard(ben, *numbered, ("moves", "e2e4"))
        assert not [name for name, value in server.metrics().items() if "sctp" in name and value]
