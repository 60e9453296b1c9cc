import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type ErrorRequestHandler } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../config/index.ts';
import { servicePages } from './pages.ts';
import { problemAnswer, toProblem } from './problem-response.ts';
import { problemCodes } from './problem-words.ts';

let server: Server;
let base: string;

beforeAll(async () => {
  const app = express().disable('etag');
  app.use((_req, res, next) => {
    // What the hot path does for every request.
    res.locals['facts'] = {};
    res.setHeader('Cache-Control', 'no-store').setHeader('Content-Security-Policy', `default-src 'none'`);
    next();
  });
  app.use(servicePages([], loadConfig({ NODE_ENV: 'test', PUBLIC_URL: 'https://example.com/tasks' })));
  const answer: ErrorRequestHandler = (error, _req, res, _next) => {
    const { status, headers, body } = problemAnswer(toProblem(error), 'request-1');
    res.status(status).set(headers).json(body);
  };
  app.use(answer);
  server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  base = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
});

afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
});

const get = (path: string, headers: Record<string, string> = {}) => fetch(base + path, { headers });

describe('the documentation page', () => {
  it('loads everything from this server, as its content policy demands', async () => {
    const page = await get('/api/docs');
    const text = await page.text();
    const links = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link = '']) => link);
    expect(links.length).toBeGreaterThan(3);
    for (const link of links) {
      expect(link).toMatch(/^\/api\//);
      expect((await get(link)).status).toBe(200);
    }
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self'; /);
    expect(page.headers.get('content-security-policy')).not.toContain('unsafe');
  });

  it('has no script or style in the page itself', async () => {
    const text = await (await get('/api/docs')).text();
    expect(text).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son\w+=|javascript:/);
  });

  it.each([
    ['swagger-ui.css', 'text/css'],
    ['swagger-ui-bundle.js', 'text/javascript'],
    ['start.js', 'text/javascript'],
    ['favicon-32x32.png', 'image/png'],
  ])('serves %s with its type, for shared caches', async (file, type) => {
    const answer = await get(`/api/docs/${file}`);
    await answer.arrayBuffer();
    expect(answer.headers.get('content-type')).toContain(type);
    expect(answer.headers.get('cache-control')).toBe('public, max-age=3600');
  });

  it.each([
    'package.json',
    'index.html',
    '..%2fpackage.json',
    '%2e%2e%2f%2e%2e%2fpackage.json',
    'constructor',
  ])('serves nothing else: %s', async (file) => {
    expect((await get(`/api/docs/${file}`)).status).toBe(404);
  });
});

describe('the OpenAPI document', () => {
  it('starts its paths below the public address', async () => {
    const document = (await (await get('/api/openapi.json')).json()) as { servers: unknown };
    expect(document.servers).toEqual([{ url: '/tasks/api', description: 'This server' }]);
  });

  it('is not sent again to a client that has it', async () => {
    const first = await get('/api/openapi.json');
    const again = await get('/api/openapi.json', {
      'If-None-Match': first.headers.get('etag') ?? '',
      // Otherwise fetch asks for a fresh copy whenever it is given a condition.
      'Cache-Control': 'max-age=0',
    });
    expect([again.status, await again.text()]).toEqual([304, '']);
  });
});

describe('the page of a problem', () => {
  it.each(problemCodes)('explains %s to people and programs', async (code) => {
    const page = await get(`/problems/${code}`, { Accept: 'text/html' });
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(await page.text()).toContain(code);
    const words = await get(`/problems/${code}`, { Accept: 'application/json' });
    expect(await words.json()).toEqual({
      type: `/problems/${code}`,
      code,
      title: expect.stringMatching(/./),
      status: expect.any(Number),
      meaning: expect.stringMatching(/\.$/),
      remedy: expect.stringMatching(/\.$/),
    });
    expect(words.headers.get('vary')).toContain('Accept');
  });

  it('is a page for whoever takes anything', async () => {
    expect((await get('/problems/task.not_found')).headers.get('content-type')).toContain('text/html');
  });

  it.each(['nope', 'toString', '__proto__', '%3Cscript%3E'])(
    'is 404 for an unknown code: %s',
    async (code) => {
      const answer = await get(`/problems/${code}`);
      expect([answer.status, await answer.json()]).toEqual([
        404,
        expect.objectContaining({ code: 'route.not_found' }),
      ]);
    },
  );

  it('is listed with all others', async () => {
    const page = await (await get('/problems')).text();
    for (const code of problemCodes) expect(page).toContain(`href="/problems/${code}"`);
    const list = (await (await get('/problems', { Accept: 'application/json' })).json()) as {
      items: { code: string }[];
    };
    expect(list.items.map(({ code }) => code)).toEqual(problemCodes);
  });
});

describe.each(['/api/openapi.json', '/api/docs', '/problems', '/problems/task.not_found'])('%s', (path) => {
  it('is only for reading', async () => {
    const answer = await fetch(base + path, { method: 'POST' });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });
});
