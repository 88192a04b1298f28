"""What an operator's own Prometheus shows of a real server: the promised series by their names, without a complaint."""

import asyncio
from pathlib import Path

import pytest

from tests.e2e.people import a_pair, send
from tests.support.call_peer import two_in_a_call
from tests.support.prometheus import RULES, Prometheus, prometheus, promtool
from tests.support.server import Server

pytestmark = [pytest.mark.needs("prometheus"), pytest.mark.timeout(120)]
MESSAGES = 12
HELP_MS = 10_000.0  # the largest bucket of ai_processing_latency_seconds


def test_promtool_is_content_with_the_recording_rules() -> None:
    assert "SUCCESS: 2 rules found" in promtool("check", "rules", str(RULES))


async def a_short_call(server: Server, sees: Prometheus) -> None:
    """Its scores are there, and nearly all of loopback's are good ones."""
    async with two_in_a_call(server) as (ana, ben):
        await ana.client.wait_for_count("call_quality", 5, within_s=20)
        await sees.until('sum by (direction) (call_mos_count{direction=~"up|down"})', lambda count: count >= 4)
        await sees.until("calls_active", lambda count: count == 1)
        await ana.client.ok("end_call", {"callId": ana.call_id})
        await ben.client.wait_for("call_ended")
    await sees.until("calls_active", lambda count: count == 0)
    mean = await sees.until("sum(call_mos_sum) / sum(call_mos_count)", lambda mos: 1 <= mos <= 4.5)
    assert len(mean) == 1


async def test_prometheus_shows_the_promised_series_of_a_chat_and_a_call(server: Server, tmp_path: Path) -> None:
    with prometheus(tmp_path / "prometheus", f"127.0.0.1:{server.port}") as sees:
        await sees.until("up", lambda up: up == 1)
        await sees.until("websocket_connections", lambda count: count == 0)
        async with a_pair(server) as pair:
            await sees.until("websocket_connections", lambda count: count == 4)
            await sees.until("user_online_rate", lambda rate: rate == 1)
            # A rate is between two scrapes: the first request makes the series, the others its growth.
            await pair.ana.ok("request_ai_help", {"matchId": pair.match_id})
            await pair.ana.wait_for("ai_suggestion")
            await sees.scrapes(2)
            for number in range(MESSAGES):
                await send(pair.ana, pair.match_id, f"message {number}")
            await pair.ben.ok("request_ai_help", {"matchId": pair.match_id})
            await pair.ben.wait_for("ai_suggestion")
            (rate,) = await sees.until("messages_per_second", lambda rate: rate > 0)
            assert rate[0] == {"__name__": "messages_per_second"}
            assert rate[1] <= MESSAGES
            latency = await sees.until("ai_processing_latency >= 0", lambda ms: 0 < ms <= HELP_MS)
            assert {"builtin"} == {labels["provider"] for labels, _ in latency}
        await sees.until("websocket_connections", lambda count: count == 0)
        await a_short_call(server, sees)
        # No scrape has failed, and no rule.
        assert [value for _, value in sees.query("min_over_time(up[1h])")] == [1.0]
        (target,) = sees.get("targets", state="active")["activeTargets"]
        assert (target["health"], target["lastError"]) == ("up", "")
        rules = [rule for group in sees.get("rules")["groups"] for rule in group["rules"]]
        assert {rule["name"]: rule["health"] for rule in rules} == {
            "messages_per_second": "ok",
            "ai_processing_latency": "ok",
        }
        # After a call every kind of series has been set; the linter reads names, types and help of all.
        text = await asyncio.to_thread(server.text, "/metrics")
        promtool("check", "metrics", text=text)
        assert sees.log == ""
