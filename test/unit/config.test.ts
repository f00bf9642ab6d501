import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigError, DEV_CREDENTIALS, OPTIONS, readConfig, resolveConfig } from '../../src/config.js';
import type { Config, ConfigInput } from '../../src/config.js';

const folder = mkdtempSync(join(tmpdir(), 'atrium-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function fileWith(content: unknown): string {
  const path = join(folder, `${files++}.json`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

function messageOf(action: () => Config): string {
  try {
    action();
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'no error';
}

const resolve = (input: unknown): Config => resolveConfig(input as ConfigInput);

const ACCOUNT_SID = `AC${'1'.repeat(32)}`;
const KEY_SID = `SK${'1'.repeat(32)}`;
const OWN = {
  accountSid: ACCOUNT_SID,
  authToken: 'an-auth-token-of-my-own',
  apiKeySid: KEY_SID,
  apiKeySecret: 'an-api-key-secret-of-my-own',
};
const TURN_SECRET = 'a-secret-shared-with-coturn';
const TURN_ENV = { ATRIUM_TURN_URLS: 'turn:192.0.2.1', ATRIUM_TURN_SECRET: TURN_SECRET };

describe('A configuration that sets nothing', () => {
  it('serves the development account on loopback', () => {
    expect(resolve({})).toMatchObject({
      port: 4040,
      host: '127.0.0.1',
      rtcPort: 42_000,
      workers: availableParallelism(),
      logLevel: 'info',
      sessionTimeout: 30,
      historySize: 10_000,
      allowDevCredentials: false,
      insecureCallbacks: false,
      iceServers: [],
      stunUrls: [],
      turnUrls: [],
      turnTtl: 86_400,
      accounts: [
        {
          sid: DEV_CREDENTIALS.accountSid,
          authToken: DEV_CREDENTIALS.authToken,
          keys: [{ sid: DEV_CREDENTIALS.apiKeySid, secret: DEV_CREDENTIALS.apiKeySecret }],
        },
      ],
    });
  });

  it('has credentials that every helper library takes', () => {
    expect(DEV_CREDENTIALS.accountSid).toMatch(/^AC[0-9a-f]{32}$/);
    expect(DEV_CREDENTIALS.apiKeySid).toMatch(/^SK[0-9a-f]{32}$/);
    for (const secret of [DEV_CREDENTIALS.authToken, DEV_CREDENTIALS.apiKeySecret])
      expect(secret).toMatch(/^[0-9A-Za-z]{32}$/);
  });
});

describe('An option', () => {
  it('is taken from the flags before the environment before the file before the defaults', () => {
    const file = fileWith({ port: 1001, host: '127.0.0.3', sessionTimeout: 3 });
    const env = { ATRIUM_PORT: '1002', ATRIUM_HOST: '127.0.0.2' };
    expect(readConfig({ port: '1003' }, file, env)).toMatchObject({
      port: 1003,
      host: '127.0.0.2',
      sessionTimeout: 3,
      historySize: 10_000,
    });
    expect(readConfig({}, file, env).port).toBe(1002);
    expect(readConfig({}, file, {}).port).toBe(1001);
    expect(readConfig({}, undefined, {}).port).toBe(4040);
  });

  it.each(OPTIONS.map(({ name, variable, flag, description }) => ({ name, variable, flag, description })))(
    '$name can be set by its variable $variable, and says what it is for',
    ({ name, variable, flag, description }) => {
      const samples: Record<string, [text: string, value: unknown]> = {
        port: ['5000', 5000],
        host: ['127.0.0.9', '127.0.0.9'],
        announcedIp: ['192.0.2.1', '192.0.2.1'],
        rtcPort: ['0', 0],
        workers: ['3', 3],
        publicUrl: ['https://video.example.com', 'https://video.example.com'],
        logLevel: ['warn', 'warn'],
        sessionTimeout: ['45', 45],
        dataDir: ['/var/lib/atrium', '/var/lib/atrium'],
        historySize: ['0', 0],
        allowDevCredentials: ['true', true],
        strict: ['true', true],
        stunUrls: ['stun:192.0.2.1, stun:192.0.2.2:3478', ['stun:192.0.2.1', 'stun:192.0.2.2:3478']],
        turnUrls: ['turn:192.0.2.1:3478?transport=udp', ['turn:192.0.2.1:3478?transport=udp']],
        turnSecret: [TURN_SECRET, TURN_SECRET],
        turnTtl: ['3600', 3600],
        insecureCallbacks: ['true', true],
        turn: ['true', true],
        turnPort: ['3479', 3479],
        turnRelayPorts: ['50000-50100', { least: 50_000, most: 50_100 }],
      };
      // These two go together only.
      const beside = name === 'turnUrls' || name === 'turnSecret' ? TURN_ENV : {};
      expect(variable).toMatch(/^ATRIUM_[A-Z_]+$/);
      expect(flag).toMatch(/^[a-z-]+$/);
      expect(description).not.toBe('');
      const sample = samples[name];
      if (sample)
        expect(readConfig({}, undefined, { ...beside, [variable]: sample[0] })).toHaveProperty(
          name,
          sample[1],
        );
      else expect(Object.keys(OWN)).toContain(name);
    },
  );

  it('that is empty in the environment counts as not set', () => {
    expect(readConfig({}, fileWith({ port: 1001 }), { ATRIUM_PORT: '', ATRIUM_ICE_SERVERS: '' }).port).toBe(
      1001,
    );
  });

  it('may be a list of ICE servers, in the file or as JSON in the environment', () => {
    const fromFile = [{ urls: 'stun:192.0.2.1:3478' }];
    const fromEnv = [{ urls: ['turn:192.0.2.2'], username: 'me', credential: 'secret' }];
    const file = fileWith({ iceServers: fromFile });
    expect(readConfig({}, file, {}).iceServers).toEqual(fromFile);
    expect(readConfig({}, file, { ATRIUM_ICE_SERVERS: JSON.stringify(fromEnv) }).iceServers).toEqual(fromEnv);
  });

  it('is none of the environment when it is not one of ours', () => {
    expect(readConfig({}, undefined, { ATRIUM_COLOUR: 'blue', PORT: '1' }).port).toBe(4040);
  });
});

describe('An account', () => {
  it('may be set as four options, which may come from different places', () => {
    const { authToken, apiKeySecret, ...rest } = OWN;
    const config = readConfig({ authToken }, fileWith(rest), { ATRIUM_API_KEY_SECRET: apiKeySecret });
    expect(config.accounts).toMatchObject([
      { sid: OWN.accountSid, authToken, keys: [{ sid: OWN.apiKeySid, secret: apiKeySecret }] },
    ]);
  });

  it('may have no key', () => {
    const { accountSid, authToken } = OWN;
    expect(resolve({ accountSid, authToken }).accounts).toMatchObject([
      { sid: accountSid, authToken, keys: [] },
    ]);
  });

  it('of several has the common settings of rooms but for its own', () => {
    const account = (digit: string) => ({ sid: `AC${digit.repeat(32)}`, authToken: OWN.authToken });
    const { accounts } = resolve({
      roomDefaults: { maxParticipants: 5, emptyRoomTimeout: 2 },
      accounts: [account('1'), { ...account('2'), roomDefaults: { maxParticipants: 6 } }],
    });
    expect(accounts.map(({ roomDefaults }) => roomDefaults)).toEqual([
      { maxParticipants: 5, emptyRoomTimeout: 2 },
      { maxParticipants: 6, emptyRoomTimeout: 2 },
    ]);
    expect(accounts.map(({ keys }) => keys)).toEqual([[], []]);
  });
});

describe('The development credentials', () => {
  it('are refused on any address but loopback, unless they are allowed', () => {
    for (const host of ['0.0.0.0', '::', '192.0.2.1', 'video.example.com'])
      expect(messageOf(() => resolve({ host }))).toMatch(/development credentials.*--allow-dev-credentials/);
    for (const host of ['localhost', '::1', '127.0.0.1', '127.1.2.3'])
      expect(messageOf(() => resolve({ host }))).toBe('no error');
    expect(resolve({ host: '0.0.0.0', allowDevCredentials: true }).host).toBe('0.0.0.0');
  });

  it('are refused there in any part of any account', () => {
    const { accountSid: sid, authToken, apiKeySid, apiKeySecret } = OWN;
    const key = { sid: apiKeySid, secret: apiKeySecret };
    const host = '0.0.0.0';
    const accounts = [
      { sid, authToken: DEV_CREDENTIALS.authToken, keys: [key] },
      { sid, authToken, keys: [key, { sid: `SK${'2'.repeat(32)}`, secret: DEV_CREDENTIALS.apiKeySecret }] },
    ];
    for (const account of accounts)
      expect(messageOf(() => resolve({ host, accounts: [account] }))).toMatch(/development credentials/);
    expect(messageOf(() => resolve({ host, accounts: [{ sid, authToken, keys: [key] }] }))).toBe('no error');
  });

  it('are not needed where there are others', () => {
    expect(resolve({ ...OWN, host: '0.0.0.0' }).accounts).toHaveLength(1);
  });
});

describe('A wrong value is refused with a message that names the option:', () => {
  const account = { sid: ACCOUNT_SID, authToken: OWN.authToken };
  it.each<[string, unknown]>([
    ['port', { port: 'http' }],
    ['port', { port: 65_536 }],
    ['port', { port: -1 }],
    ['port', { port: 80.5 }],
    ['host', { host: '' }],
    ['announcedIp', { announcedIp: '' }],
    ['rtcPort', { rtcPort: 70_000 }],
    ['workers', { workers: 0 }],
    ['workers', { workers: 257 }],
    ['publicUrl', { publicUrl: 'video.example.com' }],
    ['publicUrl', { publicUrl: 'ftp://example.com' }],
    ['logLevel', { logLevel: 'loud' }],
    ['sessionTimeout', { sessionTimeout: 0 }],
    ['historySize', { historySize: -1 }],
    ['allowDevCredentials', { allowDevCredentials: 'perhaps' }],
    ['accountSid', { ...OWN, accountSid: `SK${'1'.repeat(32)}` }],
    ['authToken', { ...OWN, authToken: 'short' }],
    ['apiKeySid', { ...OWN, apiKeySid: 'SK1' }],
    ['apiKeySecret', { ...OWN, apiKeySecret: 'short' }],
    ['accountSid', { authToken: OWN.authToken }],
    ['authToken', { accountSid: ACCOUNT_SID }],
    ['apiKeySecret', { ...OWN, apiKeySecret: undefined }],
    ['apiKeySid', { ...OWN, apiKeySid: undefined }],
    ['accounts', { ...OWN, accounts: [account] }],
    ['account SID stands twice', { accounts: [account, account] }],
    ['accounts.0.authToken', { accounts: [{ sid: ACCOUNT_SID, authToken: 'short' }] }],
    [
      'accounts.1.keys.0.sid',
      { accounts: [account, { ...account, keys: [{ sid: 'SK1', secret: OWN.apiKeySecret }] }] },
    ],
    ['accounts.0.roomDefaults.type', { accounts: [{ ...account, roomDefaults: { type: 'party' } }] }],
    ['roomDefaults.maxParticipants', { roomDefaults: { maxParticipants: 101 } }],
    ['roomDefaults.maxParticipantDuration', { roomDefaults: { maxParticipantDuration: 599 } }],
    ['roomDefaults.emptyRoomTimeout', { roomDefaults: { emptyRoomTimeout: 61 } }],
    ['roomDefaults.unusedRoomTimeout', { roomDefaults: { unusedRoomTimeout: 0 } }],
    ['roomDefaults.mediaRegion', { roomDefaults: { mediaRegion: 'mars1' } }],
    ['roomDefaults.statusCallback', { roomDefaults: { statusCallback: 'example.com' } }],
    ['iceServers.0.urls', { iceServers: [{}] }],
    ['stunUrls.0', { stunUrls: ['turn:192.0.2.1'] }],
    ['stunUrls', { stunUrls: 'stun:192.0.2.1?transport=udp' }],
    ['turnUrls.1', { turnUrls: ['turn:192.0.2.1', 'stun:192.0.2.1'], turnSecret: TURN_SECRET }],
    ['turnUrls', { turnUrls: 'turn:192.0.2.1?transport=sctp', turnSecret: TURN_SECRET }],
    ['turnSecret', { turnUrls: 'turn:192.0.2.1' }],
    ['turnUrls', { turnSecret: TURN_SECRET }],
    ['turnSecret', { turnUrls: 'turn:192.0.2.1', turnSecret: 'short' }],
    ['either that', { turn: true, turnUrls: 'turn:192.0.2.1', turnSecret: TURN_SECRET }],
    ['turnRelayPorts', { turnRelayPorts: '50100-50000' }],
    ['turnRelayPorts', { turnRelayPorts: '50000' }],
    ['turnRelayPorts', { turnRelayPorts: '50000-70000' }],
    ['turnTtl', { turnTtl: 86_401 }],
    ['limits.maxFrameBytes', { limits: { maxFrameBytes: 0 } }],
    ['callbacks.maxWaiting', { callbacks: { maxWaiting: 0 } }],
    ['insecureCallbacks', { insecureCallbacks: 'perhaps' }],
    ['colour', { colour: 'blue' }],
    ['colour', { callbacks: { colour: 'blue' } }],
    ['colour', { roomDefaults: { colour: 'blue' } }],
    ['colour', { limits: { colour: 'blue' } }],
    ['colour', { accounts: [{ ...account, colour: 'blue' }] }],
    ['colour', { iceServers: [{ urls: 'stun:192.0.2.1', colour: 'blue' }] }],
  ])('%s', (name, input) => {
    expect(messageOf(() => resolve(input))).toContain(name);
  });

  it('all of them, when several are wrong', () => {
    const message = messageOf(() => resolve({ port: 'http', logLevel: 'loud', colour: 'blue' }));
    for (const name of ['port', 'logLevel', 'colour']) expect(message).toContain(name);
  });

  it('ATRIUM_ICE_SERVERS, when it is no JSON', () => {
    expect(messageOf(() => readConfig({}, undefined, { ATRIUM_ICE_SERVERS: 'stun:192.0.2.1' }))).toContain(
      'ATRIUM_ICE_SERVERS',
    );
  });

  it('and no secret stands in the message', () => {
    const secret = 'sesame';
    const message = messageOf(() => resolve({ ...OWN, authToken: secret, apiKeySecret: secret }));
    expect(message).toContain('authToken');
    expect(message).not.toContain(secret);
  });
});

describe('A configuration file', () => {
  it('that is missing is an error that names it', () => {
    const path = join(folder, 'missing.json');
    expect(messageOf(() => readConfig({}, path, {}))).toContain(path);
  });

  it.each([
    ['no JSON', '{ port: 1 }'],
    ['a list', '[]'],
    ['a text', '"port"'],
    ['null', 'null'],
  ])('that is %s is an error that names it', (_what, content) => {
    const path = fileWith(content);
    expect(messageOf(() => readConfig({}, path, {}))).toContain(path);
  });
});
