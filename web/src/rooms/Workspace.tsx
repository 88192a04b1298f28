import { useEffect, useState } from "react";
import { CallEnd, CallLayer } from "../call/CallLayer";
import { useWatched } from "../call/store";
import type { Session } from "../session/identity";
import { ScenePane } from "../scene/ScenePane";
import { saveSession } from "../session/storage";
import icon from "../ui/icon.svg";
import { ConnectionBar } from "../ui/ConnectionBar";
import { useStrings } from "../ui/i18n";
import type { Lang } from "../ui/strings";
import { ChatPane } from "./ChatPane";
import { Client } from "./client";
import { MatchNotice } from "./MatchNotice";
import { Sidebar } from "./Sidebar";
import { titleOf } from "./room";
import { useStore } from "./store";
import { useOpenRoomInAddress } from "./useOpenRoomInAddress";

interface WorkspaceProps {
  session: Session;
  onLang: (lang: Lang) => void;
  onLogout: (expired: boolean) => void;
}

/** Everything after log-in: the list and the open chat, side by side or one at a time. */
export function Workspace({ session, onLang, onLogout }: WorkspaceProps) {
  const { t } = useStrings();
  const [client] = useState(() => new Client(session, sessionStorage, saveSession));
  const state = useStore(client.store);
  const { incoming, current } = useWatched(client.calls.store);
  const { matchId: sceneOf } = useWatched(client.scenes.view);
  const [sceneShown, setSceneShown] = useState(false);

  useEffect(() => {
    client.start();
    return () => client.stop();
  }, [client]);

  useOpenRoomInAddress(client, state.openId);

  const ringing = incoming === null || current !== null ? undefined : state.rooms[incoming.matchId];
  const unread = Object.values(state.rooms).reduce((sum, room) => sum + room.unread, 0);
  useEffect(() => {
    const name = ringing !== undefined ? `${t("incomingVoice", { name: titleOf(ringing, state.me) })} · ${t("appName")}` : t("appName");
    document.title = unread > 0 ? `(${unread}) ${name}` : name;
  }, [unread, ringing, state.me, t]);

  const room = state.openId === null ? undefined : state.rooms[state.openId];
  const inScene = sceneShown && room !== undefined && sceneOf === room.matchId;
  return (
    <div className="workspace" data-pane={room === undefined ? "list" : "chat"}>
      <ConnectionBar
        status={state.status} reason={state.closeReason}
        onReconnect={() => client.reconnect()} onLogin={() => onLogout(true)}
      />
      <MatchNotice client={client} state={state} />
      <CallEnd client={client} state={state} />
      <div
        className="panes" data-scene={inScene ? "open" : "none"}
        data-call={current === null ? "none" : current.minimised ? "mini" : "open"}
      >
        <Sidebar
          client={client} state={state} name={session.name}
          onLang={(next) => {
            onLang(next);
            void client.setLang(next);
          }}
          onLogout={() => onLogout(false)}
        />
        <CallLayer client={client} state={state} />
        {inScene && <ScenePane scenes={client.scenes} onBack={() => setSceneShown(false)} />}
        {room === undefined && (
          <main className="chat empty">
            <div>
              <img src={icon} alt="" width="72" height="72" />
              <p className="muted">{t("pickChat")}</p>
            </div>
          </main>
        )}
        {room !== undefined && !inScene && (
          <ChatPane
            key={room.matchId} client={client} room={room} outbox={state.outbox}
            onScene={() => {
              client.scenes.enter(room.matchId);
              setSceneShown(true);
            }}
          />
        )}
      </div>
    </div>
  );
}
