import { isIP } from 'node:net';
import { z } from 'zod';

/** Reads the text of one variable; its `description` completes the sentence "give …". */
export type ValueType<Value> = z.ZodType<Value, string>;

/** A key mixed into password hashes, with the id that each hash stores so that the key can be rotated. */
export interface Pepper {
  readonly id: string;
  readonly secret: string;
}

const MAXIMUM_SHOWN = 60;

/** Quotes a given value for a message: one line, at most 60 characters, credentials of a URL left out. */
export function quote(given: string): string {
  const safe = given.replace(/\/\/.*@/s, '//…@');
  return JSON.stringify(safe.length > MAXIMUM_SHOWN ? `${safe.slice(0, MAXIMUM_SHOWN)}…` : safe);
}

/** A value that `read` turns into what the program uses; `undefined` from it refuses the value. */
function readAs<Value>(accepts: string, read: (given: string) => Value | undefined): ValueType<Value> {
  return z
    .string()
    .transform((given, context) => {
      const value = read(given);
      if (value !== undefined) return value;
      context.addIssue({ code: 'custom', message: `give ${accepts}` });
      return z.NEVER;
    })
    .describe(accepts);
}

function splitList(given: string): string[] {
  return given
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** Decimal digits only, from `min` to `max`: `1e3`, `0x10`, `-1` and `4.0` are typing errors, not numbers. */
export function wholeNumber(
  min: number,
  max: number,
  accepts = `a whole number from ${min} to ${max}`,
): ValueType<number> {
  return readAs(accepts, (given) => {
    const value = /^\d{1,15}$/.test(given) ? Number(given) : Number.NaN;
    return value >= min && value <= max ? value : undefined;
  });
}

/** One of the named values, in exactly this spelling. */
export function oneOf<const Name extends string>(...names: readonly Name[]): ValueType<Name> {
  return readAs(`one of ${names.join(', ')}`, (given) => names.find((name) => name === given));
}

/** Some of the named values, at least one, separated by commas. */
export function someOf<const Name extends string>(...names: readonly Name[]): ValueType<readonly Name[]> {
  return readAs(`a comma list of ${names.join(', ')}`, (given) => {
    const listed = splitList(given);
    const isKnown = listed.every((item) => names.some((name) => name === item));
    return isKnown && listed.length > 0 ? names.filter((name) => listed.includes(name)) : undefined;
  });
}

/** A path in the file system, not checked for existence. */
export function filePath(accepts: string): ValueType<string> {
  return readAs(accepts, (given) => (given.includes('\0') ? undefined : given));
}

/** An address to listen on. */
export function listenAddress(): ValueType<string> {
  return readAs('an IP address or a host name without port, such as 0.0.0.0 or 127.0.0.1', (given) => {
    // Digits and dots that are no IP address are a mistyped address, not a host name.
    const isHostName = /^[a-z\d]([a-z\d.-]*[a-z\d])?$/i.test(given) && !/^[\d.]+$/.test(given);
    return isIP(given) !== 0 || isHostName ? given : undefined;
  });
}

function parseHttpUrl(given: string): URL | undefined {
  if (!/^https?:\/\//i.test(given) || !URL.canParse(given)) return undefined;
  return new URL(given);
}

/** An absolute http(s) URL that links are built upon, returned without trailing slash. */
export function baseUrl(): ValueType<string> {
  const accepts = 'an absolute http:// or https:// URL without user, query or fragment';
  return readAs(accepts, (given) => {
    const url = parseHttpUrl(given);
    if (!url || url.username || url.password || /[?#]/.test(given)) return undefined;
    return url.href.replace(/\/+$/, '');
  });
}

/** Says what is wrong with one entry of a list of origins; nothing when it is a bare origin. */
function originFault(given: string): string | undefined {
  const url = parseHttpUrl(given);
  if (!url || url.host.includes('*')) {
    return `give origins such as https://app.example.com, which ${quote(given)} is not`;
  }
  const isBare = url.pathname === '/' && !given.endsWith('/') && !/[?#@]/.test(given);
  return isBare ? undefined : `give the bare origin ${url.origin} instead of ${quote(given)}`;
}

/** Browser origins in the spelling that browsers send, or `*`. */
export function originList(): ValueType<readonly string[]> {
  return z
    .string()
    .transform((given, context) => {
      const origins = splitList(given);
      for (const origin of origins) {
        const message = origin === '*' ? undefined : originFault(origin);
        if (message) context.addIssue({ code: 'custom', message });
      }
      if (context.issues.length > 0) return z.NEVER;
      return origins.map((origin) => (origin === '*' ? origin : new URL(origin).origin));
    })
    .describe('a comma list of origins such as https://app.example.com, without path or trailing slash');
}

/** The shape of a MongoDB connection string; whether it leads anywhere is found out when connecting. */
export function mongoConnectionString(): ValueType<string> {
  const accepts =
    'a connection string that starts with mongodb:// or mongodb+srv://, ' +
    'with special characters in user and password percent-encoded';
  const credentials = String.raw`(?:[^\s@/]+@)?`;
  const host = String.raw`(?:\[[\da-f:.]+\]|[^\s@/?#,:[\]]+)(?::\d{1,5})?`;
  const rest = String.raw`(?:/[^\s@/?#]*)?(?:\?[^\s#]*)?`;
  const standard = new RegExp(`^mongodb://${credentials}${host}(?:,${host})*${rest}$`, 'i');
  const seedList = new RegExp(String.raw`^mongodb\+srv://${credentials}[^\s@/?#,:]+${rest}$`, 'i');
  return readAs(accepts, (given) => (standard.test(given) || seedList.test(given) ? given : undefined));
}

/** Any text; how strong it must be depends on the environment. */
export function secretText(minimumBytes: number): ValueType<string> {
  return readAs(`at least ${minimumBytes} random bytes (any text in development and test)`, (given) => given);
}

/** A secret that fits into an `Authorization` header. */
export function bearerToken(minimumBytes: number): ValueType<string> {
  const accepts = `at least ${minimumBytes} visible ASCII characters without spaces (any number in development and test)`;
  return readAs(accepts, (given) => (/^[\x21-\x7e]+$/.test(given) ? given : undefined));
}

function parsePepper(given: string): Pepper | undefined {
  const parts = /^([a-z\d][a-z\d-]{0,31}):([^\s,]+)$/i.exec(given);
  return parts?.[1] && parts[2] ? { id: parts[1], secret: parts[2] } : undefined;
}

/** One pepper, written `id:secret`. */
export function pepperText(): ValueType<Pepper> {
  return readAs('id:secret, the id of letters, digits and dashes, the secret without commas', parsePepper);
}

/** Peppers that stored hashes may still use, written `id:secret,id:secret`. */
export function pepperList(): ValueType<readonly Pepper[]> {
  return readAs('a comma list of id:secret', (given) => {
    const peppers = splitList(given).map(parsePepper);
    return peppers.every((item) => item !== undefined) ? peppers : undefined;
  });
}
