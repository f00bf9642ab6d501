import { z } from 'zod';

/** What status callbacks may cost. Part of the configuration, under `callbacks`. */
export const callbackLimitsSchema = z.strictObject({
  /** Connections at once to one scheme, host and port; further rooms wait for one to end. */
  maxConnectionsPerOrigin: z.number().int().positive().default(64),
  /** Callbacks of one room that wait; when there are more, the oldest is dropped. */
  maxWaitingPerRoom: z.number().int().positive().default(1_000),
  /** Callbacks of all rooms that wait. */
  maxWaiting: z.number().int().positive().default(100_000),
  /** Deliveries that are remembered of each account. */
  logSize: z.number().int().nonnegative().default(1_000),
  /** How long a server that stops waits for what is still to be delivered. */
  drainMs: z.number().int().nonnegative().default(3_000),
});

export type CallbackLimits = z.infer<typeof callbackLimitsSchema>;
