import { describe, expect, it } from "vitest";
import { backoffMs, nextStatus, type Status, type StatusEvent } from "./status";

const after = (start: Status, ...events: StatusEvent[]) => events.reduce(nextStatus, start);
const lost: StatusEvent = { type: "lost" };
const open: StatusEvent = { type: "open" };
const connected: StatusEvent = { type: "connected" };

describe("connection status", () => {
  it("is connecting until the first success, then reconnecting after a loss", () => {
    expect(after("idle", open, lost, lost)).toBe("connecting");
    expect(after("idle", open, connected, lost, lost)).toBe("reconnecting");
    expect(after("idle", open, connected, lost, connected)).toBe("online");
  });

  it("is offline while the device has no network", () => {
    const off: StatusEvent = { type: "network", online: false };
    expect(after("online", off, lost)).toBe("offline");
    expect(after("online", off, { type: "network", online: true })).toBe("reconnecting");
    expect(after("online", { type: "network", online: true })).toBe("online");
  });

  it("stays ended until a person acts", () => {
    for (const end of ["auth_expired", "closed"] as const) {
      expect(after("online", { type: end }, lost, { type: "network", online: false })).toBe(end);
      expect(after("online", { type: end }, open)).toBe("connecting");
    }
  });
});

describe("backoffMs", () => {
  it("grows and stays bounded", () => {
    expect([-1, 0, 1, 2, 3, 4, 20].map(backoffMs)).toEqual([1_000, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
  });
});
