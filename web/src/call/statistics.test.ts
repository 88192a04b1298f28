import { expect, it } from "vitest";
import { summarise } from "./statistics";

const reports = [
  { id: "T", type: "transport", selectedCandidatePairId: "P" },
  { id: "P", type: "candidate-pair", localCandidateId: "L", remoteCandidateId: "R", currentRoundTripTime: 0.02 },
  { id: "L", type: "local-candidate", address: "192.0.2.5", port: 5, candidateType: "host" },
  { id: "R", type: "remote-candidate", address: "192.0.2.1", port: 40000, candidateType: "host" },
  { id: "C", type: "codec", mimeType: "video/VP8" },
  {
    id: "V", type: "inbound-rtp", kind: "video", codecId: "C", framesDecoded: 12, packetsReceived: 30, packetsLost: 1,
    retransmittedPacketsReceived: 2,
  },
  { id: "A", type: "inbound-rtp", kind: "audio", totalAudioEnergy: 0.5, packetsReceived: 50 },
  { id: "O", type: "outbound-rtp", kind: "video", packetsSent: 40, framesEncoded: 15 },
];

it("tells what flows and by which way", () => {
  expect(summarise(reports)).toMatchObject({
    framesDecoded: 12,
    totalAudioEnergy: 0.5,
    video: { packetsReceived: 30, retransmitted: 2, packetsLost: 1, codec: "video/VP8" },
    audio: { packetsReceived: 50, retransmitted: 0, codec: null },
    videoPacketsSent: 40,
    audioPacketsSent: 0,
    pair: { remote: { address: "192.0.2.1", port: 40000, type: "host" }, roundTripTime: 0.02 },
  });
});

it("finds the pair where no transport names it, as in Firefox", () => {
  const [, pair, ...rest] = reports;
  expect(summarise([{ ...pair, selected: true }, ...rest]).pair?.local.address).toBe("192.0.2.5");
});

it("is all zero before anything flows", () => {
  expect(summarise([])).toMatchObject({ framesDecoded: 0, totalAudioEnergy: 0, pair: null });
});
