/** Marks a room as read while its end is on screen in a visible page. */
import { useEffect } from "react";
import type { Client } from "./client";
import type { Room } from "./room";

export function useMarkRead(client: Client, room: Room, atBottom: boolean): void {
  const { matchId, lastSeq, readSeq, joined } = room;
  useEffect(() => {
    if (!atBottom || !joined || lastSeq <= readSeq) return;
    const mark = (): void => {
      if (document.visibilityState === "visible") client.markRead(matchId);
    };
    mark();
    document.addEventListener("visibilitychange", mark);
    return () => document.removeEventListener("visibilitychange", mark);
  }, [client, matchId, lastSeq, readSeq, joined, atBottom]);
}
