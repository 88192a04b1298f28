import { describe, expect, it } from "vitest";
import type { ErrorBody } from "../session/wire";
import {
  enqueue, markSending, nextWaitMs, parseOutbox, refuse, requeue, retry, sendable, settle, type Outbox,
} from "./outbox";

const draft = (clientId: string, matchId = "room") => ({
  clientId, matchId, content: `text ${clientId}`, createdAt: "2026-01-05T10:00:00.000Z",
});
const ids = (outbox: Outbox) => outbox.map(({ clientId }) => clientId);
const limited: ErrorBody = { code: "rate_limited", message: "slow down", retryable: true, retryAfterMs: 700 };
const refused: ErrorBody = { code: "too_large", message: "too long", retryable: false };

describe("outbox", () => {
  it("sends one message at a time in each room, oldest first", () => {
    let outbox: Outbox = [];
    for (const [id, room] of [["a", "x"], ["b", "x"], ["c", "y"]] as const) outbox = enqueue(outbox, draft(id, room));
    expect(ids(sendable(outbox, 0))).toEqual(["a", "c"]);
    outbox = markSending(outbox, "a");
    expect(ids(sendable(outbox, 0))).toEqual(["c"]);
    outbox = settle(outbox, "a");
    expect(ids(sendable(outbox, 0))).toEqual(["b", "c"]);
  });

  it("waits as long as a rate limit says, and keeps later messages behind", () => {
    let outbox = enqueue(enqueue([], draft("a")), draft("b"));
    outbox = refuse(markSending(outbox, "a"), "a", limited, 1_000);
    expect(outbox[0]).toMatchObject({ state: "queued", clientId: "a", notBefore: 1_700 });
    expect(sendable(outbox, 1_699)).toEqual([]);
    expect(nextWaitMs(outbox, 1_000)).toBe(700);
    expect(ids(sendable(outbox, 1_700))).toEqual(["a"]);
    expect(nextWaitMs(outbox, 1_700)).toBeNull();
  });

  it("shows a refusal that another try can not help, and goes on with the next", () => {
    let outbox = enqueue(enqueue([], draft("a")), draft("b"));
    outbox = refuse(markSending(outbox, "a"), "a", refused, 0);
    expect(outbox[0]).toMatchObject({ state: "failed", error: refused });
    expect(ids(sendable(outbox, 0))).toEqual(["b"]);
  });

  it("gives up after some tries and starts afresh when a person says so", () => {
    let outbox = enqueue([], draft("a"));
    for (let now = 0; now < 20 && outbox[0]?.state !== "failed"; now += 1) {
      outbox = refuse(markSending(outbox, "a"), "a", limited, now);
    }
    expect(outbox[0]?.state).toBe("failed");
    const again = retry(outbox, "a")[0];
    expect(again).toMatchObject({ state: "queued", retries: 0, notBefore: 0, clientId: "a" });
    expect(again).not.toHaveProperty("error");
  });

  it("queues again under the same clientId what was under way when the connection went", () => {
    const outbox = requeue(markSending(enqueue([], draft("a")), "a"));
    expect(ids(sendable(outbox, 0))).toEqual(["a"]);
  });

  it("is the same object when an unknown message is settled", () => {
    const outbox = enqueue([], draft("a"));
    expect(settle(outbox, "other")).toBe(outbox);
  });
});

describe("parseOutbox", () => {
  it("takes up what an earlier page left", () => {
    const left = refuse(markSending(enqueue(enqueue([], draft("a")), draft("b")), "a"), "a", refused, 0);
    const read = parseOutbox(JSON.stringify(markSending(left, "b")));
    expect(read.map(({ clientId, state }) => [clientId, state])).toEqual([["a", "failed"], ["b", "queued"]]);
    expect(read[0]?.error).toEqual(refused);
  });

  it("is empty for anything else", () => {
    for (const text of [null, "", "{", "{}", "null", '[null, 1, {"clientId": 1}]']) expect(parseOutbox(text)).toEqual([]);
  });
});
