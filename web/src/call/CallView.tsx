import { useEffect, useState } from "react";
import { CauseLine } from "../insight/CauseLine";
import { NoticeList } from "../insight/NoticeList";
import { QualityLine } from "../insight/QualityLine";
import { TopicPrompt } from "../insight/TopicPrompt";
import { Avatar } from "../ui/Avatar";
import { ExpandIcon, MicOffIcon, MinimiseIcon } from "../ui/icons";
import { useStrings } from "../ui/i18n";
import type { Calls } from "./calls";
import { CallControls } from "./CallControls";
import { faultKey, type MediaKind } from "./faults";
import { RemoteAudio, RemoteVideo, SelfVideo } from "./RemoteMedia";
import type { Call } from "./state";
import { useWatched } from "./store";
import { clock, phaseKey, troubleOf } from "./views";

/** Seconds since `from`, each second anew. */
function Timer({ from }: { from: number }) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  return <time role="timer" data-testid="call-timer">{clock((now - from) / 1000)}</time>;
}

function StateLine({ call }: { call: Call }) {
  const { t } = useStrings();
  const key = phaseKey(call);
  return (
    <span className="call-state" data-testid="call-state">
      {key !== null && <span role="status">{t(key)}</span>}
      {call.activeAt !== null && <Timer from={call.activeAt} />}
    </span>
  );
}

interface CallViewProps {
  calls: Calls;
  call: Call;
  me: string;
  online: boolean;
  peerId: string;
  name: string;
  nameOf: (userId: string) => string;
}

/** What is wrong, or does not work as it was asked for. */
function Notices({ call, me, online, name }: Pick<CallViewProps, "call" | "me" | "online" | "name">) {
  const { t } = useStrings();
  const trouble = troubleOf(call, me, online);
  return (
    <div className="call-notices" role="status">
      {trouble !== null && (
        <p className="call-banner" data-testid="call-banner" data-whose={trouble}>
          {t(trouble === "own" ? "ownTrouble" : "otherTrouble", { name })}
        </p>
      )}
      {Object.entries(call.faults).map(([kind, fault]) => (
        <p className="call-banner" key={kind} data-testid={`fault-${kind}`}>{t(faultKey(kind as MediaKind, fault))}</p>
      ))}
    </div>
  );
}

export function CallView({ calls, call, me, online, peerId, name, nameOf }: CallViewProps) {
  const { t } = useStrings();
  const { insight } = calls;
  const { quality, notices, topics } = useWatched(insight.store);
  const { self, remoteAudio, remoteVideo } = useWatched(calls.streams);
  const { speaker } = useWatched(calls.devices);
  const { minimised } = call;
  const theirs = call.remote[peerId];
  const cameraIsOff = theirs?.video === false && call.activeAt !== null;
  const person = (
    <div className="call-person">
      <span className={call.phase === "ringing" ? "pulse" : undefined}><Avatar userId={peerId} name={name} /></span>
      {cameraIsOff && !minimised && <span>{t("peerCameraOff", { name })}</span>}
    </div>
  );
  const sizeLabel = t(minimised ? "expandCall" : "minimiseCall");
  return (
    <section
      className={minimised ? "call mini" : "call"} aria-label={t("callWith", { name })} data-testid="call-view"
      data-phase={call.phase} data-link={call.link}
    >
      <header className="call-head">
        <div className="grow">
          <strong className="clip" dir="auto">{name}</strong>
          <StateLine call={call} />
        </div>
        <button
          className="icon-button" type="button" data-testid={minimised ? "expand-call" : "minimise-call"}
          aria-label={sizeLabel} title={sizeLabel} onClick={() => calls.minimise(!minimised)}
        >
          {minimised ? <ExpandIcon /> : <MinimiseIcon />}
        </button>
      </header>
      {call.activeAt !== null && <QualityLine insight={insight} me={me} nameOf={nameOf} />}
      <div className="stage">
        {remoteVideo === null ? person : (
          <RemoteVideo key={remoteVideo.id} stream={remoteVideo} wanted={theirs?.video !== false}>
            {person}
          </RemoteVideo>
        )}
        <div className="stage-head">
          <Notices call={call} me={me} online={online} name={name} />
          <CauseLine shown={quality?.cause ?? null} />
          <NoticeList
            notices={notices} me={me} nameOf={nameOf} onDismiss={(key) => insight.dismiss(key)}
            onUnmute={() => void calls.toggle("microphone")}
          />
        </div>
        {theirs?.audio === false && (
          <span className="peer-muted" role="status" data-testid="peer-muted"><MicOffIcon />{t("peerMuted", { name })}</span>
        )}
        {self !== null && <SelfVideo stream={self} />}
        <RemoteAudio stream={remoteAudio} speaker={speaker} />
      </div>
      <TopicPrompt
        card={topics.card} onUse={() => insight.use()} onWave={() => insight.wave()} onClose={() => insight.close()}
      />
      <CallControls calls={calls} call={call} />
    </section>
  );
}
