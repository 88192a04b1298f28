import { useState } from "react";
import { useStrings } from "../ui/i18n";
import type { Room } from "./room";
import { summaryOf } from "./summary";

/** Reads new messages of others to a screen reader; history that is loaded stays silent. */
export function LiveMessages({ me, room }: { me: string; room: Room }) {
  const { t } = useStrings();
  const [from] = useState(room.lastSeq);
  const newest = room.timeline.findLast((message) => message.from !== me && message.seq > from);
  const name = room.members.find((member) => member.userId === newest?.from)?.name ?? "";
  return (
    <div className="unseen" aria-live="polite">
      {newest !== undefined && `${name}: ${summaryOf(t, newest)}`}
    </div>
  );
}
