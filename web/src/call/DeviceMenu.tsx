import { useEffect, useRef } from "react";
import { useStrings } from "../ui/i18n";
import { canChooseSpeaker, shownDevice, useChoices } from "./devices";
import type { Devices } from "./media";

interface DeviceMenuProps {
  devices: Devices;
  inUse: Devices;
  onPick: (kind: keyof Devices, deviceId: string) => void;
  onClose: () => void;
}

export function DeviceMenu({ devices, inUse, onPick, onClose }: DeviceMenuProps) {
  const { t } = useStrings();
  const choices = useChoices();
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // The lists are still empty, and what is disabled can not take the focus.
    box.current?.focus();
    const outside = ({ target }: Event): void => {
      if (box.current?.parentElement?.contains(target as Node) !== true) onClose();
    };
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, [onClose]);
  const kinds = canChooseSpeaker() ? (["microphone", "camera", "speaker"] as const) : (["microphone", "camera"] as const);
  return (
    <div
      className="device-menu" ref={box} role="group" tabIndex={-1} aria-label={t("devices")} data-testid="device-menu"
      onKeyDown={(event) => (event.key === "Escape" ? onClose() : undefined)}
    >
      {kinds.map((kind) => {
        const list = choices[kind];
        return (
          <label className="field" key={kind}>
            <span>{t(kind)}</span>
            <select
              className="lang-select" data-testid={`device-${kind}`} disabled={list.length === 0}
              value={shownDevice(list, inUse[kind], devices[kind])} onChange={(event) => onPick(kind, event.target.value)}
            >
              {list.length === 0 && <option value="">{t("noDevice")}</option>}
              {list.map(({ deviceId, label }, index) => (
                <option key={deviceId} value={deviceId}>
                  {label || t("deviceNameless", { kind: t(kind), number: index + 1 })}
                </option>
              ))}
            </select>
          </label>
        );
      })}
    </div>
  );
}
