/** A read-only view of the call for tests and for the console: `window.__visavisCall`. */
import type { Peer } from "./peer";
import { summarise, type Summary } from "./statistics";

export interface CallProbe {
  /** Null when no call is on. */
  stats(): Promise<Summary | null>;
  /** The ids of the devices whose tracks are sent; null sends nothing. */
  readonly sending: { microphone: string | null; camera: string | null };
  readonly connectionState: RTCPeerConnectionState | null;
  readonly localDescription: string | null;
  readonly remoteDescription: string | null;
}

function sentDevice(peer: Peer | null, kind: "audio" | "video"): string | null {
  const sender = peer?.pc.getSenders().find(({ track }) => track?.kind === kind);
  return sender?.track?.getSettings().deviceId ?? null;
}

/** What the connection counts by now; null without one. */
export async function readStatistics(peer: Peer | null): Promise<Summary | null> {
  const report = await peer?.pc.getStats();
  if (report === undefined) return null;
  const all: Record<string, unknown>[] = [];
  (report as Map<string, Record<string, unknown>>).forEach((one) => all.push(one));
  return summarise(all);
}

export function exposeProbe(peer: () => Peer | null): void {
  const probe: CallProbe = {
    stats: () => readStatistics(peer()),
    get sending() {
      return { microphone: sentDevice(peer(), "audio"), camera: sentDevice(peer(), "video") };
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
