export type { Environment, EnvironmentOptions, Table } from './environment.ts';
