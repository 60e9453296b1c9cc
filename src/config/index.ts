export { ConfigError, loadConfig } from './config.ts';
export type { Config } from './config.ts';
export { renderConfigurationDoc, renderEnvExample } from './config-docs.ts';
export { developmentSecret } from './dev-secret.ts';
export { readEnvironment } from './env-files.ts';
export { isDeployed } from './variable.ts';
