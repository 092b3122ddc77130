/** As the service has them with nothing set: WORKERS and BATCH_MAX. */
export const LANES = 3;
export const BATCH_MAX = 500;
