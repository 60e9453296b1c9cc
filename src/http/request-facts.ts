/** What is known of one request, for its log line and its metrics; filled as it goes. */
export interface RequestFacts {
  readonly requestId: string;
  readonly address: string;
  readonly startedAt: number;
  /** The route's pattern, never the path: paths hold ids and would make endless metrics. */
  route: string;
  userId?: string;
  problem?: string;
  /** From now on the request is none of those in flight: its answer stays open. */
  leave?: () => void;
}
