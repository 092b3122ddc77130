/** The parts that need a disk or a database server. */
export const durableParts = ['durable-http', 'lmdb', 'postgres', 'redis', 'hot-backlog', 'read-under-load'] as const;
export type DurablePart = (typeof durableParts)[number];
