export { migratePostgres, type MigrateOptions } from './migrate.ts';
export { openPostgresStore } from './open.ts';
