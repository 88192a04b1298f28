import { PhoneIcon, VideoIcon } from "../ui/icons";
import { useStrings } from "../ui/i18n";
import type { Calls } from "./calls";
import { useWatched } from "./store";

/** Begins a call in the room whose header it stands in. */
export function CallButtons({ calls, matchId, online }: { calls: Calls; matchId: string; online: boolean }) {
  const { t } = useStrings();
  const { current } = useWatched(calls.store);
  const disabled = current !== null || !online;
  return (
    <>
      <button
        className="icon-button" type="button" data-testid="call-audio" disabled={disabled}
        aria-label={t("callAudio")} title={t("callAudio")} onClick={() => void calls.call(matchId, false)}
      >
        <PhoneIcon />
      </button>
      <button
        className="icon-button" type="button" data-testid="call-video" disabled={disabled}
        aria-label={t("callVideo")} title={t("callVideo")} onClick={() => void calls.call(matchId, true)}
      >
        <VideoIcon />
      </button>
    </>
  );
}
