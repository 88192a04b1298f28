import { describe, expect, it } from "vitest";
import { notice } from "./fixtures";
import { afterMedia, afterState, dismissed, fresh, FRESH_MS, noticesDeadline, told, type Notices } from "./notices";

const after = (...events: [number, Parameters<typeof told>[1]][]): Notices =>
  events.reduce<Notices>((all, [now, event]) => told(all, event, now), []);
const kinds = (notices: Notices) => notices.map(({ kind, userId }) => `${kind} ${userId}`);

describe("a notice", () => {
  it("is there once per kind and person, in its place, in the newest words", () => {
    const notices = after([0, notice("poor_uplink", "bo", "old")], [1, notice("poor_uplink", "ana")], [2, notice("poor_uplink", "bo", "new")]);
    expect(kinds(notices)).toEqual(["poor_uplink bo", "poor_uplink ana"]);
    expect(notices[0]).toMatchObject({ text: "new", at: 2 });
  });

  it("leaves 10 s after it was last told", () => {
    const notices = after([0, notice("poor_uplink", "bo")], [4_000, notice("camera_frozen", "bo")], [6_000, notice("poor_uplink", "bo")]);
    expect(noticesDeadline(notices)).toBe(4_000 + FRESH_MS);
    expect(fresh(notices, 13_999)).toBe(notices);
    expect(kinds(fresh(notices, 14_000))).toEqual(["poor_uplink bo"]);
    expect(fresh(notices, 16_000)).toEqual([]);
    expect(noticesDeadline([])).toBe(Infinity);
  });

  it("can be put away, and comes back when it is told again", () => {
    const notices = after([0, notice("poor_uplink", "bo")], [0, notice("poor_downlink", "bo")]);
    const rest = dismissed(notices, "poor_uplink bo");
    expect(kinds(rest)).toEqual(["poor_downlink bo"]);
    expect(dismissed(rest, "poor_uplink bo")).toBe(rest);
    expect(kinds(told(rest, notice("poor_uplink", "bo"), 5))).toContain("poor_uplink bo");
  });

  it("gives way to its opposite", () => {
    expect(kinds(after([0, notice("video_paused", "bo")], [1, notice("video_resumed", "bo")]))).toEqual(["video_resumed bo"]);
    expect(kinds(after([0, notice("video_paused", "ana")], [1, notice("video_resumed", "bo")]))).toHaveLength(2);
  });

  it("is one of three at most", () => {
    const all = (["poor_uplink", "poor_downlink", "camera_frozen", "one_way_audio"] as const).map((kind) => notice(kind, "bo"));
    expect(kinds(after(...all.map((one, at): [number, typeof one] => [at, one])))).toEqual([
      "poor_downlink bo", "camera_frozen bo", "one_way_audio bo",
    ]);
  });
});

describe("what is over is not shown", () => {
  const state = (userId: string, name: "joined" | "reconnecting" | "left") => ({ participants: [{ userId, state: name }] });
  const notices = after([0, notice("peer_reconnecting", "bo")], [0, notice("one_way_audio", "bo")]);

  it("when the person is back, or gone", () => {
    expect(kinds(afterState(notices, state("bo", "joined")))).toEqual(["one_way_audio bo"]);
    expect(afterState(notices, state("bo", "reconnecting"))).toBe(notices);
    expect(afterState(notices, state("ana", "joined"))).toBe(notices);
    expect(afterState(notices, state("bo", "left"))).toEqual([]);
  });

  it("when the person turned it on or off", () => {
    const muted = after([0, notice("muted_while_speaking", "bo")], [0, notice("camera_frozen", "bo")], [0, notice("video_paused", "ana")]);
    expect(kinds(afterMedia(muted, { userId: "bo", audio: true, video: true }))).toEqual(["camera_frozen bo", "video_paused ana"]);
    expect(kinds(afterMedia(muted, { userId: "bo", audio: false, video: false }))).toEqual(["muted_while_speaking bo", "video_paused ana"]);
    expect(kinds(afterMedia(notices, { userId: "bo", audio: false, video: true }))).toEqual(["peer_reconnecting bo"]);
    expect(afterMedia(muted, { userId: "cy", audio: true, video: false })).toBe(muted);
  });
});
