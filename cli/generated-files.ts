import { renderPermissionsDoc } from '../src/access/permissions-doc.ts';
import { renderConfigurationDoc, renderEnvExample } from '../src/config/index.ts';
import { openApiDocument } from '../src/http/openapi.ts';
import { renderProblemsDoc } from '../src/http/problems-doc.ts';
import { packageInfo } from '../src/package-info.ts';
import { routes } from '../src/routes.ts';

/** A file of the repository that follows from the sources. */
export interface GeneratedFile {
  /** Below the root of the repository. */
  path: string;
  text: string;
}

/** Every generated file with the text it should have. */
export const generatedFiles = (): GeneratedFile[] => [
  { path: '.env.example', text: renderEnvExample() },
  { path: 'docs/configuration.md', text: renderConfigurationDoc() },
  { path: 'docs/permissions.md', text: renderPermissionsDoc() },
  { path: 'docs/problems.md', text: renderProblemsDoc() },
  {
    path: 'docs/openapi.json',
    text: `${JSON.stringify(openApiDocument(routes, { version: packageInfo.version, serverUrl: '/api' }), null, 2)}\n`,
  },
];
