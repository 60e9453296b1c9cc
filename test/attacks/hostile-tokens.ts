import { createHmac, generateKeyPairSync, sign as signWith, type KeyObject } from 'node:crypto';

/** What an attacker may have: a good token and the identifiers of other people's sessions. */
export interface Loot {
  good: string;
  refreshToken: string;
  otherUserId: string;
  otherSessionId: string;
  /** Known to the test only: to sign claims that must fail although the signature is right. */
  secret: string;
}

type Json = Record<string, unknown>;
const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const decode = (part: string): Json => JSON.parse(Buffer.from(part, 'base64url').toString()) as Json;

/** Tokens that must all be refused, by what is wrong with them. */
export function hostileTokens(loot: Loot): Record<string, string> {
  const [head = '', body = '', signature = ''] = loot.good.split('.');
  const [header, claims] = [decode(head), decode(body)];
  const { kid, ...withoutKid } = header;
  const now = Math.floor(Date.now() / 1000);
  const signed = (changed: Json, payload: unknown, secret: string = loot.secret, hash = 'sha256'): string => {
    const input = `${encode(changed)}.${encode(payload)}`;
    return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`;
  };
  const claiming = (change: Json): string => signed(header, { ...claims, ...change });
  const heading = (change: Json): string => signed({ ...header, ...change }, claims);
  const absent = (name: string): string =>
    signed(header, Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name)));
  const unsigned = (alg: unknown, tail = ''): string => `${encode({ ...header, alg })}.${body}.${tail}`;
  const flipped = (part: string, at: number): string => {
    const bytes = Buffer.from(part, 'base64url');
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    return bytes.toString('base64url');
  };

  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ed = generateKeyPairSync('ed25519');
  const asymmetric = (alg: string, key: KeyObject, hash: string | null, more: Json = {}): string => {
    const input = `${encode({ ...header, alg, ...more })}.${body}`;
    const options = alg.startsWith('ES') ? { key, dsaEncoding: 'ieee-p1363' as const } : key;
    return `${input}.${signWith(hash, Buffer.from(input), options).toString('base64url')}`;
  };
  const jwk = rsa.publicKey.export({ format: 'jwk' });
  const pem = rsa.publicKey.export({ format: 'pem', type: 'spki' }).toString();
  const oct = { kty: 'oct', k: encode('known'), alg: 'HS256' };
  const forgedWith = (change: Json, secret: string): string =>
    signed({ ...header, ...change }, claims, secret);

  return {
    'alg none': unsigned('none'),
    'alg None': unsigned('None'),
    'alg NONE': unsigned('NONE'),
    'alg nOnE': unsigned('nOnE'),
    'alg none with a space': unsigned('none '),
    'alg none with NUL': unsigned('none\0'),
    'alg none, good signature': unsigned('none', signature),
    'alg empty': unsigned(''),
    'alg null': unsigned(null),
    'alg missing': `${encode({ typ: header['typ'], kid })}.${body}.${signature}`,
    'alg array': unsigned(['HS256', 'none'], signature),
    'alg object': unsigned({ $ne: 'HS256' }, signature),
    'alg number': unsigned(256, signature),
    'alg hs256': heading({ alg: 'hs256' }),
    'alg HS384': signed({ ...header, alg: 'HS384' }, claims, loot.secret, 'sha384'),
    'alg HS512': signed({ ...header, alg: 'HS512' }, claims, loot.secret, 'sha512'),
    'HS256 header, HS512 signature': signed(header, claims, loot.secret, 'sha512'),
    RS256: asymmetric('RS256', rsa.privateKey, 'sha256'),
    RS512: asymmetric('RS512', rsa.privateKey, 'sha512'),
    ES256: asymmetric('ES256', ec.privateKey, 'sha256'),
    EdDSA: asymmetric('EdDSA', ed.privateKey, null),
    'RS256 with its key in jwk': asymmetric('RS256', rsa.privateKey, 'sha256', { jwk }),
    'RS256 with jku': asymmetric('RS256', rsa.privateKey, 'sha256', { jku: 'http://127.0.0.1:9/jwks.json' }),
    'RS256 with x5u': asymmetric('RS256', rsa.privateKey, 'sha256', { x5u: 'http://127.0.0.1:9/cert.pem' }),
    'RS256 with x5c': asymmetric('RS256', rsa.privateKey, 'sha256', { x5c: [encode(pem)] }),
    'HMAC with a public key': forgedWith({}, pem),
    'HMAC with its key in jwk': forgedWith({ jwk: oct }, 'known'),
    'HMAC with jku': forgedWith({ jku: 'http://127.0.0.1:9/jwks.json' }, 'known'),
    'wrong secret': forgedWith({}, 'another secret, also long enough to pass'),
    'empty secret': forgedWith({}, ''),
    'secret "secret"': forgedWith({}, 'secret'),
    'secret "undefined"': forgedWith({}, 'undefined'),
    'secret with a space after it': forgedWith({}, `${loot.secret} `),
    'secret is the kid': forgedWith({}, String(kid)),
    'secret is NUL': forgedWith({ kid: '../../../../dev/null' }, '\0'),
    'no kid': signed(withoutKid, claims),
    'kid empty': heading({ kid: '' }),
    'kid null': heading({ kid: null }),
    'kid number': heading({ kid: 0 }),
    'kid array': heading({ kid: [kid] }),
    'kid object': heading({ kid: { $ne: '' } }),
    'kid unknown': heading({ kid: 'AAAAAAAAAAAA' }),
    'kid path': heading({ kid: '../../../../etc/passwd' }),
    'kid SQL': heading({ kid: "' UNION SELECT 'known'--" }),
    'kid __proto__': heading({ kid: '__proto__' }),
    'kid constructor': heading({ kid: 'constructor' }),
    'kid with NUL': heading({ kid: `${String(kid)}\0` }),
    'kid URL': heading({ kid: 'http://127.0.0.1:9/key' }),
    'typ JWT': heading({ typ: 'JWT' }),
    'typ missing': signed({ alg: 'HS256', kid }, claims),
    'typ refresh': heading({ typ: 'rt+jwt' }),
    'typ array': heading({ typ: ['at+jwt'] }),
    'crit unknown': heading({ crit: ['exp'] }),
    'crit b64': heading({ crit: ['b64'], b64: false }),
    'crit empty': heading({ crit: [] }),
    'crit text': heading({ crit: 'alg' }),
    'iss wrong': claiming({ iss: 'https://evil.example' }),
    'iss missing': absent('iss'),
    'iss array': claiming({ iss: [claims['iss']] }),
    'aud wrong': claiming({ aud: 'another-api' }),
    'aud missing': absent('aud'),
    'aud empty array': claiming({ aud: [] }),
    'exp past': claiming({ exp: now - 1 }),
    'exp long past': claiming({ exp: 1 }),
    'exp zero': claiming({ exp: 0 }),
    'exp negative': claiming({ exp: -now }),
    'exp missing': absent('exp'),
    'exp text': claiming({ exp: String(now + 900) }),
    'exp null': claiming({ exp: null }),
    'exp fraction': claiming({ exp: now + 900.5 }),
    'exp array': claiming({ exp: [now + 900] }),
    'nbf in the future': claiming({ nbf: now + 3_600 }),
    'nbf text': claiming({ nbf: 'never' }),
    'iat text': claiming({ iat: 'yesterday' }),
    'sub missing': absent('sub'),
    'sub of another user': claiming({ sub: loot.otherUserId }),
    'sub object': claiming({ sub: { $ne: null } }),
    'sub array': claiming({ sub: [claims['sub']] }),
    'sub upper case': claiming({ sub: String(claims['sub']).toUpperCase() + 'A' }),
    'sid missing': absent('sid'),
    'sid of another user': claiming({ sid: loot.otherSessionId }),
    'sid unknown': claiming({ sid: 'dddddddddddddddddddddddd' }),
    'sid object': claiming({ sid: { $gt: '' } }),
    'sid null': claiming({ sid: null }),
    'sid __proto__': claiming({ sid: '__proto__' }),
    'payload of another, old signature': `${head}.${encode({ ...claims, sub: loot.otherUserId })}.${signature}`,
    'payload no JSON': signed(header, 'no json'),
    'payload array': signed(header, [claims]),
    'payload null': signed(header, 'null'),
    'payload empty': signed(header, ''),
    'header no JSON': `${encode('no json')}.${body}.${signature}`,
    'header array': `${encode([header])}.${body}.${signature}`,
    'signature missing': `${head}.${body}.`,
    'signature and its dot missing': `${head}.${body}`,
    'signature cut': `${head}.${body}.${signature.slice(0, -4)}`,
    'signature longer': `${head}.${body}.${signature}AAAA`,
    'signature bit flipped at the start': `${head}.${body}.${flipped(signature, 0)}`,
    'signature bit flipped at the end': `${head}.${body}.${flipped(signature, 31)}`,
    'signature zero': `${head}.${body}.${Buffer.alloc(32).toString('base64url')}`,
    'payload bit flipped': `${head}.${flipped(body, 10)}.${signature}`,
    'header bit flipped': `${flipped(head, 3)}.${body}.${signature}`,
    'trailing dot': `${loot.good}.`,
    'trailing dots': `${loot.good}..`,
    'five parts (JWE)': `${encode({ alg: 'dir', enc: 'A256GCM', kid })}..${encode('iv')}.${body}.${signature}`,
    'JWE with a direct key': `${encode({ alg: 'dir', enc: 'A128CBC-HS256' })}..AAAA.AAAA.AAAA`,
    'four parts': `${loot.good}.${signature}`,
    'parts swapped': `${body}.${head}.${signature}`,
    'signature padded': `${loot.good}=`,
    'signature with spare bits set': spareBits(loot.good),
    'signature in plain base64': `${head}.${body}.${Buffer.from(signature, 'base64url').toString('base64').replace('=', '')}+`,
    'detached payload': `${head}..${signature}`,
    'only dots': '..',
    'refresh token': loot.refreshToken,
    'no token': '',
    'the word null': 'null',
    'the word undefined': 'undefined',
    'an object': '{"$ne":null}',
    huge: `${head}.${'A'.repeat(8_000)}.${signature}`,
    'huge and signed': claiming({ filling: 'A'.repeat(6_000) }),
    'not ASCII': `${head}.${body}.\u00e9\u00ff${signature.slice(2)}`,
    'tab inside': `${head}.\t${body}.${signature}`,
    'two tokens': `${loot.good}, ${loot.good}`,
    'token twice': `${loot.good} ${loot.good}`,
  };
}

/** 32 bytes leave two bits unused in the last character; a second spelling of the same token is no token. */
function spareBits(token: string): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return token.slice(0, -1) + letters.charAt(letters.indexOf(token.slice(-1)) ^ 1);
}
