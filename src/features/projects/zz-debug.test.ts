import { it } from 'vitest';
import { startApp } from '../../../test/app.ts';
it('x', async () => {
  const api = await startApp();
  const p = await api.register();
  for (let i = 0; i < 30; i++) {
    const a = await api.request('POST', '/api/projects', { token: p.token, body: { name: `Project ${i}` } });
    console.log(a.status, a.body.key ?? a.body.detail);
  }
  await api.close();
});
