/** Whose side a feature is on; a folder named in no list is a consequence and may know all of these. */
const who = 'auth|users';
const where = 'projects|members';
const what = 'tasks';

const inFeatures = '^src/features/';
const aTest = '\\.(test|fixture)\\.ts$';
const notTypeOnly = { dependencyTypesNot: ['type-only'] };
/** A package's code or its separate typings. */
const packages = (names) => `(^|/)node_modules/(@types/)?(${names})/`;

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'Files that need each other are one question in two files: split by question.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolvable',
      comment: 'An import that resolves to nothing is invisible to every rule below.',
      severity: 'error',
      from: { pathNot: '^bench/contenders/parse/' },
      to: { couldNotResolve: true },
    },
    {
      name: 'feature-front-door',
      comment: 'A feature is entered through its index.ts; a schema may build on another schema.',
      severity: 'error',
      from: { path: `${inFeatures}([^/]+)/`, pathNot: [aTest, '\\.schema\\.ts$'] },
      to: { path: inFeatures, pathNot: [`${inFeatures}$1/`, `${inFeatures}[^/]+/index\\.ts$`] },
    },
    {
      name: 'feature-front-door',
      comment: 'A schema builds on other schemas only, also across features.',
      severity: 'error',
      from: { path: `${inFeatures}([^/]+)/.+\\.schema\\.ts$` },
      to: { path: inFeatures, pathNot: [`${inFeatures}$1/`, '\\.schema\\.ts$'] },
    },
    {
      name: 'producers-do-not-know-consumers',
      comment: 'who (auth, users) knows neither where, what nor consequences.',
      severity: 'error',
      from: { path: `${inFeatures}(${who})/`, pathNot: aTest },
      to: { path: inFeatures, pathNot: `${inFeatures}(${who})/` },
    },
    {
      name: 'producers-do-not-know-consumers',
      comment: 'where (projects, members) knows who, but neither what nor consequences.',
      severity: 'error',
      from: { path: `${inFeatures}(${where})/`, pathNot: aTest },
      to: { path: inFeatures, pathNot: `${inFeatures}(${who}|${where})/` },
    },
    {
      name: 'producers-do-not-know-consumers',
      comment: 'what (tasks) knows who and where, but no consequences: those follow the log.',
      severity: 'error',
      from: { path: `${inFeatures}(${what})/`, pathNot: aTest },
      to: { path: inFeatures, pathNot: `${inFeatures}(${who}|${where}|${what})/` },
    },
    {
      name: 'foundations-do-not-know-features',
      comment: 'What every feature stands on stands by itself.',
      severity: 'error',
      from: { path: '^src/(access|config|db|errors|events|http|jobs|ports|schemas)/', pathNot: aTest },
      to: { path: inFeatures },
    },
    {
      name: 'http-stays-at-the-edge',
      comment: 'Inside a feature only routes and controllers know HTTP.',
      severity: 'error',
      from: { path: inFeatures, pathNot: [aTest, '\\.(routes|controller)\\.ts$'] },
      to: { path: '^src/(http|middlewares)/' },
    },
    {
      name: 'controllers-do-not-touch-the-database',
      comment:
        'A controller asks a service for deeds and its own queries for screens; it may name stored types.',
      severity: 'error',
      from: { path: '\\.controller\\.ts$' },
      to: { path: ['\\.model\\.ts$', '^src/db/', packages('mongoose|mongodb')], ...notTypeOnly },
    },
    {
      name: 'models-stay-in-their-slice',
      comment:
        'Stored documents are reached by model, queries and service only; the front door lists the models.',
      severity: 'error',
      from: { path: inFeatures, pathNot: [aTest, '\\.(model|queries|service)\\.ts$', '/index\\.ts$'] },
      to: { path: `${inFeatures}.+\\.model\\.ts$`, ...notTypeOnly },
    },
    {
      name: 'events-and-schemas-are-leaves',
      comment: 'Schemas and events import zod, other schemas and src/schemas/ only.',
      severity: 'error',
      from: { path: [`${inFeatures}.+\\.(schema|events)\\.ts$`, '^src/schemas/'], pathNot: aTest },
      to: { pathNot: [packages('zod'), '\\.schema\\.ts$', '^src/schemas/'] },
    },
    {
      name: 'express-has-one-home',
      comment: 'Only src/http, src/middlewares, src/app.ts and src/main.ts know Express.',
      severity: 'error',
      from: { path: '^(src|cli)/', pathNot: [aTest, '^src/(http|middlewares)/', '^src/(app|main)\\.ts$'] },
      to: { path: packages('express|express-serve-static-core|helmet|cors') },
    },
    {
      name: 'production-does-not-import-tests',
      comment: 'What ships neither imports tests and benchmarks nor development packages.',
      severity: 'error',
      from: { path: '^(src|cli)/', pathNot: aTest },
      to: { path: ['^(test|bench|examples)/', aTest] },
    },
    {
      name: 'production-does-not-import-tests',
      comment: 'A development package is absent where the product runs (typings are not code).',
      severity: 'error',
      from: { path: '^(src|cli)/', pathNot: aTest },
      to: {
        dependencyTypes: ['npm-dev'],
        dependencyTypesNot: ['type-only'],
        pathNot: 'node_modules/@types/',
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^bench/contenders/[^/]+/node_modules/' },
    tsConfig: { fileName: 'tsconfig.json' },
    // Type-only imports count too: a rule that allows them says so.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.d.ts', '.js', '.mjs', '.cjs', '.json'],
    },
  },
};
