import mongoose, { type Schema, type SchemaDefinition, type Types } from 'mongoose';

/** What every versioned document has: its identity, its version (+1 per change) and two times. */
export interface Versioned {
  _id: Types.ObjectId;
  version: number;
  createdAt: Date;
  updatedAt: Date;
}

/** Makes the schema of a versioned document; collections and indexes are made by migrations only. */
export function versionedSchema<T extends Versioned>(definition: SchemaDefinition): Schema<T> {
  return plainSchema<T>({
    ...definition,
    version: { type: Number, required: true, min: 1 },
    createdAt: { type: Date, required: true },
    updatedAt: { type: Date, required: true },
  });
}

/** Makes the schema of a document without a version of its own (tokens, counters). */
export function plainSchema<T>(definition: SchemaDefinition): Schema<T> {
  // The stored type is written out beside each schema; Mongoose's inference of it is not used.
  const schema: Schema<T> = new mongoose.Schema(definition, {
    autoIndex: false,
    autoCreate: false,
    versionKey: false,
    minimize: false,
    strict: 'throw',
    strictQuery: 'throw',
  });
  return schema;
}

/** Turns 24 hex characters into an ObjectId; the caller has checked the form. */
export const objectId = (id: string): Types.ObjectId => new mongoose.Types.ObjectId(id);

/** The room that so many characters may take: Mongoose counts UTF-16 units, of which a character has up to two. */
export const utf16 = (characters: number): number => 2 * characters;
