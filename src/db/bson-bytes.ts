import mongoose from 'mongoose';

/** A stored document as the bytes that came from the database, in BSON. */
export type StoredBytes = Uint8Array;

/** Types of values, as https://bsonspec.org/spec.html numbers them. */
export const bson = {
  double: 0x01,
  text: 0x02,
  objectId: 0x07,
  boolean: 0x08,
  date: 0x09,
  nothing: 0x0a,
  int32: 0x10,
  int64: 0x12,
} as const;

/** Which field names are looked for. */
export interface FieldNames {
  /** Slot numbers and names in UTF-8, by the length of the name. */
  byLength: readonly (readonly { slot: number; name: Uint8Array }[] | undefined)[];
  count: number;
}

/** Where the fields of one document are; made once and used for one document after the other. */
export interface Located {
  bytes: StoredBytes;
  /** By slot: the type of the value, 0 where the document has no such field. */
  types: Uint8Array;
  /** By slot: where the value begins. */
  starts: Int32Array;
}

/** Prepares names for looking; the slot of a name is its place in the list. */
export function fieldNames(names: readonly string[]): FieldNames {
  const byLength: { slot: number; name: Uint8Array }[][] = [];
  for (const [slot, text] of names.entries()) {
    const name = Buffer.from(text);
    (byLength[name.length] ??= []).push({ slot, name });
  }
  return { byLength, count: names.length };
}

/** Room for the places of so many fields. */
export const noneLocated = ({ count }: FieldNames): Located => ({
  bytes: new Uint8Array(),
  types: new Uint8Array(count),
  starts: new Int32Array(count),
});

/** Reads where the fields are; all others are passed over unread. Throws an Error on what is no BSON. */
export function locate(names: FieldNames, bytes: StoredBytes, into: Located): void {
  into.bytes = bytes;
  into.types.fill(0);
  const end = bytes.length - 1;
  let at = sizeOfLength;
  while (at < end) {
    const type = byteAt(bytes, at);
    const name = at + 1;
    let stop = name;
    while (byteAt(bytes, stop) !== 0 && stop < end) stop += 1;
    const start = stop + 1;
    const slot = slotOf(names, bytes, name, stop - name);
    if (slot !== -1) {
      into.types[slot] = type;
      into.starts[slot] = start;
    }
    at = start + sizeOf(type, bytes, start);
  }
}

const sizeOfLength = 4;

function slotOf({ byLength }: FieldNames, bytes: StoredBytes, from: number, length: number): number {
  for (const { slot, name } of byLength[length] ?? []) {
    let same = 0;
    while (same < length && name[same] === bytes[from + same]) same += 1;
    if (same === length) return slot;
  }
  return -1;
}

/** How many bytes a value of that type takes. */
function sizeOf(type: number, bytes: StoredBytes, start: number): number {
  switch (type) {
    case 0x06: // undefined
    case 0x0a: // null
    case 0x7f: // MaxKey
    case 0xff: // MinKey
      return 0;
    case 0x08: // boolean
      return 1;
    case 0x10: // int32
      return 4;
    case 0x01: // double
    case 0x09: // date
    case 0x11: // timestamp
    case 0x12: // int64
      return 8;
    case 0x07: // ObjectId
      return 12;
    case 0x13: // decimal128
      return 16;
    case 0x02: // text
    case 0x0d: // code
    case 0x0e: // symbol
      return sizeOfLength + int32At(bytes, start);
    case 0x03: // document
    case 0x04: // array
    case 0x0f: // code with scope
      return int32At(bytes, start);
    case 0x05: // binary
      return sizeOfLength + 1 + int32At(bytes, start);
    case 0x0b: {
      // A regular expression: pattern and flags, each up to its zero byte.
      const pattern = bytes.indexOf(0, start);
      return bytes.indexOf(0, pattern + 1) + 1 - start;
    }
    default:
      throw new Error(`a document with a value of the unexpected BSON type ${String(type)}`);
  }
}

/** One byte. */
export const byteAt = (bytes: Uint8Array, at: number): number =>
  // Places come from the lengths in the document itself; beyond its end nothing is equal to undefined.
  bytes[at] as number;

/** A whole number of 32 bits with its sign. */
export const int32At = (bytes: Uint8Array, at: number): number =>
  byteAt(bytes, at) |
  (byteAt(bytes, at + 1) << 8) |
  (byteAt(bytes, at + 2) << 16) |
  (byteAt(bytes, at + 3) << 24);

/** A whole number of 64 bits with its sign; beyond 2^53 the nearest one. */
export const int64At = (bytes: Uint8Array, at: number): number =>
  int32At(bytes, at + 4) * 2 ** 32 + (int32At(bytes, at) >>> 0);

/** The number in a slot, whatever kind of number it is; undefined for anything else. */
export function numberIn({ bytes, types, starts }: Located, slot: number): number | undefined {
  const start = starts[slot] ?? 0;
  switch (types[slot]) {
    case bson.int32:
      return int32At(bytes, start);
    case bson.int64:
      return int64At(bytes, start);
    case bson.double:
      return new DataView(bytes.buffer, bytes.byteOffset + start, 8).getFloat64(0, true);
    default:
      return undefined;
  }
}

/** The id in a slot as 24 hexadecimal characters; undefined when there is none. */
export function idIn({ bytes, types, starts }: Located, slot: number): string | undefined {
  if (types[slot] !== bson.objectId) return undefined;
  const start = starts[slot] ?? 0;
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, 12).toString('hex');
}

/** The text in a slot; undefined when there is none. */
export function textIn({ bytes, types, starts }: Located, slot: number): string | undefined {
  if (types[slot] !== bson.text) return undefined;
  const start = starts[slot] ?? 0;
  const length = int32At(bytes, start) - 1;
  return Buffer.from(bytes.buffer, bytes.byteOffset + start + sizeOfLength, length).toString('utf8');
}

/** The whole document as an object, as queries of Mongoose give it with `lean`. */
export const documentFrom = <T>(bytes: StoredBytes): T =>
  // The caller names the type that is stored.
  mongoose.mongo.BSON.deserialize(bytes) as T;
