import { validate } from 'dockerfile-utils';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { OPTIONS } from '../../src/config.js';
import { ERROR_CATALOGUE } from '../../src/errors.js';
import { signalingLimitsSchema } from '../../src/signaling/limits.js';
import { FAILURES } from '../../src/webhooks/failures.js';
import { callbackLimitsSchema } from '../../src/webhooks/limits.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

describe('the documents', () => {
  test('list every error of the catalogue, with its status and text', () => {
    const documented = read('docs/errors.md');
    for (const [code, { status, message }] of Object.entries(ERROR_CATALOGUE)) {
      expect(documented).toMatch(
        new RegExp(`^\\| ${code} +\\| ${status} +\\| ${escape(message)} *\\|$`, 'm'),
      );
    }
  });

  test('list every option and every limit', () => {
    const documented = read('docs/configuration.md');
    for (const { flag, variable } of OPTIONS) {
      expect(documented).toContain(`\`--${flag}\``);
      expect(documented).toContain(`\`${variable}\``);
    }
    const limits = { ...signalingLimitsSchema.parse({}), ...callbackLimitsSchema.parse({}) };
    for (const [name, value] of Object.entries(limits)) {
      expect(documented).toMatch(new RegExp(`^\\| \`${name}\` +\\| ${value} `, 'm'));
    }
  });

  test('list every reason for which a status callback fails', () => {
    for (const [code, text] of Object.entries(FAILURES))
      expect(read('docs/status-callbacks.md')).toMatch(new RegExp(`^\\| ${code} +\\| ${text}`, 'm'));
  });

  test('link to files that exist', () => {
    const files = [
      'README.md',
      'CHANGELOG.md',
      ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`),
    ];
    for (const file of files.filter((name) => name.endsWith('.md'))) {
      for (const [, target] of read(file).matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)) {
        expect(existsSync(join(root, dirname(file), target!)), `${file} links to ${target}`).toBe(true);
      }
    }
  });
});

describe('the container files', () => {
  test.each(['Dockerfile', 'turn/Dockerfile'])('%s has nothing to complain of', (file) => {
    expect(validate(read(file)).map(({ message }) => message)).toEqual([]);
  });

  test('give the server and coturn the same secret, and coturn only what its entry point reads', () => {
    const { services } = parse(read('docker-compose.yml')) as {
      services: Record<'atrium' | 'turn', { environment: Record<string, string> }>;
    };
    expect(services.turn.environment['TURN_SECRET']).toBe(services.atrium.environment['ATRIUM_TURN_SECRET']);
    const entryPoint = read('turn/entrypoint.sh');
    for (const name of Object.keys(services.turn.environment))
      expect(entryPoint).toMatch(new RegExp(`\\$\\{?${name}`));
  });

  test('of the composition name services, ports and variables in the forms that compose knows', () => {
    const port = z.string().regex(/^\d+(-\d+)?:\d+(-\d+)?\/(tcp|udp)$/);
    const service = z.strictObject({
      image: z.string().optional(),
      build: z.string().optional(),
      restart: z.enum(['no', 'always', 'on-failure', 'unless-stopped']).optional(),
      command: z.union([z.string(), z.array(z.string())]).optional(),
      entrypoint: z.array(z.string()).optional(),
      environment: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
      depends_on: z.array(z.string()).optional(),
      network_mode: z.string().optional(),
      volumes: z.array(z.string()).optional(),
      ports: z.array(port).optional(),
    });
    const composition = z.strictObject({
      services: z.record(z.string(), service),
      volumes: z.record(z.string(), z.null()).optional(),
    });
    const parsed = composition.parse(parse(read('docker-compose.yml')));
    const known = new Set(OPTIONS.map(({ variable }) => variable));
    const { environment = {}, ports = [] } = parsed.services['atrium']!;
    expect(Object.keys(environment).filter((name) => name.startsWith('ATRIUM_') && !known.has(name))).toEqual(
      [],
    );
    // Media ports must have the same number inside and outside: the inner one is announced.
    for (const text of ports) {
      const [outside, inside] = text.split('/')[0]!.split(':');
      expect(inside).toBe(outside);
    }
    for (const [name] of [...read('docker-compose.yml').matchAll(/(?<=\$\{)[A-Z_]+/g)]) {
      expect(read('.env.example')).toContain(`${name}=`);
    }
  });
});

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
