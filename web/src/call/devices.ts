/** The devices that can be chosen, and which ones were. */
import { useEffect, useState } from "react";
import type { Devices } from "./media";

const KEY = "visavis.devices";

export function loadDevices(storage: Storage): Devices {
  try {
    const kept = JSON.parse(storage.getItem(KEY) ?? "{}") as Record<string, unknown>;
    const chosen: Devices = {};
    for (const kind of ["microphone", "camera", "speaker"] as const) {
      const id = kept[kind];
      if (typeof id === "string") chosen[kind] = id;
    }
    return chosen;
  } catch {
    return {};
  }
}

export function saveDevices(storage: Storage, devices: Devices): void {
  storage.setItem(KEY, JSON.stringify(devices));
}

/** What a menu shows as chosen: the device in use, else the one wanted for the next time, else the browser's first. */
export function shownDevice(
  list: readonly Pick<MediaDeviceInfo, "deviceId">[], inUse: string | undefined, wanted: string | undefined,
): string {
  const listed = (id: string | undefined): boolean => list.some(({ deviceId }) => deviceId === id);
  return [inUse, wanted].find(listed) ?? list[0]?.deviceId ?? "";
}

export interface Choices {
  microphone: MediaDeviceInfo[];
  camera: MediaDeviceInfo[];
  speaker: MediaDeviceInfo[];
}

/** Not in Safari before 18.4 nor in Firefox before 116. */
export function canChooseSpeaker(): boolean {
  return "setSinkId" in HTMLMediaElement.prototype;
}

const NONE: Choices = { microphone: [], camera: [], speaker: [] };

async function list(): Promise<Choices> {
  const all = await navigator.mediaDevices.enumerateDevices();
  // Without a permission browsers list one nameless device of each kind.
  const of = (kind: MediaDeviceKind) => all.filter((device) => device.kind === kind && device.deviceId !== "");
  return {
    microphone: of("audioinput"),
    camera: of("videoinput"),
    speaker: canChooseSpeaker() ? of("audiooutput") : [],
  };
}

/** Lists them again whenever one is plugged in or out. */
export function useChoices(): Choices {
  const [choices, setChoices] = useState<Choices>(NONE);
  useEffect(() => {
    const devices = navigator.mediaDevices as MediaDevices | undefined;
    if (devices === undefined) return;
    let here = true;
    const read = (): void => void list().then((next) => (here ? setChoices(next) : undefined), () => undefined);
    read();
    devices.addEventListener("devicechange", read);
    return () => {
      here = false;
      devices.removeEventListener("devicechange", read);
    };
  }, []);
  return choices;
}
