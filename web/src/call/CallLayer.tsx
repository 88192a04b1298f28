import { useCallback } from "react";
import type { Client } from "../rooms/client";
import { SummaryCard } from "../insight/SummaryCard";
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

/** What a person in the room of a match is called. */
function namesIn(state: State, matchId: string): (userId: string) => string {
  const members = state.rooms[matchId]?.members ?? [];
  return (userId) => {
    const known = members.find((member) => member.userId === userId) ?? state.people?.find((one) => one.userId === userId);
    return known?.name ?? userId;
  };
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
          nameOf={namesIn(state, current.matchId)}
        />
      )}
    </>
  );
}

/** Tells how the last call ended. */
export function CallEnd({ client, state }: { client: Client; state: State }) {
  const { calls } = client;
  const { current, over } = useWatched(calls.store);
  const { summary } = useWatched(calls.insight.store);
  const close = useCallback(() => calls.overSeen(), [calls]);
  if (over === null || current !== null) return null;
  const { peerId, name } = peerOf(state, over.matchId);
  const told = summary?.callId === over.callId ? summary : null;
  return (
    <div className="call-end">
      <EndCard
        key={over.callId} over={over} peerId={peerId} name={name} stays={told !== null} onClose={close}
        onAgain={() => void calls.call(over.matchId, over.video)}
      />
      {told !== null && <SummaryCard summary={told} me={state.me} name={name} nameOf={namesIn(state, over.matchId)} />}
    </div>
  );
}
