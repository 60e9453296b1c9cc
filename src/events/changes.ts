import { isDeepStrictEqual } from 'node:util';
import mongoose from 'mongoose';

/** One field's change in public form: times as RFC 3339 text, ids as text. */
export interface FieldChange {
  field: string;
  from: unknown;
  to: unknown;
}

/** The stored value as a client would see it. */
function publicValue(value: unknown): unknown {
  if (value === undefined) return null;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof mongoose.Types.ObjectId) return value.toHexString();
  return value;
}

/** Lists what differs between two states of a document in the named fields; `{}` is the state before there was one. */
export function fieldChanges<T extends object>(
  before: Partial<T>,
  after: T,
  fields: readonly (keyof T & string)[],
): FieldChange[] {
  return fields
    .map((field) => ({
      field,
      from: publicValue(before[field]),
      to: publicValue(after[field]),
    }))
    .filter((change) => !isDeepStrictEqual(change.from, change.to));
}
