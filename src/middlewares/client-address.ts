import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/**
 * The client's address: the socket's, or behind `hops` trusted proxies the entry of `X-Forwarded-For`
 * that the outermost trusted proxy wrote. An entry the client wrote itself is never believed.
 */
export function clientAddress(req: IncomingMessage, hops: number): string {
  const socket = plain(req.socket.remoteAddress ?? 'unknown');
  if (hops === 0) return socket;
  const entries = String(req.headers['x-forwarded-for'] ?? '').split(',');
  const entry = bare(entries[Math.max(0, entries.length - hops)] ?? '');
  return isIP(entry) === 0 ? socket : plain(entry);
}

/** Some proxies write a port too: `192.0.2.1:443`, `[2001:db8::1]:443`. */
const bare = (entry: string): string => {
  const [, bracketed, dotted] = /^\[([^\]]*)\](?::\d+)?$|^([\d.]+):\d+$/.exec(entry.trim()) ?? [];
  return bracketed ?? dotted ?? entry.trim();
};

const plain = (address: string): string => (address.startsWith('::ffff:') ? address.slice(7) : address);

/** What an address is counted as: itself, or for IPv6 its /64 network, which one customer usually has whole. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail = ''] = address.split('::');
  const left = head.split(':').filter(Boolean);
  const right = address.includes('::') ? tail.split(':').filter(Boolean) : [];
  const groups = [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
