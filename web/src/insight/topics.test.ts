import { describe, expect, it } from "vitest";
import { topic } from "./fixtures";
import {
  agedTopics, closed, heardTalk, NO_TOPICS, offered, OPEN_MS, SMALL_MS, TALK_MS, topicsDeadline, used, wavedAway,
} from "./topics";

const open = offered(NO_TOPICS, topic("p1"), 1_000);

describe("a topic", () => {
  it("opens, and the next one takes its place", () => {
    expect(open.card).toMatchObject({ prompt: { promptId: "p1" }, size: "open", since: 1_000 });
    expect(offered(open, topic("p1"), 2_000)).toBe(open);
    expect(offered(open, topic("p2"), 2_000).card?.prompt.promptId).toBe("p2");
  });

  it("leaves after 20 s of talk, however long they take", () => {
    const talked = Array.from({ length: 39 }).reduce<typeof open>((topics) => heardTalk(topics, 500), open);
    expect(talked.card?.talkedMs).toBe(TALK_MS - 500);
    expect(heardTalk(talked, 0)).toBe(talked);
    expect(heardTalk(talked, 500).card).toBeNull();
  });

  it("leaves after 60 s of silence", () => {
    expect(topicsDeadline(open)).toBe(1_000 + OPEN_MS);
    expect(agedTopics(open, 60_999)).toBe(open);
    expect(agedTopics(open, 61_000)).toMatchObject({ card: null, over: false });
    expect(topicsDeadline(NO_TOPICS)).toBe(Infinity);
  });
});

describe("a topic that is used", () => {
  const small = used(open, 5_000);

  it("stays small for a while, whatever is said", () => {
    expect(small.card).toMatchObject({ size: "small", since: 5_000 });
    expect(heardTalk(small, TALK_MS)).toBe(small);
    expect(agedTopics(small, 5_000 + SMALL_MS - 1)).toBe(small);
    expect(agedTopics(small, 5_000 + SMALL_MS).card).toBeNull();
  });

  it("is used once, can be put away, and does not come again", () => {
    expect(used(small, 6_000)).toBe(small);
    expect(offered(closed(small), topic("p1"), 9_000).card).toBeNull();
    expect(offered(closed(small), topic("p2"), 9_000).card).not.toBeNull();
  });
});

it("a topic that is waved away is the last one of its call", () => {
  const away = wavedAway(open);
  expect(away).toMatchObject({ card: null, over: true });
  expect(offered(away, topic("p2"), 9_000)).toBe(away);
});

it("without a topic nothing can be done with it", () => {
  for (const act of [closed, wavedAway, (none: typeof NO_TOPICS) => used(none, 1), (none: typeof NO_TOPICS) => heardTalk(none, 9)]) {
    expect(act(NO_TOPICS)).toBe(NO_TOPICS);
  }
});
