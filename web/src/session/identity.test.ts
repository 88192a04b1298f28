import { describe, expect, it } from "vitest";
import { parseInterests, readToken, renewDelayMs, slug, userIdFor } from "./identity";

function token(claims: object): string {
  const bytes = new TextEncoder().encode(JSON.stringify(claims));
  const body = btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  return `e30.${body}.c2ln`;
}

describe("user ids", () => {
  it("come from the name, in plain letters", () => {
    expect(slug("  Ána María O'Neill ")).toBe("ana-maria-o-neill");
    expect(userIdFor("Ana", "x1y2")).toBe("ana-x1y2");
  });

  it("exist for names without any Latin letter", () => {
    expect(userIdFor("小明", "x1y2")).toBe("user-x1y2");
    expect(userIdFor("🎷", "x1y2")).toBe("user-x1y2");
  });
});

describe("interests", () => {
  it("are separated in Latin or Chinese", () => {
    expect(parseInterests("jazz, 徒步，电影、jazz;  , tea")).toEqual(["jazz", "徒步", "电影", "tea"]);
    expect(parseInterests("  ")).toEqual([]);
  });

  it("are few and short", () => {
    const many = parseInterests(Array.from({ length: 40 }, (_, index) => `${index}${"x".repeat(100)}`).join(","));
    expect(many).toHaveLength(20);
    expect(Math.max(...many.map(({ length }) => length))).toBe(60);
  });
});

describe("readToken", () => {
  it("reads user, name and end, whatever script the name is in", () => {
    const claims = { sub: "u1", name: "小明 🎷", exp: 1_800_000_000 };
    expect(readToken(` ${token(claims)}\n`)).toEqual({ userId: "u1", name: "小明 🎷", expiresAt: 1_800_000_000_000 });
  });

  it("calls somebody without a name by the user id", () => {
    expect(readToken(token({ sub: "u1", exp: 1 }))?.name).toBe("u1");
  });

  it("refuses what names no user or no end", () => {
    for (const text of ["", "abc", "a.b.c", token({ sub: "u1" }), token({ exp: 1 }), token([])]) {
      expect(readToken(text)).toBeNull();
    }
  });
});

describe("renewDelayMs", () => {
  it("renews well before the end", () => {
    expect(renewDelayMs(3_600_000, 0)).toBe(3_300_000);
    expect(renewDelayMs(60_000, 0)).toBe(48_000);
    expect(renewDelayMs(15_000, 0)).toBe(5_000);
  });

  it("is never zero nor longer than a timer can be", () => {
    expect(renewDelayMs(0, 1_000)).toBe(2_000);
    expect(renewDelayMs(Number.MAX_SAFE_INTEGER, 0)).toBe(2_147_483_647);
  });
});
