import { useCallback } from "react";
import type { Client } from "../rooms/client";
import { othersOf, titleOf } from "../rooms/room";
import type { State } from "../rooms/state";
import { CallView } from "./CallView";
import { EndCard } from "./EndCard";
import { IncomingSheet } from "./IncomingSheet";
import { useWatched } from "./store";

/** Who the call of a match is with, as far as the page knows the match. */
function peerOf(state: State, matchId: string, userId?: string): { peerId: string; name: string } {
  const room = state.rooms[matchId];
  const known = state.people?.find((person) => person.userId === userId);
  if (room === undefined || room.members.length === 0) {
    return { peerId: userId ?? matchId, name: known?.name ?? userId ?? matchId };
  }
  const others = othersOf(room, state.me);
  const caller = others.find((member) => member.userId === userId);
  return { peerId: (caller ?? others[0])?.userId ?? matchId, name: caller?.name ?? titleOf(room, state.me) };
}

/** The ring and the call; above or beside the chat, whichever room is open. */
export function CallLayer({ client, state }: { client: Client; state: State }) {
  const { calls, me } = client;
  const { incoming, current } = useWatched(calls.store);
  return (
    <>
      {incoming !== null && current === null && (
        <IncomingSheet
          incoming={incoming} name={peerOf(state, incoming.matchId, incoming.from).name}
          onDecline={() => calls.decline()}
          onAccept={(video) => {
            client.open(incoming.matchId);
            void calls.accept(video);
          }}
        />
      )}
      {current !== null && (
        <CallView
          calls={calls} call={current} me={me} online={state.status === "online"} {...peerOf(state, current.matchId)}
        />
      )}
    </>
  );
}

/** Tells how the last call ended. */
export function CallEnd({ client, state }: { client: Client; state: State }) {
  const { calls } = client;
  const { current, over } = useWatched(calls.store);
  const close = useCallback(() => calls.overSeen(), [calls]);
  if (over === null || current !== null) return null;
  return (
    <EndCard
      key={over.callId} over={over} {...peerOf(state, over.matchId)} onClose={close}
      onAgain={() => void calls.call(over.matchId, over.video)}
    />
  );
}
