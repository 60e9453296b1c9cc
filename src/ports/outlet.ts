/** Where the frames of one stream go. */
export interface Outlet {
  write(text: string): void;
  /** Bytes written that the client has not taken yet. */
  buffered(): number;
  /** Resolves when the client has taken what was written, or is gone. */
  drained(): Promise<void>;
  /** Ends the stream after what was written. */
  end(): void;
  /** Cuts the stream at once. */
  destroy(): void;
  onClose(act: () => void): void;
}

/** What is known of whoever opens a stream. */
export interface StreamOpening {
  userId: string;
  sessionId: string;
  /** Only what happens in this project. */
  projectId?: string | undefined;
  /** The number of the last event that the client knows. */
  after: number;
}

/** The streams of one process. */
export interface ChangeStreams {
  /** Makes room for one more stream of the user. Throws `events.too_many_streams` and `server.busy`. */
  admit(opening: StreamOpening): (outlet: Outlet) => void;
}
