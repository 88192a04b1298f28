/** Stays at the end when new messages come, and in place when older ones are put above. */
import { useLayoutEffect, useRef, type RefObject } from "react";
import type { Room } from "./room";

/** Nearer to an edge than this counts as being there. */
const NEAR_PX = 80;

export function useAnchoredScroll(
  room: Room,
  pendingCount: number,
  onBottom: (atBottom: boolean) => void,
  onTop: () => void,
): { box: RefObject<HTMLDivElement | null>; onScroll: () => void } {
  const box = useRef<HTMLDivElement>(null);
  const pinned = useRef(true);
  const before = useRef({ height: 0, firstSeq: 0, pendingCount: 0 });
  const firstSeq = room.timeline[0]?.seq ?? 0;

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const last = before.current;
    const sentNow = pendingCount > last.pendingCount;
    if (pinned.current || sentNow) element.scrollTop = element.scrollHeight;
    else if (firstSeq < last.firstSeq) element.scrollTop += element.scrollHeight - last.height;
    before.current = { height: element.scrollHeight, firstSeq, pendingCount };
  });

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    // The keyboard of a phone, a chip row or a game card change the height of the box.
    const observer = new ResizeObserver(() => {
      if (pinned.current) element.scrollTop = element.scrollHeight;
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [box]);

  const onScroll = (): void => {
    const element = box.current;
    if (element === null) return;
    pinned.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_PX;
    onBottom(pinned.current);
    if (element.scrollTop < NEAR_PX && room.olderMore) onTop();
  };
  return { box, onScroll };
}
