/** The scene as a person acts in it and as the server tells of it: a connection of its own beside the chat's. */
import { io, type Socket } from "socket.io-client";
import { Watched } from "../call/store";
import type { Acks } from "../protocol/events";
import { errorBody, Refusal, UNREACHED, type Answer, type ClientEventName, type Down, type ErrorBody, type Up } from "../session/wire";
import { applied, entered, heard, placed, type Place, type Scene } from "./state";
import { Walker } from "./walker";

const SCENE_ID = "rooftop-cafe";
const ACK_TIMEOUT_MS = 10_000;
/** What is held falls after ten seconds without a sign of its holder. */
const SIGN_OF_LIFE_MS = 4_000;

export interface SceneView {
  /** The match whose scene this page is in, or on its way into. */
  matchId: string | null;
  scene: Scene | null;
  online: boolean;
  fault: ErrorBody | null;
}

const NOWHERE: SceneView = { matchId: null, scene: null, online: false, fault: null };

export class Scenes {
  readonly view = new Watched<SceneView>(NOWHERE);
  readonly walker: Walker;
  readonly #token: () => string;
  #socket: Socket | null = null;
  #sign: ReturnType<typeof setInterval> | undefined;

  constructor(token: () => string) {
    this.#token = token;
    this.walker = new Walker({
      scene: () => this.view.get().scene,
      stand: (position, yaw, animation) => this.#stand(position, yaw, animation),
    });
  }

  enter(matchId: string): void {
    if (this.view.get().matchId === matchId) return;
    this.leave();
    this.#set({ ...NOWHERE, matchId });
    const socket = io("/virtual-date", {
      path: "/socket.io/",
      autoConnect: false,
      transports: ["websocket", "polling"],
      tryAllTransports: true,
      reconnectionDelayMax: 10_000,
      auth: (give) => give({ token: this.#token(), protocolVersion: 1 }),
    });
    this.#socket = socket;
    socket.on("connect", () => void this.#join(socket, matchId));
    socket.on("disconnect", () => this.#lost());
    socket.on("connect_error", (error: Error & { data?: ErrorBody }) => {
      if (error.data !== undefined) this.#set({ ...this.view.get(), fault: error.data });
    });
    socket.on("scene_event", (event: Down<"scene_event">) => this.#told(event));
    socket.on("scene_message", (said: Down<"scene_message">) => this.#change((scene) => heard(scene, said, Date.now())));
    this.#sign = setInterval(() => this.#giveSign(), SIGN_OF_LIFE_MS);
    socket.connect();
  }

  leave(): void {
    const socket = this.#socket;
    this.#socket = null;
    clearInterval(this.#sign);
    this.walker.stop();
    this.#set(NOWHERE);
    if (socket === null) return;
    socket.off();
    socket.emit("leave_scene", {});
    socket.disconnect();
  }

  stop(): void {
    this.leave();
  }

  act(objectId: number, action: string, more: Partial<Up<"object_interaction">> = {}): Promise<boolean> {
    return this.#do("object_interaction", { objectId, action, ...more });
  }

  say(message: string): Promise<boolean> {
    return this.#do("scene_message", { message });
  }

  gesture(action: string, emotion: string): Promise<boolean> {
    return this.#do("avatar_action", { action, emotion });
  }

  setEnvironment(key: string, value: string | number): Promise<boolean> {
    return this.#do("environment_change", { key, value });
  }

  async #join(socket: Socket, matchId: string): Promise<void> {
    try {
      const joined = await this.#ask(socket, "join_scene", { sceneId: SCENE_ID, matchId });
      if (socket === this.#socket) this.#set({ matchId, scene: entered(joined, matchId), online: true, fault: null });
    } catch (error) {
      if (socket === this.#socket) this.#set({ ...this.view.get(), fault: errorBody(error) });
    }
  }

  #told(event: Down<"scene_event">): void {
    const { scene } = this.view.get();
    if (event.teleport === true && event.slot === scene?.mySlot) this.walker.halt();
    // While one walks, one's own steps come back late; only what the server has corrected counts.
    const own = event.slot === scene?.mySlot && event.type === "avatar_action" && event.action === undefined;
    const mine = scene?.avatars[scene.mySlot]?.position;
    this.#change((before) => {
      const after = applied(before, event, Date.now());
      return own && event.teleport !== true && after !== null && mine !== undefined ? placed(after, after.mySlot, mine) : after;
    });
  }

  #stand(position: Place, yaw: number, animation: "walk" | "idle"): void {
    this.#change((scene) => placed(scene, scene.mySlot, position));
    this.#socket?.volatile.emit("avatar_action", { position, rotation: { yaw }, animation });
  }

  #giveSign(): void {
    const { scene, online } = this.view.get();
    const me = scene?.avatars[scene.mySlot];
    if (scene === null || me === undefined || !online) return;
    const holds = Object.values(scene.objects).some((one) => one.owner === scene.mySlot);
    if (holds) this.#socket?.emit("avatar_action", { emotion: me.emotion });
  }

  #lost(): void {
    this.walker.stop();
    this.#set({ ...this.view.get(), online: false });
  }

  #change(by: (scene: Scene) => Scene | null): void {
    const view = this.view.get();
    if (view.scene === null) return;
    const scene = by(view.scene);
    // Another page of the same person has taken the seat.
    if (scene === null) return this.leave();
    this.#set({ ...view, scene });
  }

  async #do<K extends ClientEventName>(event: K, payload: Up<K>): Promise<boolean> {
    const socket = this.#socket;
    if (socket === null) return false;
    let fault: ErrorBody | null = null;
    try {
      await this.#ask(socket, event, payload);
    } catch (error) {
      fault = errorBody(error);
    }
    if (socket === this.#socket) this.#set({ ...this.view.get(), fault });
    return fault === null;
  }

  async #ask<K extends ClientEventName>(socket: Socket, event: K, payload: Up<K>): Promise<Acks[K]> {
    if (!socket.connected) throw new Refusal(UNREACHED);
    let answer: Answer<K>;
    try {
      answer = (await socket.timeout(ACK_TIMEOUT_MS).emitWithAck(event, payload)) as Answer<K>;
    } catch {
      throw new Refusal(UNREACHED);
    }
    if (!answer.ok) throw new Refusal(answer.error);
    return answer;
  }

  #set(view: SceneView): void {
    this.view.set(view);
  }
}
