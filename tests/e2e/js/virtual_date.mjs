// The virtual date class of the original client: user and match in the query, no token, no acks.
// Usage: node virtual_date.mjs URL [TRANSPORT]. Prints one JSON object with what both sides saw.
import { createRequire } from "node:module";

const require = createRequire(new URL("../../../web/package.json", import.meta.url));
const { io } = require("socket.io-client");
const [url, transport] = process.argv.slice(2);
const options = transport === undefined ? {} : { transports: [transport] };

class VirtualDate {
  constructor(userId, sceneId) {
    this.userId = userId;
    this.sceneId = sceneId;
    this.seen = { entered: [], avatar_action: [], object_interaction: [], environment_change: [], scene_message: [] };
    this.socket = io(`${url}/virtual-date`, { ...options, forceNew: true, query: { userId, matchId: "match_123" } });
    this.socket.on("scene_event", (event) => this.handleSceneEvent(event));
    this.socket.on("scene_message", (data) => this.seen.scene_message.push(data));
  }
  connected() {
    return new Promise((resolve, reject) => {
      this.socket.on("connect", resolve);
      this.socket.on("connect_error", reject);
    });
  }
  joinScene() {
    this.socket.emit("join_scene", { sceneId: this.sceneId, userId: this.userId });
  }
  sendMessage(message, position, emotion) {
    this.socket.emit("scene_message", { sceneId: this.sceneId, message, position, emotion });
  }
  moveAvatar(position, animation) {
    this.socket.emit("avatar_action", { sceneId: this.sceneId, position, rotation: { yaw: 45 }, animation });
  }
  interact(objectId, action) {
    this.socket.emit("object_interaction", { sceneId: this.sceneId, objectId, action });
  }
  changeEnvironment(key, value) {
    this.socket.emit("environment_change", { sceneId: this.sceneId, key, value });
  }
  handleSceneEvent(event) {
    const kind = event.action === "enter" ? "entered" : event.type;
    this.seen[kind].push(event);
  }
}

const until = async (what, condition) => {
  const end = Date.now() + 5000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

const ana = new VirtualDate("user_a", "scene_123");
const ben = new VirtualDate("user_b", "scene_123");
await Promise.all([ana.connected(), ben.connected()]);
ana.joinScene();
// Without an ack one knows that one is in by what happens there.
await until("the first scene", () => {
  ana.changeEnvironment("time", "dusk");
  ana.sendMessage("anybody here?", undefined, "calm");
  return ana.seen.scene_message.length > 0;
});
ben.joinScene();
await until("the other one", () => ana.seen.entered.length === 1);
ana.seen.scene_message.length = 0;
ana.moveAvatar({ x: -1.5, y: 0, z: 1 }, "walk");
ana.interact(1, "grab");
ben.changeEnvironment("time", "night");
await until("all of it", () => [ana, ben].every(({ seen }) =>
  seen.avatar_action.length > 0 && seen.object_interaction.length > 0 && seen.environment_change.length > 0));
ana.sendMessage("今晚的月色真美", { x: 1, y: 0, z: 2 }, "happy");
await until("the message", () => [ana, ben].every(({ seen }) => seen.scene_message.some((m) => m.message.includes("月"))));
const mine = (seen) => ({ ...seen, scene_message: seen.scene_message.filter((m) => m.message.includes("月")) });
const result = { ana: mine(ana.seen), ben: mine(ben.seen) };
ana.socket.close();
ben.socket.close();
console.log(JSON.stringify(result));
