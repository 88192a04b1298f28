import { describe, expect, it } from "vitest";
import { MAX_RETRIES, retryDelayMs } from "./retry";

describe("retryDelayMs", () => {
  it("waits as long as a rate limit says", () => {
    const error = { code: "rate_limited", message: "", retryable: true } as const;
    expect(retryDelayMs({ ...error, retryAfterMs: 1_234 }, 0)).toBe(1_234);
    expect(retryDelayMs(error, 0)).toBe(1_000);
  });

  it("shows a rate limit that would take too long, or that does not end", () => {
    const error = { code: "rate_limited", message: "", retryable: true, retryAfterMs: 60_000 } as const;
    expect(retryDelayMs(error, 0)).toBeNull();
    expect(retryDelayMs({ ...error, retryAfterMs: 10 }, MAX_RETRIES)).toBeNull();
  });

  it("tries what is retryable again, each time later", () => {
    const error = { code: "unavailable", message: "", retryable: true } as const;
    expect([0, 1, 2].map((retries) => retryDelayMs(error, retries))).toEqual([500, 1_000, 2_000]);
    expect(retryDelayMs(error, MAX_RETRIES)).toBeNull();
  });

  it("does not repeat what can not succeed", () => {
    expect(retryDelayMs({ code: "forbidden", message: "", retryable: false }, 0)).toBeNull();
  });
});
