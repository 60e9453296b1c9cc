import { secretWeakness } from './secret-strength.ts';
import type { ValueType } from './value-types.ts';

/** Where the program runs; `staging` and `production` are strict about secrets and the database. */
export type Environment = 'development' | 'test' | 'staging' | 'production';

/** The headings of the documentation, in the order of the variables. */
export type Group = 'Process' | 'Web' | 'Database' | 'Sessions' | 'Passwords' | 'Limits and deadlines';

interface Described<Field extends string, Value> {
  /** Name in `Config`. */
  readonly field: Field;
  readonly group: Group;
  /** One sentence on what the variable does. */
  readonly about: string;
  readonly type: ValueType<Value>;
  /** The value is never shown. */
  readonly secret?: true;
  /** What to do about a well-formed value that this environment refuses; a method, so that tables of mixed types fit. */
  check?(value: Value, env: Environment): string | undefined;
}

/** A variable that always has a value: the given one or the default, written as it would be in a file. */
export interface Defaulted<Field extends string, Value> extends Described<Field, Value> {
  readonly default: string | Readonly<Record<Environment, string>>;
}

/** A variable that may be absent, except in staging and production when `required` says what to give. */
export interface Optional<Field extends string, Value> extends Described<Field, Value> {
  readonly default?: never;
  readonly whenUnset: string;
  readonly required?: string;
  readonly example?: string;
}

/** Any row of the table. */
export type Variable = Defaulted<string, unknown> | Optional<string, unknown>;

/** Whether strangers can reach this environment, so that samples and shortcuts are refused. */
export function isDeployed(env: Environment): boolean {
  return env === 'production' || env === 'staging';
}

/** A row with a default. */
export function defaulted<const Field extends string, Value>(
  row: Defaulted<Field, Value>,
): Defaulted<Field, Value> {
  return row;
}

/** A row that may be absent. */
export function optional<const Field extends string, Value>(
  row: Optional<Field, Value>,
): Optional<Field, Value> {
  return row;
}

/** Defaults where strangers can reach the program, on a developer's machine and in tests. */
export function perEnvironment(
  deployed: string,
  development: string,
  test: string,
): Record<Environment, string> {
  return { development, test, staging: deployed, production: deployed };
}

/** Refuses weak secrets where strangers can reach the program. */
export function strongWhenDeployed(minimumBytes: number) {
  return (secret: string, env: Environment): string | undefined =>
    isDeployed(env) ? secretWeakness(secret, minimumBytes) : undefined;
}
