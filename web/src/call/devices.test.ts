import { describe, expect, it } from "vitest";
import { loadDevices, saveDevices, shownDevice } from "./devices";

function storageWith(text?: string): Storage {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => text ?? kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
  return storage as Storage;
}

describe("chosen devices", () => {
  it("are kept", () => {
    const storage = storageWith();
    expect(loadDevices(storage)).toEqual({});
    saveDevices(storage, { microphone: "m1", camera: "c1", speaker: "s1" });
    expect(loadDevices(storage)).toEqual({ microphone: "m1", camera: "c1", speaker: "s1" });
  });

  it.each(["", "no JSON", "null", "7", '{"microphone": 7, "camera": null, "lamp": "l1"}'])("survive %j", (text) => {
    expect(loadDevices(storageWith(text))).toEqual({});
  });
});

describe("the device that a menu shows", () => {
  const front = { deviceId: "front" };
  const back = { deviceId: "back" };

  it("is the one in use, though another was wanted", () => {
    expect(shownDevice([back, front], "front", "back")).toBe("front");
  });

  it("is the wanted one while none is open", () => {
    expect(shownDevice([back, front], undefined, "front")).toBe("front");
    expect(shownDevice([back, front], "unplugged", "front")).toBe("front");
  });

  it("is the first when nothing is known, and empty when there is none", () => {
    expect(shownDevice([back, front], undefined, "unplugged")).toBe("back");
    expect(shownDevice([], "front", "back")).toBe("");
  });
});
