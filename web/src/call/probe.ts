/** A read-only view of the call for tests and for the console: `window.__visavisCall`. */
import type { Peer } from "./peer";
import { summarise, type Summary } from "./statistics";

export interface CallProbe {
  /** Null when no call is on. */
  stats(): Promise<Summary | null>;
  readonly connectionState: RTCPeerConnectionState | null;
  readonly localDescription: string | null;
  readonly remoteDescription: string | null;
}

export function exposeProbe(peer: () => Peer | null): void {
  const probe: CallProbe = {
    stats: async () => {
      const report = await peer()?.pc.getStats();
      if (report === undefined) return null;
      const all: Record<string, unknown>[] = [];
      (report as Map<string, Record<string, unknown>>).forEach((one) => all.push(one));
      return summarise(all);
    },
    get connectionState() {
      return peer()?.pc.connectionState ?? null;
    },
    get localDescription() {
      return peer()?.pc.localDescription?.sdp ?? null;
    },
    get remoteDescription() {
      return peer()?.pc.remoteDescription?.sdp ?? null;
    },
  };
  Object.defineProperty(window, "__visavisCall", { value: Object.freeze(probe), configurable: true });
}
