"""What an operator sees of a short chat: numbers in /metrics, and nothing personal in the log."""

import json
import re
from pathlib import Path

import pytest

from tests.e2e.people import a_pair, send
from tests.support.client import ChatClient, Refused, connected
from tests.support.server import Server, StartServer, serving

ROOT = Path(__file__).resolve().parents[2]
_ADDRESS = re.compile(r"\b\d{1,3}(\.\d{1,3}){3}\b")
_CREDENTIAL = re.compile(r"eyJ[\w-]+\.")


async def chat(server: Server) -> None:
    """Two messages, one of them sent twice, help for one person, and a refusal of each of three kinds."""
    async with a_pair(server) as pair:
        await pair.ana.ok("join_chat", {"matchId": pair.match_id})
        await send(pair.ana, pair.match_id, "meet me at the harbour", clientId="c1")
        await send(pair.ana, pair.match_id, "meet me at the harbour", clientId="c1")
        await send(pair.ben, pair.match_id, "at noon")
        await pair.ana.ok("request_ai_help")
        await pair.ana.refused("send_message", {"content": ""})
        await pair.ana.refused("dance", {})
        with pytest.raises(Refused):
            await ChatClient.open(server.url, token="no token at all")
        assert server.metrics()["websocket_connections"] == 4


async def test_a_short_chat_is_counted(server: Server) -> None:
    before = server.metrics()
    await chat(server)
    after = server.metrics()
    grown = {name: value - before.get(name, 0.0) for name, value in after.items() if value != before.get(name, 0.0)}
    assert grown["messages_total"] == 2
    assert after["websocket_connections"] == 0
    rejected = {name: value for name, value in grown.items() if name.startswith("rejected_total")}
    kinds = ("invalid", "unknown_event", "bad_token")
    assert rejected == {f'rejected_total{{kind="{kind}"}}': 1.0 for kind in kinds}
    assert grown['events_total{event="send_message",outcome="ok"}'] == 3
    assert grown['events_total{event="send_message",outcome="invalid"}'] == 1
    assert grown['connections_closed_total{reason="client_left"}'] == 4
    assert grown["store_commit_seconds_count"] >= 2
    latency = [name for name in grown if name.startswith("ai_processing_latency_seconds_count")]
    assert any('capability="icebreaker"' in name and 'provider="builtin"' in name for name in latency), latency


async def test_the_online_rate_is_users_online_by_users_seen_in_a_day(server: Server) -> None:
    assert server.metrics()["user_online_rate"] == 0
    async with a_pair(server) as pair:
        assert server.metrics()["user_online_rate"] == 1
        assert server.metrics()["users_online"] == 2
        await pair.ben.close()
        await pair.ben_too.close()
        await pair.ana.wait_for("presence", lambda told: not told["online"], within_s=15)
        assert server.metrics()["user_online_rate"] == 0.5


async def test_every_series_of_the_reference_is_there_and_no_other(server: Server) -> None:
    await chat(server)
    documented = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "metrics.md").read_text(), re.MULTILINE))
    shown = set(re.findall(r"^# TYPE (\w+) ", server.text("/metrics"), re.MULTILINE))
    assert documented == shown
    rules = (ROOT / "deploy" / "prometheus" / "rules.yml").read_text()
    used = set(re.findall(r"\b(\w+_total|\w+_seconds)(?:_bucket)?\[|\b(\w+_seconds)_bucket\b", rules))
    assert {name for pair in used for name in pair if name} <= shown


async def test_health_and_readiness_answer(server: Server) -> None:
    assert server.get("/healthz")["status"] == "ok"
    assert server.get("/readyz") == {
        "status": "ready",
        "checks": {"database": {"ok": True}, "signalling": {"ok": True}},
    }


@pytest.mark.parametrize("log_format", ["plain", "json"])
async def test_the_log_names_nobody_and_quotes_nothing(start_server: StartServer, log_format: str) -> None:
    server = start_server(env={"VISAVIS_MONITORING__LOG_FORMAT": log_format})
    async with a_pair(server) as pair:
        token = server.dev_token(pair.ana_id, name="Annabella Secret-Name")
        secrets = [token, "Annabella", "harbour", "Zürich", "hunter2", pair.ana_id, pair.ben_id]
        async with connected(server.url, token=token) as client:
            sent = await send(client, pair.match_id, "meet me at the harbour in Zürich")
            await client.ok("edit_message", {"messageId": sent["messageId"], "content": "in Zürich"})
            await client.refused("send_message", {"matchId": pair.match_id, "content": "harbour " * 1000})
            await client.refused("send_message", {"matchId": pair.match_id, "content": {"harbour": "Zürich"}})
            await client.refused("harbour", {"password": "hunter2"})
            await client.ok("request_ai_help", {"matchId": pair.match_id, "draft": "the harbour"})
        with pytest.raises(Refused):
            await ChatClient.open(server.url, token=f"{token}hunter2")
    server.stop()
    assert "inputs refused" in server.log
    assert [secret for secret in secrets if secret in server.log] == []
    assert _ADDRESS.search(server.log) is None
    assert _CREDENTIAL.search(server.log) is None
    first, *lines = server.log.splitlines()
    assert "development mode" in first.lower()
    for line in lines:
        assert json.loads(line)["level"] if log_format == "json" else " INFO " in line


def test_the_ready_line_alone_is_on_standard_output(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.stop()
        assert server.process.stdout is not None
        assert server.process.stdout.read() == ""
