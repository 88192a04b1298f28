// The client of the original description, unchanged: user and match in the query, no token, no clientId.
// Usage: node old_client.mjs URL [TRANSPORT]. Prints one JSON object with what both sides saw. Without TRANSPORT it
// connects as the original does: by polling first, then an upgrade to WebSocket.
import { createRequire } from "node:module";

const require = createRequire(new URL("../../../web/package.json", import.meta.url));
const { io } = require("socket.io-client");
const [url, transport] = process.argv.slice(2);
const options = transport === undefined ? {} : { transports: [transport] };
const matchId = "match_123";

class ChatClient {
  constructor(userId) {
    this.userId = userId;
    this.seen = { new_message: [], ai_suggestion: [], game_state: [], typing: [], location: [] };
    this.socket = io(url, { ...options, query: { userId, matchId } });
    for (const name of ["new_message", "ai_suggestion", "game_state"]) {
      this.socket.on(name, (data) => this.seen[name].push(data));
    }
  }
  connected() {
    return new Promise((resolve, reject) => {
      this.socket.on("connect", resolve);
      this.socket.on("connect_error", reject);
    });
  }
  ask(event, ...payload) {
    return this.socket.timeout(5000).emitWithAck(event, ...payload);
  }
}

const until = async (what, condition) => {
  const end = Date.now() + 5000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

const ana = new ChatClient("user_a");
await ana.connected();
const ben = new ChatClient("user_b");
await ben.connected();
const acks = {};
acks.authenticate = await ana.ask("authenticate", { userId: "user_a" });
acks.join = await ana.ask("join_chat", { userId: "user_a", matchId });
acks.joinB = await ben.ask("join_chat", { userId: "user_b", matchId });
await until("icebreakers", () => ana.seen.ai_suggestion.length > 0 && ben.seen.ai_suggestion.length > 0);
const icebreakers = ana.seen.ai_suggestion.length;

// Without an ack, as the original client emits.
ana.socket.emit("send_message", { to: "user_b", content: "你好！ hello", type: "text" });
await until("the first message", () => ben.seen.new_message.length === 1);
acks.send = await ben.ask("send_message", { to: "user_a", content: "hi back", type: "text" });
acks.private = await ana.ask("private_message", { to: "user_b", content: "psst", type: "text" });
await until("three messages on both sides", () =>
  [ana, ben].every((client) => client.seen.new_message.length === 3));

acks.help = await ana.ask("request_ai_help");
await until("suggestions", () => ana.seen.ai_suggestion.length > icebreakers);
acks.locationEmpty = await ana.ask("share_location");
acks.location = await ana.ask("share_location", { lat: 31.2304, lon: 121.4737 });
acks.game = await ana.ask("play_game", "icebreaker");
await until("the game", () => ben.seen.game_state.length > 0);
await until("the location", () => ben.seen.new_message.length === 4);
const transports = [ana, ben].map((client) => client.socket.io.engine.transport.name);
const result = { acks, icebreakers, transports, ana: ana.seen, ben: ben.seen };
ana.socket.close();
ben.socket.close();
console.log(JSON.stringify(result));
