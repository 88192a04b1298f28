/** What the connection bar says, as a function of what happened to the socket. */

export type Status = "idle" | "connecting" | "online" | "reconnecting" | "offline" | "auth_expired" | "closed";

export type StatusEvent =
  | { type: "open" }
  | { type: "connected" }
  /** The socket closed or an attempt failed; it is tried again. */
  | { type: "lost" }
  | { type: "auth_expired" }
  /** The server said not to come back (`connection_closing` with `reconnect: "never"`). */
  | { type: "closed" }
  | { type: "network"; online: boolean };

export function nextStatus(status: Status, event: StatusEvent): Status {
  switch (event.type) {
    case "open":
      return status === "online" ? status : "connecting";
    case "connected":
      return "online";
    case "auth_expired":
      return "auth_expired";
    case "closed":
      return "closed";
    case "lost":
      // "connecting" until the first success, so that a slow start does not look like a loss.
      return status === "online" ? "reconnecting" : status;
    case "network":
      if (!event.online) return status === "auth_expired" || status === "closed" ? status : "offline";
      return status === "offline" ? "reconnecting" : status;
  }
}

/** Waits 1, 2, 4 ... at most 15 s between attempts that the page makes itself. */
export function backoffMs(attempt: number): number {
  return Math.min(1_000 * 2 ** Math.max(attempt, 0), 15_000);
}
