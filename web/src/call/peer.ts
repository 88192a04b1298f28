/** One RTCPeerConnection to the relay: a microphone and a camera up, a voice and a picture down. */

/** The tracks to send; null sends nothing on that m-line, which is offered all the same. */
export interface Outgoing {
  audio: MediaStreamTrack | null;
  video: MediaStreamTrack | null;
}

/** Enough for 720p; the relay's bandwidth reports bring it down to what the path takes. */
const MAX_VIDEO_BITRATE = 1_700_000;

export class Peer {
  readonly pc: RTCPeerConnection;
  readonly #audio: RTCRtpTransceiver;
  readonly #video: RTCRtpTransceiver;

  constructor(iceServers: RTCIceServer[], outgoing: Outgoing) {
    this.pc = new RTCPeerConnection({ iceServers, bundlePolicy: "max-bundle" });
    // Both m-lines from the start: turning the camera on later is a replaceTrack, not a new offer.
    const streams = [new MediaStream()];
    this.#audio = this.pc.addTransceiver(outgoing.audio ?? "audio", { direction: "sendrecv", streams });
    this.#video = this.pc.addTransceiver(outgoing.video ?? "video", {
      direction: "sendrecv", streams, sendEncodings: [{ maxBitrate: MAX_VIDEO_BITRATE }],
    });
  }

  get remoteAudio(): MediaStreamTrack {
    return this.#audio.receiver.track;
  }

  get remoteVideo(): MediaStreamTrack {
    return this.#video.receiver.track;
  }

  /** The text of an offer, already set as the local description; candidates are not waited for: the relay needs none. */
  async offer(restart: boolean): Promise<string> {
    if (restart) this.pc.restartIce();
    await this.pc.setLocalDescription(await this.pc.createOffer({ iceRestart: restart }));
    return this.pc.localDescription?.sdp ?? "";
  }

  async take(answer: string): Promise<void> {
    await this.pc.setRemoteDescription({ type: "answer", sdp: answer });
  }

  async send(kind: keyof Outgoing, track: MediaStreamTrack | null): Promise<void> {
    await (kind === "audio" ? this.#audio : this.#video).sender.replaceTrack(track);
  }

  close(): void {
    this.pc.close();
  }
}
