import type { mongo } from 'mongoose';

/** Where restored documents wait until all of them are there and proved. */
export const stagingPrefix = 'restoring.';

/** The collection that says that a restore was begun and not finished. */
export const markCollection = 'restores';

/** Means something only while the processes that wrote it run. */
const ephemeral = new Set(['leases', 'ratelimits', markCollection]);

/** Restored on demand only: a session that was ended after the backup would come to life again. */
const sessions = new Set(['sessions', 'refreshtokens']);

/** Rows without which a database is still empty: a server that starts on an empty database writes them. */
const bookkeeping = new Set([...ephemeral, 'log_positions', 'followers']);

/** Whether a collection belongs into a backup; one that nobody has thought of does. */
export const isBackedUp = (name: string): boolean =>
  !ephemeral.has(name) && !name.startsWith('system.') && !name.startsWith(stagingPrefix);

/** Whether a collection holds logins. */
export const holdsSessions = (name: string): boolean => sessions.has(name);

/** Whether documents in a collection mean that the database is in use. */
export const countsAsData = (name: string): boolean => isBackedUp(name) && !bookkeeping.has(name);

/** A change to every document of a collection, if any: the place in the change stream of another server is worthless. */
export const changeOf = (name: string): mongo.Document | undefined =>
  name === 'log_positions' ? { token: null } : undefined;
