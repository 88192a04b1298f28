import { useEffect, useRef, useState, type ReactNode } from "react";
import { useStrings } from "../ui/i18n";
import { canChooseSpeaker } from "./devices";

/** Plays the voice of the other; the browser may want a touch first. */
export function RemoteAudio({ stream, speaker }: { stream: MediaStream | null; speaker: string | undefined }) {
  const { t } = useStrings();
  const element = useRef<HTMLAudioElement>(null);
  const [blocked, setBlocked] = useState(false);

  useEffect(() => {
    const audio = element.current;
    if (audio === null) return;
    audio.srcObject = stream;
    if (stream === null) return;
    let here = true;
    audio.play().then(
      () => (here ? setBlocked(false) : undefined),
      (error: unknown) => {
        // Any other refusal is a newer `srcObject`, which plays by itself.
        if (here && (error as Error).name === "NotAllowedError") setBlocked(true);
      },
    );
    return () => {
      here = false;
    };
  }, [stream]);

  useEffect(() => {
    // A speaker that is away: the voice comes from the default one.
    if (speaker !== undefined && canChooseSpeaker()) element.current?.setSinkId(speaker).catch(() => undefined);
  }, [speaker]);

  return (
    <>
      <audio ref={element} data-testid="remote-audio" />
      {blocked && (
        <button
          className="button small play-sound" type="button" data-testid="play-sound"
          onClick={() => void element.current?.play().then(() => setBlocked(false))}
        >
          {t("playSound")}
        </button>
      )}
    </>
  );
}

/** The picture of the other once there is one and they want to be seen, else `children`. */
export function RemoteVideo({ stream, wanted, children }: { stream: MediaStream; wanted: boolean; children: ReactNode }) {
  const element = useRef<HTMLVideoElement>(null);
  const [pictured, setPictured] = useState(false);
  useEffect(() => {
    if (element.current !== null) element.current.srcObject = stream;
  }, [stream]);
  const shown = wanted && pictured;
  return (
    <>
      <video
        ref={element} className={shown ? "remote" : "remote away"} data-testid="remote-video" autoPlay playsInline muted
        onLoadedData={() => setPictured(true)} onResize={() => setPictured(true)}
      />
      {!shown && children}
    </>
  );
}

/** One's own picture, as in a mirror. */
export function SelfVideo({ stream }: { stream: MediaStream }) {
  const { t } = useStrings();
  const element = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (element.current !== null) element.current.srcObject = stream;
  }, [stream]);
  return (
    <video
      ref={element} className="self" data-testid="local-video" aria-label={t("yourPicture")} autoPlay playsInline muted
    />
  );
}
