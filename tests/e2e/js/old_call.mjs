// The calls of the client of the original description: `request_video_call` without a token and without an ack.
// Usage: node old_call.mjs URL. Prints one JSON object: what both sides saw of one call declined and of one hung up.
import { createRequire } from "node:module";

const require = createRequire(new URL("../../../web/package.json", import.meta.url));
const { io } = require("socket.io-client");
const [url] = process.argv.slice(2);
const matchId = "match_123";
const TOLD = ["incoming_call", "call_state", "call_ended", "new_message"];

class Caller {
  constructor(userId) {
    this.seen = Object.fromEntries(TOLD.map((name) => [name, []]));
    this.socket = io(url, { query: { userId, matchId } });
    for (const name of TOLD) this.socket.on(name, (data) => this.seen[name].push(data));
  }
  ask(event, payload) {
    return this.socket.timeout(5000).emitWithAck(event, payload);
  }
}

const until = async (what, condition) => {
  const end = Date.now() + 5000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

const ana = new Caller("user_a");
await ana.ask("join_chat", { matchId });
const ben = new Caller("user_b");
await ben.ask("join_chat", { matchId });
ana.socket.emit("request_video_call");
await until("the ring", () => ben.seen.incoming_call.length === 1);
const declined = await ben.ask("answer_call", { callId: ben.seen.incoming_call[0].callId, accept: false });
await until("the end of the first call", () => ana.seen.call_ended.length === 1 && ana.seen.new_message.length === 1);

ana.socket.emit("request_video_call", { to: "user_b" });
await until("the second ring", () => ben.seen.incoming_call.length === 2);
const { callId } = ben.seen.incoming_call[1];
const accepted = await ben.ask("answer_call", { callId, accept: true });
await until("the call", () => ana.seen.call_state.some((told) => told.callId === callId && told.state === "connecting"));
const hungUp = await ana.ask("end_call", { callId });
await until("the end of the second call", () => ben.seen.call_ended.some((told) => told.callId === callId));
await until("both entries", () => [ana, ben].every(({ seen }) => seen.new_message.length === 2));

ana.socket.close();
ben.socket.close();
console.log(JSON.stringify({ declined, accepted, hungUp, ana: ana.seen, ben: ben.seen }));
