import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const tests = ['**/*.test.ts', '**/*.fixture.ts', 'test/**/*.ts'];

/** Suppressions are exceptions, and an exception says why: `// eslint-disable-next-line rule -- reason`. */
const describedSuppressions = {
  meta: { type: 'problem', messages: { silent: 'Say why this rule is switched off: `-- reason in words`.' } },
  create: ({ sourceCode, report }) => ({
    Program() {
      for (const directive of sourceCode.getDisableDirectives().directives) {
        if (directive.type === 'enable') continue;
        if (!/[A-Za-z]{3,}/.test(directive.justification))
          report({ loc: directive.node.loc, messageId: 'silent' });
      }
    },
  }),
};

const defaultExports = [
  {
    selector: ':matches(ExportDefaultDeclaration, ExportSpecifier[exported.name="default"])',
    message: 'Export by name, so that a thing is called the same everywhere.',
  },
];

const runners = '/^(describe|it|test|suite)$/';
const modifiers = '/^(only|skip|todo)$/';
const narrowedTests = [
  {
    selector: `:matches(MemberExpression[object.name=${runners}], MemberExpression[object.object.name=${runners}], MemberExpression[object.callee.object.name=${runners}]):matches([property.name=${modifiers}], [property.value=${modifiers}])`,
    message: 'Every test runs: fix it or remove it, and commit no `.only`, `.skip` or `.todo`.',
  },
  {
    selector: `CallExpression[callee.name=${runners}] > ObjectExpression > Property[key.name=${modifiers}]`,
    message: 'Every test runs: fix it or remove it.',
  },
];

const bareIds = [
  {
    selector: 'MemberExpression[property.name=/^findById/]',
    message:
      'Read through the scope ({ _id, projectId }): a forgotten check must find nothing. By-id reads live in *.model.ts, *.queries.ts and *.service.ts.',
  },
];

export default defineConfig(
  globalIgnores(['dist/', 'data/', 'coverage/', '.cache/', 'reports/', 'bench/contenders/*/node_modules/']),
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { local: { rules: { 'described-suppressions': describedSuppressions } } },
    rules: { 'local/described-suppressions': 'error' },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-restricted-syntax': ['error', ...defaultExports, ...narrowedTests],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/return-await': ['error', 'in-try-catch'],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-deprecated': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      // `import { type X }` alone still loads the module at run time; `import type` does not.
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/ban-ts-comment': [
        'error',
        { 'ts-expect-error': 'allow-with-description', 'ts-ignore': true, minimumDescriptionLength: 10 },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // The compiler reports these already (noUnusedLocals, noUnusedParameters).
      '@typescript-eslint/no-unused-vars': 'off',
      // An async function without await is how a synchronous port or handler keeps its promise-shaped type.
      '@typescript-eslint/require-await': 'off',
      // There are no classes: the members of our records are functions that use no `this`.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: tests,
    rules: { 'max-lines': ['error', { max: 400 }] },
  },
  {
    files: ['src/**/*.ts'],
    ignores: [...tests, 'src/main.ts'],
    rules: { 'no-console': 'error' },
  },
  {
    files: ['src/**/*.ts'],
    ignores: [...tests, 'src/main.ts', 'src/config/**'],
    rules: {
      'no-restricted-properties': [
        'error',
        {
          object: 'process',
          property: 'env',
          message: 'Settings come from loadConfig, handed down by main.',
        },
      ],
      'no-restricted-imports': [
        'error',
        {
          paths: ['process', 'node:process'].map((name) => ({
            name,
            importNames: ['env'],
            message: 'Settings come from loadConfig, handed down by main.',
          })),
        },
      ],
    },
  },
  {
    files: ['src/**/*.ts', 'cli/**/*.ts'],
    ignores: [...tests, '**/*.model.ts', '**/*.queries.ts', '**/*.service.ts'],
    rules: { 'no-restricted-syntax': ['error', ...defaultExports, ...narrowedTests, ...bareIds] },
  },
  {
    files: tests,
    rules: {
      // Matchers such as expect.any() and parsed answers are untyped by design; the assertion is the check.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    // Tools load their configuration as a default export.
    files: ['*.config.ts', '**/global-setup.ts'],
    rules: { 'no-restricted-syntax': ['error', ...narrowedTests] },
  },
);
