export type { Environment, EnvironmentOptions, Table, WriteOptions } from './environment.ts';
export { openEnvironment } from './open.ts';
