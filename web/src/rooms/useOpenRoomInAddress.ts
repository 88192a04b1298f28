/** Keeps the open room in the address, so that reloading and the browser's back button do what one expects. */
import { useEffect } from "react";
import type { Client } from "./client";

const PREFIX = "#/chat/";

function roomInAddress(): string | null {
  const { hash } = window.location;
  if (!hash.startsWith(PREFIX)) return null;
  try {
    return decodeURIComponent(hash.slice(PREFIX.length));
  } catch {
    return null;
  }
}

/** Entries that this page made; going back from any other would leave it. */
function isOurs(state: unknown): boolean {
  return (state as { visavis?: boolean } | null)?.visavis === true;
}

export function useOpenRoomInAddress(client: Client, openId: string | null): void {
  useEffect(() => {
    const follow = (): void => {
      const wanted = roomInAddress();
      if (wanted === client.store.get().openId) return;
      if (wanted === null) client.close();
      else client.open(wanted);
    };
    follow();
    window.addEventListener("popstate", follow);
    return () => window.removeEventListener("popstate", follow);
  }, [client]);

  useEffect(() => {
    // What the store holds now: an effect above may have opened the room of the address just before.
    const open = client.store.get().openId;
    const there = roomInAddress();
    if (open === there) return;
    const bare = window.location.pathname + window.location.search;
    if (open === null) {
      if (isOurs(history.state)) history.back();
      else history.replaceState(null, "", bare);
    } else if (there === null) {
      history.pushState({ visavis: true }, "", `${bare}${PREFIX}${encodeURIComponent(open)}`);
    } else {
      history.replaceState(history.state, "", `${bare}${PREFIX}${encodeURIComponent(open)}`);
    }
  }, [client, openId]);
}
