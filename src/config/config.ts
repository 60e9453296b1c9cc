import { fallbackPort, variables } from './env.schema.ts';
import type { Settings } from './env.schema.ts';
import { isDeployed } from './variable.ts';
import type { Environment, Variable } from './variable.ts';
import { quote } from './value-types.ts';
import type { Pepper } from './value-types.ts';

/** Everything the program can be told from outside, checked and frozen. */
export type Config = Omit<Settings, 'passwordPepper' | 'passwordPeppersPrevious'> & {
  readonly passwordPepper: string | undefined;
  readonly passwordPepperId: string | undefined;
  readonly passwordPeppersPrevious: readonly Pepper[];
};

/** The configuration cannot be used: `faults` holds one sentence for each thing to mend, without any secret. */
export class ConfigError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    const count = faults.length === 1 ? 'one fault' : `${faults.length} faults`;
    super(`The configuration has ${count}:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

type Env = Readonly<Record<string, string | undefined>>;

/** Reads the configuration from `env` alone; throws a `ConfigError` that lists every fault at once. */
export function loadConfig(env: Env): Config {
  const environment = environmentOf(env);
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, variable] of Object.entries<Variable>(variables)) {
    const outcome = readVariable(name, variable, env, environment);
    faults.push(...outcome.faults);
    if (outcome.faults.length === 0) values[variable.field] = outcome.value;
  }
  // The loop above filled each field from the row that gives it its type; faulty ones are missing.
  const settings = values as Partial<Settings>;
  faults.push(...combinationFaults(settings, environment));
  if (faults.length > 0) throw new ConfigError(faults);
  // Without a fault no field is missing.
  return deepFreeze(withPepperFields(settings as Settings));
}

/** An unknown NODE_ENV is judged like development, so that its own fault is not buried under others. */
function environmentOf(env: Env): Environment {
  const { type, default: fallback } = variables.NODE_ENV;
  const outcome = type.safeParse(givenText(env, 'NODE_ENV') ?? fallback);
  return outcome.success ? outcome.data : 'development';
}

function givenText(env: Env, name: string): string | undefined {
  const text = env[name]?.trim();
  return text === '' ? undefined : text;
}

interface Outcome {
  readonly value?: unknown;
  readonly faults: readonly string[];
}

function readVariable(name: string, variable: Variable, env: Env, environment: Environment): Outcome {
  const given = givenText(env, name);
  const text = given ?? defaultText(variable, env, environment);
  if (text === undefined) {
    const isMissing = 'required' in variable && variable.required !== undefined && isDeployed(environment);
    const fault = `${name} is not set: with NODE_ENV=${environment} ${isMissing ? variable.required : ''}.`;
    return { value: undefined, faults: isMissing ? [fault] : [] };
  }
  const subject = variable.secret ? `${name} is refused` : `${name} is ${quote(text)}`;
  const outcome = variable.type.safeParse(text);
  if (!outcome.success) {
    return {
      faults: outcome.error.issues.map((issue) => `${subject}: ${issue.message}.`),
    };
  }
  const complaint = variable.check?.(outcome.data, environment);
  return complaint ? { faults: [`${subject}: ${complaint}.`] } : { value: outcome.data, faults: [] };
}

function defaultText(variable: Variable, env: Env, environment: Environment): string | undefined {
  const { default: fallback } = variable;
  if (fallback === undefined) return undefined;
  const text = typeof fallback === 'string' ? fallback : fallback[environment];
  return text.replace('{PORT}', () => portText(env));
}

function portText(env: Env): string {
  const given = givenText(env, 'PORT');
  const isUsable = given !== undefined && variables.PORT.type.safeParse(given).success;
  return isUsable ? given : fallbackPort;
}

/** Faults that no variable has alone; variables that are faulty themselves are absent and not judged again. */
function combinationFaults(settings: Partial<Settings>, environment: Environment): string[] {
  const { bodyLimitKb, taskBodyLimitKb, headersTimeoutMs, requestTimeoutMs } = settings;
  const faults: string[] = [];
  if (bodyLimitKb !== undefined && taskBodyLimitKb !== undefined && taskBodyLimitKb < bodyLimitKb) {
    faults.push('TASK_BODY_LIMIT_KB is below BODY_LIMIT_KB: raise the first or lower the second.');
  }
  if (
    headersTimeoutMs !== undefined &&
    requestTimeoutMs !== undefined &&
    headersTimeoutMs > requestTimeoutMs
  ) {
    faults.push('HEADERS_TIMEOUT_MS is above REQUEST_TIMEOUT_MS: lower the first or raise the second.');
  }
  const peppers = [...(settings.passwordPeppersPrevious ?? [])];
  if (settings.passwordPepper) peppers.push(settings.passwordPepper);
  if (new Set(peppers.map((pepper) => pepper.id)).size < peppers.length) {
    faults.push(
      'PASSWORD_PEPPER and PASSWORD_PEPPER_PREVIOUS use an id twice: give each pepper an id of its own, ' +
        'because stored hashes name their pepper by it.',
    );
  }
  if (isDeployed(environment)) faults.push(...sharedSecretFaults(settings));
  return faults;
}

function sharedSecretFaults(settings: Partial<Settings>): string[] {
  const secrets = [
    ['JWT_SECRET', settings.jwtSecret],
    ['JWT_SECRET_PREVIOUS', settings.jwtSecretPrevious],
    ['JWT_REFRESH_SECRET', settings.jwtRefreshSecret],
    ['METRICS_TOKEN', settings.metricsToken],
    ['PASSWORD_PEPPER', settings.passwordPepper?.secret],
  ] as const;
  return secrets.flatMap(([name, secret], index) => {
    const twin = secrets.slice(0, index).find(([, earlier]) => secret !== undefined && earlier === secret);
    return twin
      ? [`${name} is the same as ${twin[0]}: give each its own random value or unset ${name}.`]
      : [];
  });
}

function withPepperFields({ passwordPepper, passwordPeppersPrevious, ...settings }: Settings): Config {
  return {
    ...settings,
    passwordPepper: passwordPepper?.secret,
    passwordPepperId: passwordPepper?.id,
    passwordPeppersPrevious: passwordPeppersPrevious ?? [],
  };
}

function deepFreeze<Value extends object>(value: Value): Value {
  for (const part of Object.values(value)) {
    if (typeof part === 'object' && part !== null) deepFreeze(part);
  }
  return Object.freeze(value);
}
