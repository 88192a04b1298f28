/** Puts a refusal where a person sees it: at the part of the room, or at the message, it belongs to. */
import { errorBody, type ErrorBody } from "../session/wire";
import type { Place } from "./room";
import type { Store } from "./store";

export class Faults {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** True when `act` went well; an earlier error at the same place is then gone. */
  inRoom(matchId: string, place: Place, act: () => Promise<unknown>): Promise<boolean> {
    return this.#guard(act, (error) => {
      const there = this.#store.get().rooms[matchId]?.faults[place] !== undefined;
      if (error !== null || there) this.#store.dispatch({ type: "fault", matchId, place, error });
    });
  }

  onMessage(matchId: string, messageId: string, act: () => Promise<unknown>): Promise<boolean> {
    return this.#guard(act, (error) =>
      this.#store.dispatch({ type: "messageFault", matchId, messageId, error }),
    );
  }

  async #guard(act: () => Promise<unknown>, show: (error: ErrorBody | null) => void): Promise<boolean> {
    try {
      await act();
    } catch (error) {
      show(errorBody(error));
      return false;
    }
    show(null);
    return true;
  }
}
