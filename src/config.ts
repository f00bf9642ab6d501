import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { LONGEST_TURN_TTL, iceServerSchema, stunUrlSchema, turnUrlSchema } from './ice/IceServers.js';
import { ACCOUNT_STATUSES } from './auth/accounts.js';
import { isLoopback } from './hosts.js';
import { LOG_LEVELS } from './log.js';
import { MEDIA_REGIONS, ROOM_LIMITS, ROOM_TYPES } from './rooms/options.js';
import { isSid } from './sid.js';
import { signalingLimitsSchema } from './signaling/limits.js';
import { callbackLimitsSchema } from './webhooks/limits.js';

/**
 * The credentials for development, the same everywhere. A server that uses them listens on loopback only,
 * unless it is told to allow them.
 */
export const DEV_CREDENTIALS = {
  accountSid: `AC${'0'.repeat(32)}`,
  authToken: 'atriumdevauthtoken00000000000000',
  apiKeySid: `SK${'0'.repeat(32)}`,
  apiKeySecret: 'atriumdevapikeysecret00000000000',
} as const;

const sid = (prefix: 'AC' | 'SK') =>
  z.string().refine((text) => isSid(prefix, text), `must be ${prefix} and 32 hexadecimal digits`);
const secret = z.string().min(16, 'must have at least 16 characters');
/** Whole numbers as they come from flags and the environment, or from a file. */
const wholeNumber = (least: number, most: number) =>
  z
    .union([
      z.number(),
      z
        .string()
        .regex(/^\d{1,15}$/, 'must be a whole number')
        .transform(Number),
    ])
    .pipe(z.number().int().min(least).max(most));
const port = wholeNumber(0, 65_535);
/** Booleans as they come from the environment or from a file. */
const flag = z.union([z.boolean(), z.stringbool()]);

/** Lists as they come from flags and the environment, with commas, or from a file. */
const list = (item: z.ZodType<string, string>) =>
  z.union([
    z.array(item),
    z
      .string()
      .transform((text) => text.split(',').map((part) => part.trim()))
      .pipe(z.array(item)),
  ]);

/** As `49152-65535`. */
const portRange = z
  .string()
  .regex(/^\d{1,5}-\d{1,5}$/, 'must be as 49152-65535')
  .transform((text) => {
    const [least, most] = text.split('-').map(Number) as [number, number];
    return { least, most };
  })
  .refine(({ least, most }) => least >= 1 && least <= most && most <= 65_535, 'must be a range of ports');

const { participantDuration, timeout } = ROOM_LIMITS;
const { maxParticipants, maxParticipantsOfLargeRoom } = ROOM_LIMITS;
const upTo = (most: number) => z.number().int().min(1).max(most);
const roomDefaultsSchema = z.strictObject({
  clientSideRoomCreation: z.boolean().optional(),
  type: z.enum(ROOM_TYPES).optional(),
  maxParticipants: upTo(maxParticipantsOfLargeRoom).nullable().optional(),
  maxParticipantsByType: z
    .strictObject({
      group: upTo(maxParticipantsOfLargeRoom).optional(),
      'group-small': upTo(maxParticipants['group-small']).optional(),
      'peer-to-peer': upTo(maxParticipants['peer-to-peer']).optional(),
      go: upTo(maxParticipants.go).optional(),
    })
    .optional(),
  maxParticipantDuration: z
    .number()
    .int()
    .min(participantDuration.least)
    .max(participantDuration.most)
    .optional(),
  emptyRoomTimeout: z.number().int().min(timeout.least).max(timeout.most).optional(),
  unusedRoomTimeout: z.number().int().min(timeout.least).max(timeout.most).optional(),
  mediaRegion: z.enum(MEDIA_REGIONS).optional(),
  statusCallback: z
    .url({ protocol: /^https?$/ })
    .nullable()
    .optional(),
  statusCallbackMethod: z.enum(['GET', 'POST']).optional(),
  recordParticipantsOnConnect: z.boolean().optional(),
  turn: z.boolean().optional(),
  legacyRoomTypes: z.enum(['allowed', 'refused']).optional(),
});

const friendlyName = z.string().min(1).max(64).optional();
const accountSchema = z.strictObject({
  sid: sid('AC'),
  authToken: secret,
  keys: z.array(z.strictObject({ sid: sid('SK'), secret, friendlyName })).default([]),
  friendlyName,
  status: z.enum(ACCOUNT_STATUSES).optional(),
  ownerSid: sid('AC').optional(),
  roomDefaults: roomDefaultsSchema.optional(),
});

/** What can be set on the command line and in the environment too. `description` is what `--help` shows. */
const simpleOptions = {
  port: port.default(4040).describe('port of HTTP and WebSockets; 0 for any'),
  host: z.string().min(1).default('127.0.0.1').describe('address to listen on, for HTTP and for media'),
  announcedIp: z.string().min(1).optional().describe('address that clients are told to send media to'),
  rtcPort: port
    .default(42_000)
    .describe("first worker's UDP and TCP port, the next worker has the next; 0 for any"),
  workers: wholeNumber(1, 256).optional().describe('media worker processes; one a core by default'),
  publicUrl: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('URL under which clients reach this server'),
  logLevel: z
    .enum(LOG_LEVELS)
    .default('info')
    .describe(`what to log: ${LOG_LEVELS.join(', ')}`),
  sessionTimeout: wholeNumber(1, 3600).default(30).describe('seconds in which a lost client may come back'),
  dataDir: z
    .string()
    .min(1)
    .optional()
    .describe('directory where rooms, keys and undelivered callbacks are kept; in memory without'),
  historySize: wholeNumber(0, Number.MAX_SAFE_INTEGER)
    .default(10_000)
    .describe('ended rooms that are remembered where no data directory is set'),
  stunUrls: list(stunUrlSchema)
    .default([])
    .describe('STUN servers that clients are told, with commas: stun:host:port'),
  turnUrls: list(turnUrlSchema)
    .default([])
    .describe('TURN servers that clients are told, with commas: turn:host:port?transport=udp'),
  turnSecret: secret.optional().describe('secret that is shared with those TURN servers'),
  turn: flag.default(false).describe('run a TURN server beside this one: coturn, which must be installed'),
  turnPort: port.default(3478).describe('UDP and TCP port of that TURN server; 0 for any'),
  turnRelayPorts: portRange.prefault('49152-65535').describe('UDP ports on which that TURN server relays'),
  turnTtl: wholeNumber(60, LONGEST_TURN_TTL)
    .default(LONGEST_TURN_TTL)
    .describe('seconds that TURN credentials are valid for'),
  strict: flag.default(false).describe("hold accounts to Twilio's rate limits and quotas"),
  allowDevCredentials: flag
    .default(false)
    .describe('use the development credentials on other addresses than loopback'),
  insecureCallbacks: flag
    .default(false)
    .describe('do not check the certificates of https servers that get status callbacks'),
  accountSid: sid('AC').optional().describe('SID of the account'),
  authToken: secret.optional().describe('auth token of the account'),
  apiKeySid: sid('SK').optional().describe('SID of an API key of the account'),
  apiKeySecret: secret.optional().describe('secret of that API key'),
};

const configSchema = z
  .strictObject({
    ...simpleOptions,
    accounts: z.array(accountSchema).optional(),
    roomDefaults: roomDefaultsSchema.optional(),
    iceServers: z.array(iceServerSchema).default([]),
    limits: signalingLimitsSchema.default(signalingLimitsSchema.parse({})),
    callbacks: callbackLimitsSchema.default(callbackLimitsSchema.parse({})),
  })
  .transform(
    (
      { accounts, accountSid, authToken, apiKeySid, apiKeySecret, roomDefaults, workers, ...rest },
      context,
    ) => {
      const single = [accountSid, authToken, apiKeySid, apiKeySecret];
      const refuse = (message: string): never => {
        context.addIssue({ code: 'custom', message });
        return z.NEVER;
      };
      const whole = { ...rest, workers: workers ?? availableParallelism() };
      if (accounts?.length) {
        if (single.some((value) => value !== undefined))
          return refuse('accounts are set, and a single account too');
        const withDefaults = accounts.map((account) => ({
          ...account,
          roomDefaults: { ...roomDefaults, ...account.roomDefaults },
        }));
        return { ...whole, accounts: withDefaults };
      }
      if (single.every((value) => value === undefined)) {
        const { accountSid, authToken, apiKeySid, apiKeySecret } = DEV_CREDENTIALS;
        const keys = [{ sid: apiKeySid as string, secret: apiKeySecret as string }];
        return {
          ...whole,
          accounts: [{ sid: accountSid as string, authToken: authToken as string, keys, roomDefaults }],
        };
      }
      if (!accountSid || !authToken) return refuse('accountSid and authToken must both be set');
      if (!apiKeySid !== !apiKeySecret) return refuse('apiKeySid and apiKeySecret must both be set');
      const keys = apiKeySid && apiKeySecret ? [{ sid: apiKeySid, secret: apiKeySecret }] : [];
      return { ...whole, accounts: [{ sid: accountSid, authToken, keys, roomDefaults }] };
    },
  )
  .refine(
    (config) => config.allowDevCredentials || isLoopback(config.host) || !usesDevCredentials(config.accounts),
    {
      message:
        'the development credentials are known to everyone: set accountSid, authToken, apiKeySid and apiKeySecret, ' +
        'listen on a loopback address, or give --allow-dev-credentials',
    },
  )
  .refine(({ rtcPort, workers }) => rtcPort === 0 || rtcPort + workers - 1 <= 65_535, {
    message: 'rtcPort: each worker needs a port, from this one on',
  })
  .refine(({ turnUrls, turnSecret }) => turnUrls.length > 0 === (turnSecret !== undefined), {
    message: 'turnUrls and turnSecret must both be set',
  })
  .refine(({ turn, turnUrls }) => !turn || turnUrls.length === 0, {
    message: 'turn runs a TURN server of its own: either that, or turnUrls and turnSecret',
  })
  .refine((config) => areUnique(config.accounts.map(({ sid }) => sid)), {
    message: 'an account SID stands twice',
  })
  .refine((config) => ownersAreMainAccounts(config.accounts), {
    message: 'the ownerSid of an account must name a configured account that is no sub-account itself',
  })
  .refine((config) => areUnique(config.accounts.flatMap(({ keys }) => keys.map(({ sid }) => sid))), {
    message: 'an API key SID stands twice',
  });

export type Config = z.output<typeof configSchema>;
export type ConfigInput = z.input<typeof configSchema>;

function areUnique(sids: string[]): boolean {
  return new Set(sids.map((text) => text.toLowerCase())).size === sids.length;
}

/** Sub-accounts have none of their own, as on Twilio. */
function ownersAreMainAccounts(accounts: { sid: string; ownerSid?: string }[]): boolean {
  const mainAccounts = accounts.filter(({ sid, ownerSid }) => ownerSid === undefined || ownerSid === sid);
  const sids = mainAccounts.map(({ sid }) => sid);
  return accounts.every(({ ownerSid }) => ownerSid === undefined || sids.includes(ownerSid));
}

function usesDevCredentials(accounts: { authToken: string; keys: { secret: string }[] }[]): boolean {
  return accounts.some(
    ({ authToken, keys }) =>
      authToken === DEV_CREDENTIALS.authToken ||
      keys.some(({ secret }) => secret === DEV_CREDENTIALS.apiKeySecret),
  );
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Completes a configuration with the defaults, and checks it.
 * @throws ConfigError that names every wrong value
 */
export function resolveConfig(input: ConfigInput): Config {
  const parsed = configSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) =>
    path.length > 0 ? `${path.join('.')}: ${message}` : message,
  );
  throw new ConfigError(`The configuration is wrong.\n${issues.map((issue) => `  ${issue}`).join('\n')}`);
}

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Options that are given without a value. */
const SWITCHES = ['allowDevCredentials', 'insecureCallbacks', 'strict', 'turn'];

/** The options of the command line: name, flag, environment variable, and what it is for. */
export const OPTIONS = Object.entries(simpleOptions).map(([name, schema]) => ({
  name,
  flag: kebab(name),
  variable: `ATRIUM_${kebab(name).replaceAll('-', '_').toUpperCase()}`,
  description: schema.description ?? '',
  isSwitch: SWITCHES.includes(name),
}));

/**
 * Reads the configuration: flags over the environment over the file over the defaults.
 * @param flags by option name, as the command line has them
 * @throws ConfigError
 */
export function readConfig(
  flags: Record<string, unknown>,
  file: string | undefined,
  env: NodeJS.ProcessEnv,
): Config {
  const fromEnv = Object.fromEntries(
    OPTIONS.flatMap(({ name, variable }) => (env[variable] ? [[name, env[variable]]] : [])),
  );
  const iceServers = env['ATRIUM_ICE_SERVERS']
    ? { iceServers: parseJson('ATRIUM_ICE_SERVERS', env['ATRIUM_ICE_SERVERS']) }
    : {};
  return resolveConfig({ ...readFile(file), ...fromEnv, ...iceServers, ...flags } as ConfigInput);
}

function readFile(file: string | undefined): object {
  if (file === undefined) return {};
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(`The configuration file cannot be read: ${(error as Error).message}`);
  }
  const json = parseJson(file, text);
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new ConfigError(`${file}: not a JSON object`);
  return json;
}

function parseJson(where: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ConfigError(`${where}: ${(error as Error).message}`);
  }
}
