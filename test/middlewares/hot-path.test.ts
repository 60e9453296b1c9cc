import http from 'node:http';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import mongoose from 'mongoose';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type Person, type TestApp } from '../app.ts';
import { assertNothingSecret } from '../guards/secrets.ts';
import { refusal } from '../scene.ts';

const production = {
  NODE_ENV: 'production',
  MONGO_URI: 'mongodb://db/pro-tasker?replicaSet=rs0',
  JWT_SECRET: 'kW8zr2Qm5Tq0bXcV7nLh3YpFs9GdJa6E',
  CORS_ORIGINS: 'https://app.example.com,http://localhost:5173',
  RATE_LIMIT_AUTH_PER_MINUTE: '1000',
  BCRYPT_COST: '10',
};

describe('in production', () => {
  let api: TestApp;
  beforeAll(async () => {
    api = await startApp(production);
  });
  afterAll(() => api.close());

  const from = (origin: string, headers: Record<string, string> = {}, method = 'GET') =>
    api.request(method, '/api/users/me', { headers: { origin, ...headers } });

  it('scripts of listed pages may read answers and the headers that matter', async () => {
    const { headers } = await from('https://app.example.com');
    expect(headers['access-control-allow-origin']).toBe('https://app.example.com');
    expect(headers['access-control-allow-credentials']).toBe('true');
    expect(headers.vary).toContain('Origin');
    expect(String(headers['access-control-expose-headers']).split(',').sort()).toEqual(
      [
        ...[
          'ETag',
          'Idempotency-Replayed',
          'Location',
          'Preference-Applied',
          'RateLimit',
          'RateLimit-Policy',
        ],
        ...['Retry-After', 'X-Request-Id'],
      ].sort(),
    );
  });

  it.each(['https://evil.example', 'null', 'http://localhost:4000', 'https://app.example.com.evil.example'])(
    'scripts of %s may not, nor ask beforehand',
    async (origin) => {
      const plain = await from(origin);
      const preflight = await from(origin, { 'access-control-request-method': 'PATCH' }, 'OPTIONS');
      for (const { headers } of [plain, preflight]) {
        expect(headers['access-control-allow-origin']).toBeUndefined();
        expect(headers['access-control-allow-methods']).toBeUndefined();
        expect(headers.vary).toContain('Origin');
      }
    },
  );

  it('a listed page that asks beforehand hears what it may send', async () => {
    const answer = await from(
      'http://localhost:5173',
      { 'access-control-request-method': 'PATCH', 'access-control-request-headers': 'if-match' },
      'OPTIONS',
    );
    expect(answer.status).toBe(204);
    expect(answer.headers['access-control-allow-origin']).toBe('http://localhost:5173');
    expect(answer.headers['access-control-allow-methods']).toBe('GET,HEAD,POST,PUT,PATCH,DELETE');
    expect(answer.headers['access-control-allow-headers']).toBe(
      'Authorization,Content-Type,If-Match,Prefer,Idempotency-Key,X-Request-Id,Last-Event-ID',
    );
    expect(answer.headers['access-control-max-age']).toBe('600');
  });

  it('every answer carries the security headers, also a refusal', async () => {
    for (const path of ['/api/', '/api/users/me', '/nowhere', '/health/live']) {
      const { headers } = await api.request('GET', path);
      expect(headers).toMatchObject({
        'content-security-policy': "default-src 'none';frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'SAMEORIGIN',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
        'cross-origin-opener-policy': 'same-origin',
      });
      expect(headers['strict-transport-security']).toMatch(/^max-age=\d{7,}/);
      expect(headers['x-powered-by']).toBeUndefined();
      expect(headers['server']).toBeUndefined();
    }
  });

  it('metrics do not exist without a token in the configuration', async () => {
    expect(refusal(await api.request('GET', '/metrics'))).toEqual([404, 'route.not_found']);
  });
});

describe('any port of the own machine may call', () => {
  it('outside production', async () => {
    const api = await startApp();
    const headers = { origin: 'http://localhost:3000' };
    const answer = await api.request('GET', '/api/', { headers });
    const evil = await api.request('GET', '/api/', { headers: { origin: 'http://localhost.evil.example' } });
    await api.close();
    expect(answer.headers['access-control-allow-origin']).toBe('http://localhost:3000');
    expect(evil.headers['access-control-allow-origin']).toBeUndefined();
  });
});

describe('requests and the log', () => {
  let api: TestApp;
  let person: Person;
  beforeAll(async () => {
    api = await startApp();
    person = await api.register();
  });
  afterAll(() => api.close());

  const linesOf = (requestId: string) =>
    api.logLines
      .map((line): Record<string, unknown> => JSON.parse(line))
      .filter((line) => line['requestId'] === requestId);

  it.each(['abc', 'A-1.b:c_d', 'x'.repeat(128)])('a safe request id is kept: %s', async (id) => {
    const answer = await api.request('GET', '/api/users/me', { headers: { 'x-request-id': id } });
    expect(answer.headers['x-request-id']).toBe(id);
    expect(answer.body.instance).toBe(id);
  });

  it.each(['', 'a b', 'x'.repeat(129), '<script>', 'a"b', 'a,b', 'é'])(
    'an unsafe one is replaced: %s',
    async (id) => {
      const answer = await api.request('GET', '/api/', {
        headers: { 'x-request-id': Buffer.from(id).toString('latin1') },
      });
      expect(answer.headers['x-request-id']).toMatch(/^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/);
    },
  );

  it('each request writes one line that says who, what and how it ended', async () => {
    const sent: [string, string, number, string, string | undefined][] = [
      ['GET', '/api/users/me', 200, '/api/users/me', undefined],
      ['GET', '/api/tasks/ffffffffffffffffffffffff', 404, '/api/tasks/:id', 'task.not_found'],
      ['GET', '/api/nowhere?token=secret', 404, 'none', 'route.not_found'],
      ['GET', '/health/live', 200, '/health/live', undefined],
    ];
    for (const [method, path, status, route, problem] of sent) {
      const requestId = `line.${String(status)}.${route.replaceAll(/\W/g, '.')}`;
      await api.request(method, path, { token: person.token, headers: { 'x-request-id': requestId } });
      const lines = linesOf(requestId);
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatchObject({ level: 'info', msg: 'request', method, route, status });
      expect(lines[0]?.['problem']).toBe(problem);
      expect(lines[0]?.['ms']).toEqual(expect.any(Number));
      expect(lines[0]?.['address']).toBe('127.0.0.1');
    }
  });

  it('a client that went away before its answer is a line with 499', async () => {
    const requestId = 'went.away';
    const agent = new http.Agent();
    await new Promise<void>((resolve) => {
      const request = http.request(`${api.url}/api/auth/login`, {
        agent,
        method: 'POST',
        headers: { 'x-request-id': requestId, 'content-type': 'application/json', 'content-length': '100' },
      });
      request.on('error', () => {
        resolve();
      });
      request.write('{');
      setTimeout(() => request.destroy(), 100);
    });
    await expect.poll(() => linesOf(requestId).map((line) => line['status'])).toEqual([499]);
  });

  it('nothing secret reaches the log', async () => {
    const body = { email: person.email, password: person.password };
    const login = await api.request('POST', '/api/auth/login', { body });
    await api.request('POST', '/api/auth/login', { body: { ...body, password: 'a wrong 1 password' } });
    await api.request('POST', '/api/auth/refresh', { body: { refreshToken: login.body.refreshToken } });
    await api.request('GET', `/api/users/me?token=${person.token}`, { token: person.token });
    const log = api.logLines.join('');
    for (const secret of [person.password, person.email, person.token, person.refreshToken, 'a wrong 1'])
      expect(log).not.toContain(secret);
    // The start names the fields of the indexes it builds.
    const lines = api.logLines.filter((line) => !line.includes('"msg":"building an index"'));
    for (const line of lines) assertNothingSecret(line, 'log');
  });

  it('the trace of a caller is on the line', async () => {
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const headers = { 'x-request-id': 'traced', traceparent: `00-${trace}-00f067aa0ba902b7-01` };
    await api.request('GET', '/api/', { headers });
    await api.request('GET', '/api/', { headers: { 'x-request-id': 'untraced', traceparent: 'x' } });
    expect(linesOf('traced')[0]?.['trace']).toBe(trace);
    expect(linesOf('untraced')[0]?.['trace']).toBeUndefined();
  });
});

describe('under more load than it is meant for', () => {
  let api: TestApp;
  const held: net.Socket[] = [];
  beforeAll(async () => {
    api = await startApp({ SHED_IN_FLIGHT: '3' });
  });
  afterEach(() => {
    for (const socket of held.splice(0)) socket.destroy();
  });
  afterAll(() => api.close());

  /** A request whose body never ends, so that it stays in flight. */
  async function hold(): Promise<void> {
    const { port } = new URL(api.url);
    const socket = net.connect(Number(port), '127.0.0.1');
    held.push(socket);
    socket.on('error', () => undefined);
    socket.write(
      'POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{',
    );
    await new Promise((connected) => socket.once('connect', connected));
  }

  it('the server refuses at once with the time to wait, and health stays up', async () => {
    for (let count = 0; count < 3; count += 1) await hold();
    // Until the three have arrived; an answer of our own may count for a moment after it was read.
    await sleep(300);
    const times: number[] = [];
    for (let count = 0; count < 20; count += 1) {
      const startedAt = performance.now();
      const answer = await api.request('GET', '/api/');
      times.push(performance.now() - startedAt);
      expect(refusal(answer)).toEqual([503, 'server.busy']);
      expect(answer.headers['retry-after']).toBe('1');
    }
    times.sort((a, b) => a - b);
    expect(times[10]).toBeLessThan(50);
    expect((await api.request('GET', '/health/live')).status).toBe(200);
    expect((await api.request('GET', '/health/ready')).status).toBe(200);
  });

  it('it answers again once the load is gone', async () => {
    await expect.poll(async () => (await api.request('GET', '/api/')).status).toBe(200);
  });
});

describe('metrics', () => {
  it('are for holders of the token only', async () => {
    const token = 'metrics-token-of-the-suite';
    const api = await startApp({ METRICS_TOKEN: token });
    const answers = [
      await api.request('GET', '/metrics'),
      await api.request('GET', '/metrics', { token: 'metrics-token-of-the-suitf' }),
      await api.request('GET', '/metrics', { token }),
    ];
    await api.close();
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 200]);
  });

  it('tell of requests by route, errors, database commands, the pool, the event loop and memory', async () => {
    const api = await startApp();
    const { token } = await api.register();
    await api.request('GET', '/api/tasks/ffffffffffffffffffffffff', { token });
    const { text, headers } = await api.request('GET', '/metrics');
    await api.close();
    expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    for (const line of [
      /^http_request_duration_seconds_count\{method="GET",route="\/api\/tasks\/:id",status="404"\} 1$/m,
      /^# TYPE http_request_errors_total counter$/m,
      /^mongodb_command_duration_seconds_count\{command="find",outcome="ok"\} \d+$/m,
      /^http_requests_in_flight 1$/m,
      /^event_loop_delay_seconds [\d.e-]+$/m,
      /^mongodb_pool_connections_open [1-9]\d*$/m,
      /^mongodb_pool_connections_in_use \d+$/m,
      /^event_streams_open 0$/m,
      /^job_lag_seconds [\d.e-]+$/m,
      /^job_parked_jobs 0$/m,
      /^process_resident_memory_bytes \d+$/m,
      /^nodejs_eventloop_lag_seconds /m,
      /^nodejs_gc_duration_seconds_count/m,
    ])
      expect(text).toMatch(line);
    expect(text).not.toContain('ffffffffffffffffffffffff');
    expect(mongoose.connection.readyState).toBe(mongoose.ConnectionStates.disconnected);
  });
});
