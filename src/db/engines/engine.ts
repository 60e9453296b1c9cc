import type { mongo } from 'mongoose';
import type { EngineEnv } from './cache-folder.ts';

/**
 * How long a transaction may stay open. What a killed process has left open locks what it was changing until then;
 * the usual 60 seconds would be a minute of refused writes.
 */
export const TRANSACTION_LIFETIME_SECONDS = 5;

/** The engines, in the order in which they are tried. */
export const ENGINE_NAMES = ['mongod', 'secantusd-rs', 'mongod-downloaded', 'secantusd-py'] as const;

/** The name of an engine, which is also the name of its data folder. */
export type EngineName = (typeof ENGINE_NAMES)[number];

/** Where to look for an engine, and whom to tell what takes long. */
export interface Search {
  env: EngineEnv;
  report(line: string): void;
}

/** An engine that is there and can be started. */
export interface FoundEngine {
  name: EngineName;
  version: string;
  file: string;
  args(place: { folder: string; port: number; emptyConfig: string }): string[];
  /** What is left to do once the process answers, before it takes writes. */
  becomeWritable(client: mongo.MongoClient, port: number): Promise<void>;
}

/** Looks for one engine, or makes it come; undefined when it is not to be had. */
export type FindEngine = (search: Search) => Promise<FoundEngine | undefined>;
