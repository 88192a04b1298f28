import { useCallback, useRef, useState, type ReactNode, type Ref } from "react";
import { DevicesIcon, HangUpIcon, MicIcon, MicOffIcon, VideoIcon, VideoOffIcon } from "../ui/icons";
import { useStrings } from "../ui/i18n";
import type { Calls } from "./calls";
import { DeviceMenu } from "./DeviceMenu";
import type { Call } from "./state";
import { useWatched } from "./store";

interface RoundProps {
  testId: string;
  label: string;
  kind?: "off" | "hang-up";
  disabled?: boolean;
  /** Absent for what is no switch. */
  on?: boolean;
  expanded?: boolean;
  button?: Ref<HTMLButtonElement>;
  onClick: () => void;
  children: ReactNode;
}

function Round({ testId, label, kind, disabled = false, on, expanded, button, onClick, children }: RoundProps) {
  return (
    <button
      className={kind === undefined ? "round" : `round ${kind}`} type="button" data-testid={testId} data-on={on}
      disabled={disabled} aria-label={label} title={label} aria-expanded={expanded} ref={button}
      onClick={onClick}
    >
      {children}
    </button>
  );
}

export function CallControls({ calls, call }: { calls: Calls; call: Call }) {
  const { t } = useStrings();
  const devices = useWatched(calls.devices);
  const inUse = useWatched(calls.inUse);
  const [choosing, setChoosing] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const closeMenu = useCallback((): void => {
    setChoosing(false);
    opener.current?.focus();
  }, []);
  const early = call.phase === "preparing";
  const cancel = call.role === "caller" && (early || call.phase === "ringing");
  return (
    <div className="call-controls">
      {choosing && !call.minimised && (
        <DeviceMenu
          devices={devices} inUse={inUse} onClose={closeMenu}
          onPick={(kind, deviceId) => void calls.pick(kind, deviceId)}
        />
      )}
      <Round
        testId="mute-button" label={t(call.micOn ? "mute" : "unmute")} disabled={early} on={call.micOn}
        {...(call.micOn ? {} : { kind: "off" as const })} onClick={() => void calls.toggle("microphone")}
      >
        {call.micOn ? <MicIcon /> : <MicOffIcon />}
      </Round>
      <Round
        testId="camera-button" label={t(call.cameraOn ? "cameraOff" : "cameraOn")} disabled={early} on={call.cameraOn}
        {...(call.cameraOn ? {} : { kind: "off" as const })} onClick={() => void calls.toggle("camera")}
      >
        {call.cameraOn ? <VideoIcon /> : <VideoOffIcon />}
      </Round>
      <Round
        testId="device-select" label={t("devices")} disabled={early} expanded={choosing} button={opener}
        onClick={() => setChoosing(!choosing)}
      >
        <DevicesIcon />
      </Round>
      <Round
        testId="hangup-button" label={t(cancel ? "cancelCall" : "hangUp")} kind="hang-up" onClick={() => calls.hangUp()}
      >
        <HangUpIcon />
      </Round>
    </div>
  );
}
