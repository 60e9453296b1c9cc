import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/index.ts';
import { variables } from '../../src/config/env.schema.ts';
import { environmentOf, pathsOf, readDockerfile, readDockerignore, wordsOf } from './dockerfile.ts';
import { parse as parseYaml } from 'yaml';
import { documentsOf, faultsOf, root, textOf, yamlFilesIn } from './manifests.ts';

const known = Object.keys(variables);
/** Where the server answers whether it lives and is ready; src/http/status-routes.ts. */
const probes = { live: '/health/live', ready: '/health/ready' };
const secrets = {
  JWT_SECRET: 'q7Zt2mXw9LbVn4RsKd8HfYc3PgTj6Uae',
  MONGO_URI: 'mongodb://db/x?replicaSet=rs0',
};

// What the files hold is looked into freely: each expectation is the check of its shape.
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- parsed files, see the line above
type Parsed = any;

const only = (path: string): Parsed => {
  const [first, ...more] = documentsOf(path);
  expect(more).toEqual([]);
  return first;
};

interface Kustomization {
  namespace: string;
  resources: string[];
  configMapGenerator: { name: string; literals: string[] }[];
  patches: { target: { kind: string; name: string }; patch: string }[];
}

interface Step {
  uses?: string;
  run?: string;
}

describe('the Dockerfile', () => {
  const stages = readDockerfile(textOf('docker/Dockerfile'));
  const final = stages.at(-1) ?? { name: '', base: '', instructions: [] };
  const rest = (name: string): string[] =>
    final.instructions.filter((one) => one.name === name).map((one) => one.rest);

  it('is built on one slim base', () => {
    expect(new Set(stages.map(({ base }) => base))).toEqual(new Set(['node:24-slim']));
  });

  it('copies only what is there and what .dockerignore lets through', () => {
    const isIgnored = readDockerignore(textOf('.dockerignore'));
    const names = stages.map(({ name }) => name);
    for (const copy of stages.flatMap((stage) => stage.instructions).filter(({ name }) => name === 'COPY')) {
      const { from } = copy.flags;
      if (from !== undefined) expect(names).toContain(from);
      else
        for (const source of pathsOf(copy).sources)
          expect([source, existsSync(join(root, source)), isIgnored(source)]).toEqual([source, true, false]);
    }
  });

  it('lets no secret, test or local data into the context', () => {
    const isIgnored = readDockerignore(textOf('.dockerignore'));
    const outside = [
      '.env',
      '.env.production',
      'docker/.env',
      'src/.env',
      '.git/config',
      'data/db',
      'reports/x',
    ];
    for (const path of [...outside, 'node_modules/x', 'src/config/config.test.ts', 'src/a.fixture.ts'])
      expect([path, isIgnored(path)]).toEqual([path, true]);
    expect(isIgnored('src/main.ts')).toBe(false);
  });

  it('runs as a numbered user that is not root', () => {
    expect(rest('USER')).toEqual(['1000:1000']);
  });

  it('sets variables that exist, to values that production takes', () => {
    const set = environmentOf(final);
    expect(known).toEqual(expect.arrayContaining(Object.keys(set)));
    expect(loadConfig({ ...set, ...secrets })).toMatchObject({ env: 'production', port: 4000 });
    expect(rest('EXPOSE')).toEqual([set['PORT']]);
  });

  it('checks its health where the server answers, and starts what the build makes', () => {
    expect(wordsOf(final, 'HEALTHCHECK').join(' ')).toContain(probes.live);
    expect(wordsOf(final, 'CMD')).toEqual(['node', 'dist/src/main.js']);
    expect(existsSync(join(root, 'src/main.ts'))).toBe(true);
  });

  it('names no registry', () => {
    expect(textOf('docker/Dockerfile')).not.toMatch(/\b[\w-]+\.(io|com|org)\/|image\.(source|url)/);
  });
});

describe('the compose files', () => {
  const one = only('docker-compose.yml');
  const three = only('docker-compose.replicas.yml');
  const services: [string, Parsed][] = Object.entries(one.services);
  const text = textOf('docker-compose.yml') + textOf('docker-compose.replicas.yml');
  const made = execFileSync('sh', [join(root, 'docker/new-secrets')], { encoding: 'utf8' });
  const given = Object.fromEntries(
    made.split('\n').flatMap((line) => {
      const [, name, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
      return name === undefined ? [] : [[name, value ?? '']];
    }),
  );
  /** Fills in what compose fills in: `${A:?…}` must be given, `${A:-b}` may be. */
  const filled = (value: string): string =>
    value.replace(/\$\{(\w+)(?::([?-])([^}]*))?\}/g, (_all, name: string, kind: string, other: string) => {
      const found = given[name] || (kind === '-' ? other : undefined);
      if (found === undefined) throw new Error(`${name} is not given by docker/new-secrets`);
      return found;
    });
  const settings = (file: Parsed): Record<string, string> =>
    Object.fromEntries(
      Object.entries(file.services.app.environment).map(([name, value]) => [name, filled(String(value))]),
    );

  it('give the server variables that exist, to values that production takes', () => {
    for (const file of [one, three]) {
      expect(known).toEqual(expect.arrayContaining(Object.keys(file.services.app.environment)));
      const config = loadConfig({ NODE_ENV: 'production', ...settings(one), ...settings(file) });
      expect(config.mongoUri).toMatch(/^mongodb:\/\/pro-tasker:[0-9a-f]{64}@mongo:27017.*replicaSet=rs0/);
    }
  });

  it('hold no secret, and refuse to start without them', () => {
    for (const [, name = ''] of text.matchAll(/\$\{(\w*(?:PASSWORD|SECRET|TOKEN)\w*)[^}]*\}/g))
      expect(text).not.toMatch(new RegExp(`\\$\\{${name}(?!:\\?)`));
    expect(made).not.toBe(execFileSync('sh', [join(root, 'docker/new-secrets')], { encoding: 'utf8' }));
    expect(Object.keys(given)).toEqual(
      expect.arrayContaining(['MONGO_ROOT_PASSWORD', 'MONGO_APP_PASSWORD', 'JWT_SECRET', 'METRICS_TOKEN']),
    );
  });

  it('keep the secrets out of the repository', () => {
    expect(textOf('.gitignore').split('\n')).toContain('.env');
  });

  it('start mongod as a member of a set that asks everyone to log in', () => {
    const members = [one.services.mongo, three.services.mongo2, three.services.mongo3];
    for (const member of members) {
      expect(member.image).toBe('mongo:8.0');
      expect(member.command).toEqual([
        'mongod',
        '--replSet',
        'rs0',
        '--bind_ip_all',
        '--keyFile',
        '/keyfile/key',
      ]);
      expect(member.networks).toEqual(['inside']);
      expect(member.healthcheck.test[0]).toBe('CMD');
    }
    expect(one.networks.inside).toEqual({ internal: true });
    // A member that joins must be empty, so only the first makes the root user.
    expect(members.map((member) => member.environment !== undefined)).toEqual([true, false, false]);
  });

  it('start the server after the set and its user are there', () => {
    expect(one.services.app.depends_on['mongo-init'].condition).toBe('service_completed_successfully');
    expect(one.services['mongo-init'].depends_on.mongo.condition).toBe('service_healthy');
    expect(one.services.mongo.depends_on['mongo-keyfile'].condition).toBe('service_completed_successfully');
    for (const [, service] of services)
      for (const name of Object.keys(service.depends_on ?? {})) expect(one.services).toHaveProperty([name]);
  });

  it('name the same members to the server and to what makes the set', () => {
    for (const file of [one, three]) {
      const hosts = /@([^/]+)\//.exec(file.services.app.environment.MONGO_URI)?.[1];
      expect(file.services['mongo-init'].environment.MONGO_MEMBERS).toBe(hosts);
    }
  });

  it('mount only files and volumes that are there', () => {
    for (const file of [one, three]) {
      const mounts = Object.values<Parsed>(file.services).flatMap((service) => service.volumes ?? []);
      for (const mount of mounts.map((line: string) => line.split(':')[0] ?? '')) {
        if (mount.startsWith('.')) expect([mount, existsSync(join(root, mount))]).toEqual([mount, true]);
        else expect({ ...one.volumes, ...three.volumes }).toHaveProperty([mount]);
      }
    }
    expect(existsSync(join(root, one.services.app.build.dockerfile))).toBe(true);
  });

  it('shut the server in, and give it the time it needs to stop', () => {
    const { app } = one.services;
    expect(app).toMatchObject({ read_only: true, cap_drop: ['ALL'], tmpfs: ['/tmp'] });
    expect(app.ports).toEqual(['${PUBLISH:-127.0.0.1:4000}:4000']);
    const { shutdownSeconds } = loadConfig({});
    expect(Number.parseInt(app.stop_grace_period, 10)).toBeGreaterThan(shutdownSeconds);
  });

  it('let the proxy drop idle connections before the server does', () => {
    const caddyfile = textOf('docker/Caddyfile');
    expect(caddyfile).toContain('reverse_proxy app:4000');
    expect(Number(/keepalive (\d+)s/.exec(caddyfile)?.[1])).toBeLessThan(65);
  });
});

describe('the Kubernetes manifests', () => {
  const base: Kustomization = only('k8s/base/kustomization.yaml');
  const manifests = base.resources.flatMap((file) =>
    documentsOf(`k8s/base/${file}`).map((manifest) => ({ file, manifest: manifest as Parsed })),
  );
  const ofKind = (kind: string): Parsed[] =>
    manifests.map(({ manifest }) => manifest).filter((manifest) => manifest.kind === kind);
  const literals = (kustomization: Kustomization): Record<string, string> =>
    Object.fromEntries(
      kustomization.configMapGenerator.flatMap((map) =>
        map.literals.map((line) => [line.split('=')[0], line.slice(line.indexOf('=') + 1)]),
      ),
    );
  const overlays = ['staging', 'production'].map((name) => {
    const overlay: Kustomization = only(`k8s/overlays/${name}/kustomization.yaml`);
    return { name, overlay };
  });

  it('are all in the kustomization', () => {
    const files = yamlFilesIn('k8s/base').map((path) => path.slice('k8s/base/'.length));
    expect([...base.resources, 'kustomization.yaml'].sort()).toEqual(files);
  });

  it.each(manifests.map(({ file, manifest }) => [`${file}: ${manifest.metadata.name}`, manifest] as const))(
    'say what the API of Kubernetes takes, %s',
    (_title, manifest) => {
      expect(faultsOf(manifest)).toEqual([]);
    },
  );

  it('the check finds a wrong type, a missing field and an unknown one', () => {
    const [deployment] = ofKind('Deployment');
    const changed = (change: (spec: Parsed) => void): string[] => {
      const copy = structuredClone(deployment);
      change(copy.spec);
      return faultsOf(copy);
    };
    expect(changed((spec) => (spec.revisionHistoryLimit = 'five'))).toEqual([
      expect.stringContaining('integer'),
    ]);
    expect(changed((spec) => delete spec.template)).toEqual([expect.stringContaining('template')]);
    expect(changed((spec) => (spec.template.spec.containers[0].livenesProbe = {}))).toEqual([
      'apps/v1 Deployment knows no field /spec/template/spec/containers/0/livenesProbe',
    ]);
  });

  it.each(overlays)('$name: sets variables that exist, to values that it takes', ({ name, overlay }) => {
    const set = { ...literals(base), ...literals(overlay) };
    expect(known).toEqual(expect.arrayContaining(Object.keys(set)));
    const config = loadConfig({ ...set, ...secrets });
    expect([config.env, config.port]).toEqual([name, 4000]);
    expect(config.trustedProxies).toBe(1);
  });

  it.each(overlays)('$name: changes only what is there, to one host', ({ name, overlay }) => {
    for (const resource of overlay.resources)
      expect(existsSync(join(root, 'k8s/overlays', name, resource))).toBe(true);
    expect(faultsOf(only(`k8s/overlays/${name}/namespace.yaml`))).toEqual([]);
    expect(only(`k8s/overlays/${name}/namespace.yaml`).metadata.name).toBe(overlay.namespace);
    const { hostname } = new URL(literals(overlay)['PUBLIC_URL'] ?? '');
    for (const { target, patch } of overlay.patches) {
      const found = manifests.find(
        ({ manifest }) => manifest.kind === target.kind && manifest.metadata.name === target.name,
      );
      for (const { op, path, value } of parseYaml(patch)) {
        const old = String(path)
          .slice(1)
          .split('/')
          .reduce<Parsed>((at, key) => at?.[key], found?.manifest);
        expect([op, path, typeof old]).toEqual(['replace', path, typeof value]);
        if (target.kind === 'Ingress') expect(value).toBe(hostname);
      }
    }
  });

  it('hold no secret', () => {
    for (const path of yamlFilesIn('k8s'))
      for (const document of documentsOf(path)) expect((document as Parsed).kind).not.toBe('Secret');
  });

  describe.each(['web', 'worker'])('%s pods', (role) => {
    const deployment = ofKind('Deployment').find(({ metadata }) => metadata.name === `pro-tasker-${role}`);
    const pod = deployment.spec.template.spec;
    const [container] = pod.containers;

    it('have their role alone', () => {
      expect(container.env).toEqual([{ name: 'ROLES', value: role }]);
      expect(loadConfig({ ROLES: container.env[0].value }).roles).toEqual([role]);
      expect(container.envFrom).toEqual([
        { configMapRef: { name: base.configMapGenerator[0]?.name } },
        { secretRef: { name: 'pro-tasker-secrets' } },
      ]);
    });

    it('are asked for their health where the server answers', () => {
      const asked = [container.startupProbe, container.livenessProbe, container.readinessProbe];
      expect(asked.map((probe: Parsed) => probe.httpGet)).toEqual(
        [probes.live, probes.live, probes.ready].map((path) => ({ path, port: 'http' })),
      );
      expect(container.ports).toEqual([{ name: 'http', containerPort: Number(literals(base)['PORT']) }]);
    });

    it('may do nothing that they need not', () => {
      expect(pod).toMatchObject({
        automountServiceAccountToken: false,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 1000,
          seccompProfile: { type: 'RuntimeDefault' },
        },
      });
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      const mounts: { mountPath: string }[] = container.volumeMounts;
      expect(mounts.map(({ mountPath }) => mountPath)).toEqual([literals(base)['DATA_DIR'], '/tmp']);
      expect(container.resources).toMatchObject({
        requests: { memory: '256Mi' },
        limits: { memory: '640Mi' },
      });
    });

    it('have the time to stop that the server takes', () => {
      const pause = Number(container.lifecycle.preStop.exec.command[1]);
      const longest = pause + Number(literals(base)['SHUTDOWN_SECONDS']);
      expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(longest);
    });

    it('are found by their labels', () => {
      const labels = deployment.spec.template.metadata.labels;
      const selectors = [
        deployment.spec.selector.matchLabels,
        ...ofKind('Service').map(({ spec }) => spec.selector),
        ...ofKind('PodDisruptionBudget').map(({ spec }) => spec.selector.matchLabels),
        ...ofKind('NetworkPolicy').map(({ spec }) => spec.podSelector.matchLabels),
      ].filter((selector) => selector['app.kubernetes.io/component'] === role);
      expect(selectors).toHaveLength(role === 'web' ? 4 : 3);
      for (const selector of selectors) expect(labels).toMatchObject(selector);
    });
  });

  it('lead requests with TLS to the web pods', () => {
    const [ingress] = ofKind('Ingress');
    const [service] = ofKind('Service');
    const rules: { host: string }[] = ingress.spec.rules;
    expect(ingress.spec.tls[0].hosts).toEqual(rules.map(({ host }) => host));
    for (const { path, backend } of ingress.spec.rules[0].http.paths) {
      expect(['/api', '/problems']).toContain(path);
      expect(backend.service).toEqual({ name: service.metadata.name, port: { name: 'http' } });
    }
    const [scaler] = ofKind('HorizontalPodAutoscaler');
    expect(scaler.spec.scaleTargetRef.name).toBe('pro-tasker-web');
  });
});

describe('the workflows', () => {
  const files = yamlFilesIn('.github/workflows');
  const steps = (path: string): Step[] =>
    Object.values<{ steps: Step[] }>(only(path).jobs).flatMap((job) => job.steps);

  it('use official actions by their major version', () => {
    for (const { uses } of files.flatMap(steps))
      if (uses !== undefined) expect(uses).toMatch(/^actions\/[\w/-]+@v\d+$/);
  });

  it('may do no more than read unless they make a release, and end some time', () => {
    for (const path of files) {
      const { permissions, jobs } = only(path);
      expect(permissions).toEqual({ contents: path.endsWith('release.yml') ? 'write' : 'read' });
      for (const job of Object.values<Parsed>(jobs)) expect(job['timeout-minutes']).toBeGreaterThan(0);
    }
  });

  it('run scripts that are there', () => {
    const scripts = Object.keys(JSON.parse(textOf('package.json')).scripts as object);
    for (const { run = '' } of files.flatMap(steps)) {
      for (const [, name] of run.matchAll(/npm (?:run )?(test(?::\w+)?|lint|typecheck|build)\b/g))
        expect(scripts).toContain(name);
      for (const [path] of run.matchAll(/(?:\.ci|docker|k8s)\/[\w./-]+/g))
        if (path !== 'docker/.env') expect([path, existsSync(join(root, path))]).toEqual([path, true]);
    }
  });

  it('try Node 20, 22 and 24', () => {
    const { jobs } = only('.github/workflows/ci.yml');
    for (const name of ['quick', 'whole', 'mongodb'])
      expect(jobs[name].strategy.matrix.node).toEqual([20, 22, 24]);
  });

  it('take the notes of a release from the changelog', () => {
    const notes = (version: string): string =>
      execFileSync(process.execPath, [join(root, '.ci/release-notes.mjs'), version, 'CHANGELOG.md'], {
        cwd: root,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
    expect(notes('Unreleased')).toMatch(/^### Added\n/);
    expect(notes('Unreleased')).not.toMatch(/^## /m);
    expect(() => notes('99.0.0')).toThrow();
  });
});

it('the guides link to files that are there', () => {
  const pages = ['deployment', 'guides/tls', 'guides/log-rotation', 'guides/staging', 'guides/cloud-mongodb'];
  for (const page of [...pages.map((name) => `docs/${name}.md`), 'k8s/README.md'])
    for (const [, link = ''] of textOf(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g))
      expect([page, link, existsSync(join(root, dirname(page), link))]).toEqual([page, link, true]);
});
