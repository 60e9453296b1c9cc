import type { IncomingMessage } from 'node:http';
import { expect, it } from 'vitest';
import { clientAddress } from './client-address.ts';

const from = (forwarded: string | undefined): IncomingMessage => {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
  // Nothing else of a request is looked at.
  return { socket: { remoteAddress: '::ffff:10.0.0.9' }, headers } as unknown as IncomingMessage;
};

it.each([
  [0, '192.0.2.1', '10.0.0.9'],
  [1, undefined, '10.0.0.9'],
  [1, '192.0.2.1', '192.0.2.1'],
  [1, '203.0.113.66, 192.0.2.1', '192.0.2.1'],
  [2, '203.0.113.66, 192.0.2.1, 10.0.0.8', '192.0.2.1'],
  [2, '192.0.2.1', '192.0.2.1'],
  [1, '192.0.2.1:50123', '192.0.2.1'],
  [1, '2001:db8::1', '2001:db8::1'],
  [1, '[2001:db8::1]:443', '2001:db8::1'],
  [1, '[2001:db8::1]', '2001:db8::1'],
  // What the trusted proxy wrote counts, even when it says nothing; never what stands before it.
  [1, '203.0.113.66, unknown', '10.0.0.9'],
  [1, '203.0.113.66, ', '10.0.0.9'],
])('behind %i proxies %j comes from %s', (hops, forwarded, address) => {
  expect(clientAddress(from(forwarded), hops)).toBe(address);
});
