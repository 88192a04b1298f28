/** Why a microphone or a camera can not be used, in the few kinds that a person can act on. */
import type { StringKey } from "../ui/strings";

export type MediaKind = "microphone" | "camera";

/**
 * `denied`: by the person, the browser or the system; `missing`: there is none; `inUse`: another program
 * has it; `insecure`: the page did not come over HTTPS, so that browsers hide all devices.
 */
export type MediaFault = "denied" | "missing" | "inUse" | "insecure";

/** From the name of the DOMException that `getUserMedia` throws (Media Capture 10.2). */
export function faultOf(error: unknown): MediaFault {
  const name = (error as { name?: unknown } | null)?.name;
  switch (name) {
    case "NotAllowedError":
      return "denied";
    case "NotReadableError":
    case "AbortError":
      return "inUse";
    case "NotFoundError":
    case "OverconstrainedError":
      return "missing";
    default:
      return "insecure";
  }
}

const TEXTS: Record<MediaKind, Record<MediaFault, StringKey>> = {
  microphone: {
    denied: "micDenied", missing: "micMissing", inUse: "micInUse", insecure: "devicesInsecure",
  },
  camera: {
    denied: "cameraDenied", missing: "cameraMissing", inUse: "cameraInUse", insecure: "devicesInsecure",
  },
};

export function faultKey(kind: MediaKind, fault: MediaFault): StringKey {
  return TEXTS[kind][fault];
}
