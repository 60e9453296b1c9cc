import { isUtf8 } from 'node:buffer';
import {
  bson,
  byteAt,
  fieldNames,
  idIn,
  int32At,
  int64At,
  locate,
  noneLocated,
  numberIn,
  type Located,
  type StoredBytes,
} from './bson-bytes.ts';

/** JSON text while it is written. */
export interface JsonWriter {
  buffer: Buffer;
  /** Bytes written so far. */
  length: number;
  /** Days since 1970 as they are written, such as `"2026-01-05T`: the times of one answer fall on few days. */
  days: Map<number, Buffer>;
}

/** Begins a text of about so many bytes. */
export const beginJson = (bytes: number): JsonWriter => ({
  buffer: Buffer.allocUnsafe(bytes),
  length: 0,
  days: new Map(),
});

/** The finished text. Throws when a stored text was no UTF-8, as reading it into an object does. */
export function endJson({ buffer, length }: JsonWriter): Buffer {
  const json = buffer.subarray(0, length);
  if (!isUtf8(json)) throw new Error('a stored text is not UTF-8');
  return json;
}

/** Writes text that is JSON already. */
export function putJson(out: JsonWriter, json: Uint8Array): void {
  makeRoom(out, json.length);
  const { buffer, length } = out;
  if (json.length > fewBytes) buffer.set(json, length);
  else for (let at = 0; at < json.length; at += 1) buffer[length + at] = byteAt(json, at);
  out.length += json.length;
}

/** Up to so many bytes a loop is faster than a call that copies. */
const fewBytes = 64;

function makeRoom(out: JsonWriter, bytes: number): void {
  if (out.length + bytes <= out.buffer.length) return;
  const larger = Buffer.allocUnsafe(2 * (out.length + bytes));
  out.buffer.copy(larger, 0, 0, out.length);
  out.buffer = larger;
}

/**
 * How one field of an answer is written from stored ones. `write` answers false when the document holds something
 * else than declared. `Value` is what the field is for readers.
 */
export interface Field<Context, Value> {
  from: readonly string[];
  write(out: JsonWriter, found: Located, slots: readonly number[], context: Context): boolean;
  /** Never there: it only carries the type. */
  readonly value?: Value;
}

/** The fields of an answer: exactly those that `Shape` declares, each giving what is declared. */
export type FieldTable<Context, Shape> = {
  readonly [Name in keyof Shape]-?: Field<Context, Shape[Name]>;
};

/** Writes the rows of one answer. */
export interface RowWriter<Context> {
  /** Looks at the next document; gives the id stored in the field the table asks for first, if there is one. */
  read(bytes: StoredBytes): string | undefined;
  /** Writes the document last looked at. False, and nothing is written, when it is not as declared. */
  write(out: JsonWriter, context: Context): boolean;
}

interface CompiledField<Context> {
  /** `,"name":` in UTF-8. */
  label: Buffer;
  slots: readonly number[];
  write: Field<Context, unknown>['write'];
}

/**
 * Compiles a table of fields into a writer from stored bytes to JSON text. `names` are the fields of the answer's
 * schema in their order; `scope` is the stored id that `read` gives. Throws unless table and schema have the same fields.
 */
export function compileRows<Context, Shape>(
  names: readonly (keyof Shape & string)[],
  table: FieldTable<Context, Shape>,
  scope: string,
): () => RowWriter<Context> {
  const [missing] = names.filter((name) => !Object.hasOwn(table, name));
  const [unknown] = Object.keys(table).filter((name) => !names.some((known) => known === name));
  if (missing !== undefined) throw new Error(`nothing writes the field ${missing}`);
  if (unknown !== undefined) throw new Error(`the schema has no field ${unknown}`);
  const stored = [...new Set([scope, ...names.flatMap((name) => table[name].from)])];
  const index = fieldNames(stored);
  const fields = names.map((name, place): CompiledField<Context> => ({
    label: Buffer.from(`${place === 0 ? '{' : ','}${JSON.stringify(name)}:`),
    slots: table[name].from.map((field) => stored.indexOf(field)),
    write: table[name].write,
  }));
  return () => {
    const found = noneLocated(index);
    return {
      read: (bytes) => {
        locate(index, bytes, found);
        return idIn(found, 0);
      },
      write: (out, context) => {
        const before = out.length;
        for (const { label, slots, write } of fields) {
          putJson(out, label);
          if (write(out, found, slots, context)) continue;
          out.length = before;
          return false;
        }
        putJson(out, closing);
        return true;
      },
    };
  };
}

const closing = Buffer.from('}');
const nothing = Buffer.from('null');
const quote = 0x22;
const backslash = 0x5c;
const firstPrintable = 0x20;

/** The stored fields of a document that hold one kind of value, null allowed. */
type FieldsOf<Stored, Kind> = {
  [Name in keyof Stored]: Stored[Name] extends Kind | null ? Name : never;
}[keyof Stored] &
  string;

type OrNull<Stored, Name extends keyof Stored> = null extends Stored[Name] ? null : never;

/**
 * Fields of an answer that are stored fields in another dress. A field that can be null in the answer is null where the
 * document has none.
 */
export function storedFields<Stored>() {
  const plain =
    (type: number, put: (out: JsonWriter, bytes: StoredBytes, start: number) => boolean) =>
    <Value>(name: string, nullable: boolean): Field<unknown, Value> => ({
      from: [name],
      write: (out, { bytes, types, starts }, [slot = 0]) => {
        const found = types[slot];
        if (found === type) return put(out, bytes, starts[slot] ?? 0);
        if (!nullable || (found !== bson.nothing && found !== 0)) return false;
        putJson(out, nothing);
        return true;
      },
    });
  const [textOf, idOf, timeOf] = [
    plain(bson.text, putText),
    plain(bson.objectId, putId),
    plain(bson.date, putTime),
  ];
  type Texts = FieldsOf<Stored, string>;
  type Ids = FieldsOf<Stored, { toHexString(): string }>;
  type Times = FieldsOf<Stored, Date>;
  return {
    /** A text as it is. */
    text: <Name extends Texts>(name: Name) => textOf<Stored[Name]>(name, false),
    /** A text or null, as it is. */
    textOrNull: <Name extends Texts>(name: Name) => textOf<Stored[Name] | null>(name, true),
    /** An id as 24 hexadecimal characters. */
    id: <Name extends Ids>(name: Name) => idOf<string | OrNull<Stored, Name>>(name, false),
    /** An id or null. */
    idOrNull: <Name extends Ids>(name: Name) => idOf<string | null>(name, true),
    /** A time in RFC 3339 with milliseconds. */
    time: <Name extends Times>(name: Name) => timeOf<string | OrNull<Stored, Name>>(name, false),
    /** A time or null. */
    timeOrNull: <Name extends Times>(name: Name) => timeOf<string | null>(name, true),
    /** A number. */
    number: (name: FieldsOf<Stored, number>): Field<unknown, number> => ({
      from: [name],
      write: (out, found, [slot = 0]) => {
        const value = numberIn(found, slot);
        if (value === undefined) return false;
        putNumber(out, value);
        return true;
      },
    }),
  };
}

/** Writes a number as `JSON.stringify` does. */
export function putNumber(out: JsonWriter, value: number): void {
  const text = JSON.stringify(value);
  makeRoom(out, text.length);
  const { buffer, length } = out;
  for (let at = 0; at < text.length; at += 1) buffer[length + at] = text.charCodeAt(at);
  out.length += text.length;
}

/** A BSON text is UTF-8 already, and JSON escapes single bytes only: no character is ever taken apart. */
function putText(out: JsonWriter, bytes: StoredBytes, start: number): boolean {
  const from = start + 4;
  const to = from + int32At(bytes, start) - 1;
  makeRoom(out, to - from + 2);
  out.buffer[out.length] = quote;
  out.length += 1;
  const plain = to - from > fewBytes ? copiedAtOnce(out, bytes, from, to) : copied(out, bytes, from, to);
  if (plain < to) escaped(out, bytes, plain, to);
  makeRoom(out, 1);
  out.buffer[out.length] = quote;
  out.length += 1;
  return true;
}

const isPlain = (byte: number): boolean => byte >= firstPrintable && byte !== quote && byte !== backslash;

/** Copies up to the first byte that must be escaped; gives its place. */
function copied(out: JsonWriter, bytes: StoredBytes, from: number, to: number): number {
  const { buffer } = out;
  let { length } = out;
  let at = from;
  for (; at < to; at += 1) {
    const byte = byteAt(bytes, at);
    if (!isPlain(byte)) break;
    buffer[length] = byte;
    length += 1;
  }
  out.length = length;
  return at;
}

function copiedAtOnce(out: JsonWriter, bytes: StoredBytes, from: number, to: number): number {
  let at = from;
  while (at < to && isPlain(byteAt(bytes, at))) at += 1;
  out.buffer.set(bytes.subarray(from, at), out.length);
  out.length += at - from;
  return at;
}

/** Six bytes is the most that one becomes. */
function escaped(out: JsonWriter, bytes: StoredBytes, from: number, to: number): void {
  makeRoom(out, 6 * (to - from));
  let at = from;
  while (at < to) {
    const byte = byteAt(bytes, at);
    if (!isPlain(byte)) putJson(out, escapes[byte] ?? nothing);
    else {
      out.buffer[out.length] = byte;
      out.length += 1;
    }
    at += 1;
  }
}

/** By byte: how JSON writes it in a text. */
const escapes: readonly Buffer[] = Array.from({ length: 0x80 }, (_, byte) =>
  Buffer.from(JSON.stringify(String.fromCharCode(byte)).slice(1, -1)),
);

const hexDigits = Buffer.from('0123456789abcdef');

function putId(out: JsonWriter, bytes: StoredBytes, start: number): boolean {
  makeRoom(out, 26);
  const { buffer } = out;
  let { length } = out;
  buffer[length++] = quote;
  for (let at = start; at < start + 12; at += 1) {
    const byte = byteAt(bytes, at);
    buffer[length++] = byteAt(hexDigits, byte >> 4);
    buffer[length++] = byteAt(hexDigits, byte & 15);
  }
  buffer[length++] = quote;
  out.length = length;
  return true;
}

const dayMs = 86_400_000;
/** Years of four digits: from 0000 to 9999, in days since 1970. */
const [firstDay, lastDay] = [-719_528, 2_932_896];

/** Writes a time as `toISOString` does. */
function putTime(out: JsonWriter, bytes: StoredBytes, start: number): boolean {
  const time = int64At(bytes, start);
  const day = Math.floor(time / dayMs);
  if (day < firstDay || day > lastDay) return false;
  let text = out.days.get(day);
  if (text === undefined) {
    text = Buffer.from(`"${new Date(time).toISOString().slice(0, 11)}`);
    out.days.set(day, text);
  }
  putJson(out, text);
  const ms = time - day * dayMs;
  const seconds = Math.floor(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  makeRoom(out, 14);
  putTwoDigits(out, Math.floor(minutes / 60), colon);
  putTwoDigits(out, minutes % 60, colon);
  putTwoDigits(out, seconds % 60, point);
  putTwoDigits(out, Math.floor((ms % 1000) / 10), zero + (ms % 10));
  out.buffer[out.length] = letterZ;
  out.buffer[out.length + 1] = quote;
  out.length += 2;
  return true;
}

const [colon, point, zero, letterZ] = [0x3a, 0x2e, 0x30, 0x5a];

function putTwoDigits(out: JsonWriter, value: number, after: number): void {
  const tens = Math.floor(value / 10);
  out.buffer[out.length] = zero + tens;
  out.buffer[out.length + 1] = zero + value - 10 * tens;
  out.buffer[out.length + 2] = after;
  out.length += 3;
}
