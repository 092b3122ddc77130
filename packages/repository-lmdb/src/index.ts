export { openLmdbStore } from './open.ts';
