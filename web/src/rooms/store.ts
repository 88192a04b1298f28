/** Holds the state for React (`useSyncExternalStore`). */
import { useSyncExternalStore } from "react";
import { reduce, type Action, type State } from "./state";

export class Store {
  #state: State;
  readonly #listeners = new Set<() => void>();

  constructor(state: State) {
    this.#state = state;
  }

  readonly get = (): State => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  dispatch(action: Action): void {
    const next = reduce(this.#state, action);
    if (next === this.#state) return;
    this.#state = next;
    for (const listener of this.#listeners) listener();
  }
}

export function useStore(store: Store): State {
  return useSyncExternalStore(store.subscribe, store.get);
}
