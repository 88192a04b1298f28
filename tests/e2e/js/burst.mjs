// Many quick emits of the old client: some without an ack, as it sends them, then COUNT with one.
// Usage: node burst.mjs URL TRANSPORT COUNT. Prints one JSON object: the acks by number, the messages as they arrived.
import { createRequire } from "node:module";

const require = createRequire(new URL("../../../web/package.json", import.meta.url));
const { io } = require("socket.io-client");
const [url, transport, countText] = process.argv.slice(2);
const count = Number(countText);
const matchId = "match_burst";

const open = (userId) =>
  new Promise((resolve, reject) => {
    const socket = io(url, { transports: [transport], query: { userId, matchId } });
    socket.on("connect", () => resolve(socket));
    socket.on("connect_error", reject);
  });

const ana = await open("user_a");
const ben = await open("user_b");
const arrived = [];
const all = new Promise((resolve) => {
  ben.on("new_message", (data) => {
    arrived.push({ content: data.content, seq: data.seq });
    if (arrived.length === 2 * count) resolve();
  });
});
await ben.timeout(5000).emitWithAck("join_chat", { userId: "user_b", matchId });
await ana.timeout(5000).emitWithAck("join_chat", { userId: "user_a", matchId });

for (let number = 0; number < count; number += 1) {
  ana.emit("send_message", { to: "user_b", content: `plain ${number}`, type: "text" });
}
const ackOrder = [];
const acks = await Promise.all(
  Array.from({ length: count }, async (_, number) => {
    const content = `asked ${number}`;
    const ack = await ana.timeout(10000).emitWithAck("send_message", { to: "user_b", content, type: "text" });
    ackOrder.push(number);
    return ack;
  }),
);
await Promise.race([all, new Promise((resolve) => setTimeout(resolve, 10000))]);
ana.close();
ben.close();
console.log(JSON.stringify({ acks, ackOrder, arrived }));
process.exit(0);
