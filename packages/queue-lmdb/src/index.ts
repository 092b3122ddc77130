export { openLmdbQueue } from './open.ts';
