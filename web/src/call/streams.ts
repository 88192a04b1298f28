/** What is to be seen and heard. Voice and picture of the other are apart, so that a voice needs no picture. */
export interface Streams {
  self: MediaStream | null;
  remoteAudio: MediaStream | null;
  remoteVideo: MediaStream | null;
}

export const NO_STREAMS: Streams = { self: null, remoteAudio: null, remoteVideo: null };
