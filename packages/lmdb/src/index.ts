export type { Environment, EnvironmentOptions, Table, WriteOptions } from './environment.ts';
export { openEnvironment } from './open.ts';
export { folderOf } from './folder-url.ts';
export { translate } from './errors.ts';
