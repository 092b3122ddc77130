export { openRedisStore } from './open.ts';
