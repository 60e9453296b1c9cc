import mongoose, { type Model, type QueryFilter, type Types } from 'mongoose';
import { bson, fieldNames, idIn, int64At, locate, noneLocated, numberIn, textIn } from './bson-bytes.ts';
import type { Located, StoredBytes } from './bson-bytes.ts';
import { objectId } from './base-schema.ts';

/** How a list is walked: by one indexed field, ties broken by id. */
export interface Sort {
  field: string;
  direction: 1 | -1;
  /** Values may be null; they come last in either direction. */
  nullable?: boolean;
  /** Hardly two documents have the same value. */
  distinct?: boolean;
  /** How values that are texts are read as numbers, where that shows how far apart they are. */
  scale?: { read(text: string): number; write(number: number): string };
}

/** Where in an order something stands. */
export interface Place {
  value: unknown;
  id: Types.ObjectId;
}

/** What a find may say beside its filter. */
export interface FindOptions {
  sort?: Record<string, 1 | -1>;
  skip?: number;
  limit: number;
  hint?: Record<string, 1>;
}

/** How documents come from the database: as objects, or as their bytes. */
export interface Rows<T, R> {
  find(model: Model<T>, filter: QueryFilter<T>, options: FindOptions): Promise<R[]>;
  aggregate(
    model: Model<T>,
    stages: mongoose.PipelineStage[],
    options: Pick<FindOptions, 'hint'>,
  ): Promise<R[]>;
  placeOf(row: R, sort: Sort): Place;
}

/** Documents as objects of the model's stored type. */
export const documents = <T extends { _id: Types.ObjectId }>(): Rows<T, T> => ({
  find: (model, filter, options) => model.find(filter, null, options).lean<T[]>().exec(),
  aggregate: (model, stages, options) => model.aggregate<T>(stages, options).exec(),
  placeOf: (item, { field }) =>
    // The sort field is one of the document's own, which the type system cannot see.
    ({ value: (item as Record<string, unknown>)[field] ?? null, id: item._id }),
});

/** Documents as the bytes that came: for lists that are written as JSON without making objects. */
export const storedBytes = <T>(): Rows<T, StoredBytes> => ({
  find: async (model, filter, options) => {
    // All in one batch: the server would stop after 101 documents and be asked again.
    const found = { ...options, ...bytesOnly(), batchSize: options.limit };
    // A filter that Mongoose has cast is one of the driver's; the two libraries type them differently.
    const cast = castFilter(model, filter) as object;
    return asBytes(await model.collection.find(cast, found).toArray());
  },
  aggregate: async (model, stages, options) =>
    asBytes(await model.collection.aggregate(stages, { ...options, ...bytesOnly() }).toArray()),
  placeOf: placeInBytes,
});

/** With `raw` the driver gives the bytes of each document, which its types do not show. */
const asBytes = (rows: unknown): StoredBytes[] => rows as StoredBytes[];

function bytesOnly(): { raw: true; maxTimeMS?: number } {
  // Mongoose adds its time limit to its own queries only.
  const maxTimeMS: unknown = mongoose.get('maxTimeMS');
  return { raw: true, ...(typeof maxTimeMS === 'number' && { maxTimeMS }) };
}

function placeInBytes(row: StoredBytes, { field }: Sort): Place {
  const names = fieldNames(['_id', field]);
  const found = noneLocated(names);
  locate(names, row, found);
  const id = idIn(found, 0);
  if (id === undefined) throw new Error('a document without an id');
  return { value: sortValueIn(found, 1), id: objectId(id) };
}

function sortValueIn(found: Located, slot: number): string | number | Date | null {
  if (found.types[slot] === bson.date) return new Date(int64At(found.bytes, found.starts[slot] ?? 0));
  return numberIn(found, slot) ?? textIn(found, slot) ?? null;
}

/** Casts by the schema what Mongoose does not cast: aggregations and the driver's own finds. */
export const castFilter = <T>(model: Model<T>, filter: QueryFilter<T>): QueryFilter<T> => {
  const query = model.find(filter);
  // Casting leaves the form of a filter as it is.
  return query.cast(model, query.getFilter()) as QueryFilter<T>;
};
