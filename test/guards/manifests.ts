import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as apps from 'kubernetes-models/apps/v1';
import * as autoscaling from 'kubernetes-models/autoscaling/v2';
import * as networking from 'kubernetes-models/networking.k8s.io/v1';
import * as policy from 'kubernetes-models/policy/v1';
import * as core from 'kubernetes-models/v1';
import { parseAllDocuments } from 'yaml';

/** The folder of the repository. */
export const root = resolve(import.meta.dirname, '../..');

/** The text of a file of the repository. */
export const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');

/** The documents of a YAML file; throws at any fault, also at a key given twice. */
export function documentsOf(path: string): unknown[] {
  return parseAllDocuments(textOf(path), { merge: true, uniqueKeys: true }).map((document) => {
    const [fault] = [...document.errors, ...document.warnings];
    if (fault !== undefined) throw new Error(`${path}: ${fault.message}`);
    return document.toJS() as unknown;
  });
}

/** The YAML files below a folder of the repository. */
export function yamlFilesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.ya?ml$/.test(path))
    .map((path) => `${folder}/${path}`)
    .sort();
}

/** The part of a Kubernetes object that every kind has. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; labels?: Record<string, string> };
}

interface Checked {
  validate(): void;
}

/** The kinds that we use, with the schemas that the Kubernetes API publishes for them. */
const kinds: Record<string, { prototype: Checked }> = {
  'apps/v1 Deployment': apps.Deployment,
  'autoscaling/v2 HorizontalPodAutoscaler': autoscaling.HorizontalPodAutoscaler,
  'networking.k8s.io/v1 Ingress': networking.Ingress,
  'networking.k8s.io/v1 NetworkPolicy': networking.NetworkPolicy,
  'policy/v1 PodDisruptionBudget': policy.PodDisruptionBudget,
  'v1 Namespace': core.Namespace,
  'v1 Service': core.Service,
  'v1 ServiceAccount': core.ServiceAccount,
};

/** What is wrong with a manifest: faults of its schema, and fields that the schema does not know. */
export function faultsOf(manifest: Manifest): string[] {
  const kind = `${manifest.apiVersion} ${manifest.kind}`;
  const Kind = kinds[kind];
  if (Kind === undefined) return [`${kind} is none of the kinds we use`];
  const unread = new Set<string>();
  try {
    // On the data itself, which stands in for a Kind: one made of it would be a copy, all of which has been looked at.
    Kind.prototype.validate.call(watched(manifest, '', unread) as Checked);
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
  return [...unread].map((path) => `${kind} knows no field ${path}`);
}

/**
 * The same value, which crosses each field that is looked at off `unread`. The schemas let unknown fields pass, so what
 * validating never looks at is what they do not know.
 */
function watched(value: unknown, path: string, unread: Set<string>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const at = (key: string): string => `${path}/${key}`;
  const inner = Object.entries(value).map(([key, field]): [string, unknown] => {
    unread.add(at(key));
    return [key, watched(field, at(key), unread)];
  });
  const copy = Array.isArray(value) ? inner.map(([, field]) => field) : Object.fromEntries(inner);
  return new Proxy(copy, {
    get: (target, key, receiver): unknown => {
      unread.delete(at(String(key)));
      return Reflect.get(target, key, receiver);
    },
  });
}
