import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { routes, startApp, type TestApp } from '../../test/app.ts';
import { refusal } from '../../test/scene.ts';

let api: TestApp;

beforeAll(async () => {
  api = await startApp();
});
afterAll(() => api.close());

const bodiless = routes
  .filter(({ method, spec }) => method !== 'get' && spec.body === undefined && spec.access !== 'public')
  .map(({ method, path }) => [
    method.toUpperCase(),
    `/api${path.replace(/:\w+/g, '66a1f0c2e4b0a1b2c3d4e5f6')}`,
  ]);

describe.each(bodiless)('%s %s takes no body', (method, path) => {
  it('an empty object counts as none', async () => {
    const { token } = await api.register();
    const answer = await api.request(String(method), String(path), { token, body: {} });
    expect(answer.status, answer.text).not.toBe(400);
  });

  it('an empty chunked body counts as none', async () => {
    const { token } = await api.register();
    const headers = { 'transfer-encoding': 'chunked' };
    const answer = await api.request(String(method), String(path), { token, headers });
    expect([400, 415]).not.toContain(answer.status);
  });

  it.each([[{ a: 1 }], [[]], [null], [0], [false], ['""']])('%j is refused', async (body) => {
    const { token } = await api.register();
    const answer = await api.request(String(method), String(path), { token, body });
    expect(refusal(answer)).toEqual([400, 'request.invalid']);
  });
});
