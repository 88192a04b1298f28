/** `getStats()` reduced to what tells whether media flows, and by which way. */

export interface Inbound {
  packetsReceived: number;
  /** Of these, the ones that came as retransmissions. */
  retransmitted: number;
  packetsLost: number;
  bytesReceived: number;
  codec: string | null;
}

export interface Summary {
  framesDecoded: number;
  framesPerSecond: number;
  frameWidth: number;
  frameHeight: number;
  freezeCount: number;
  /** Of what is heard, and of the own microphone. */
  totalAudioEnergy: number;
  sentAudioEnergy: number;
  audio: Inbound;
  video: Inbound;
  audioPacketsSent: number;
  videoPacketsSent: number;
  framesEncoded: number;
  pair: {
    local: { address: string; port: number; type: string };
    remote: { address: string; port: number; type: string };
    roundTripTime: number | null;
  } | null;
}

type Report = Readonly<Record<string, unknown>>;

const number = (report: Report | undefined, key: string): number => {
  const value = report?.[key];
  return typeof value === "number" ? value : 0;
};
const text = (report: Report | undefined, key: string): string => {
  const value = report?.[key];
  return typeof value === "string" ? value : "";
};

function inbound(report: Report | undefined, byId: ReadonlyMap<string, Report>): Inbound {
  return {
    packetsReceived: number(report, "packetsReceived"),
    retransmitted: number(report, "retransmittedPacketsReceived"),
    packetsLost: number(report, "packetsLost"),
    bytesReceived: number(report, "bytesReceived"),
    codec: text(byId.get(text(report, "codecId")), "mimeType") || null,
  };
}

function candidate(report: Report | undefined): { address: string; port: number; type: string } {
  return { address: text(report, "address"), port: number(report, "port"), type: text(report, "candidateType") };
}

/** The pair that media takes: named by the transport, or in Firefox marked itself. */
function pairOf(reports: readonly Report[], byId: ReadonlyMap<string, Report>): Summary["pair"] {
  const transport = reports.find(({ type }) => type === "transport");
  const pair =
    byId.get(text(transport, "selectedCandidatePairId")) ??
    reports.find(({ type, selected, nominated, state }) =>
      type === "candidate-pair" && (selected === true || (nominated === true && state === "succeeded")));
  if (pair === undefined) return null;
  return {
    local: candidate(byId.get(text(pair, "localCandidateId"))),
    remote: candidate(byId.get(text(pair, "remoteCandidateId"))),
    roundTripTime: typeof pair.currentRoundTripTime === "number" ? pair.currentRoundTripTime : null,
  };
}

export function summarise(reports: readonly Report[]): Summary {
  const byId = new Map(reports.map((report) => [text(report, "id"), report]));
  const of = (type: string, kind: string): Report | undefined =>
    reports.find((report) => report.type === type && report.kind === kind);
  const audio = of("inbound-rtp", "audio");
  const video = of("inbound-rtp", "video");
  return {
    framesDecoded: number(video, "framesDecoded"),
    framesPerSecond: number(video, "framesPerSecond"),
    frameWidth: number(video, "frameWidth"),
    frameHeight: number(video, "frameHeight"),
    freezeCount: number(video, "freezeCount"),
    totalAudioEnergy: number(audio, "totalAudioEnergy"),
    sentAudioEnergy: number(of("media-source", "audio"), "totalAudioEnergy"),
    audio: inbound(audio, byId),
    video: inbound(video, byId),
    audioPacketsSent: number(of("outbound-rtp", "audio"), "packetsSent"),
    videoPacketsSent: number(of("outbound-rtp", "video"), "packetsSent"),
    framesEncoded: number(of("outbound-rtp", "video"), "framesEncoded"),
    pair: pairOf(reports, byId),
  };
}
