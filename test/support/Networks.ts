import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHROMIUM } from './browser.js';

const ADDRESS_OF_SERVER = '10.77.0.1';

/** A client's network: one machine behind the router. */
export interface ClientNetwork {
  readonly address: string;
  /** A program that is Chromium on this network. */
  readonly chromium: string;
  /** The start of a command line that runs on this network. */
  readonly prefix: readonly string[];
}

/**
 * Networks of one's own, of the kernel's namespaces: a router, on which a server runs, and two clients behind it. What
 * may pass is the router's firewall to say (nftables). Nothing of the machine's own network is touched.
 *
 *     alice 10.77.1.2 ── router 10.77.0.1 ── 10.77.2.2 bob
 */
export class Networks {
  readonly server = ADDRESS_OF_SERVER;
  readonly router: readonly string[];
  readonly alice: ClientNetwork;
  readonly bob: ClientNetwork;
  readonly #names: string[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), 'atrium-networks-'));

  /** @throws Error that says what is missing, where this process may not make networks */
  constructor() {
    try {
      [this.router, this.alice, this.bob] = this.#build();
    } catch (error) {
      this.close();
      throw error;
    }
    this.open();
  }

  #build(): [router: string[], alice: ClientNetwork, bob: ClientNetwork] {
    const router = this.#create('router');
    this.#in(router, 'ip', 'address', 'add', `${ADDRESS_OF_SERVER}/32`, 'dev', 'lo');
    this.#in(router, 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward');
    return [
      ['ip', 'netns', 'exec', router],
      this.#connect(router, 'alice', 1),
      this.#connect(router, 'bob', 2),
    ];
  }

  #create(name: string): string {
    const full = `atrium-${process.pid}-${name}`;
    try {
      execFileSync('ip', ['netns', 'add', full], { stdio: 'pipe' });
    } catch (error) {
      throw new Error(
        'this test makes networks of its own, which takes the right to (root with CAP_NET_ADMIN and CAP_SYS_ADMIN)',
        { cause: error },
      );
    }
    this.#names.push(full);
    this.#in(full, 'ip', 'link', 'set', 'lo', 'up');
    return full;
  }

  #connect(router: string, name: string, subnet: number): ClientNetwork {
    const full = this.#create(name);
    const [gateway, address] = [`10.77.${subnet}.1`, `10.77.${subnet}.2`];
    const ends = ['peer', 'name', name, 'netns', router];
    this.#in(full, 'ip', 'link', 'add', 'eth0', 'type', 'veth', ...ends);
    this.#in(router, 'ip', 'address', 'add', `${gateway}/24`, 'dev', name);
    this.#in(router, 'ip', 'link', 'set', name, 'up');
    this.#in(full, 'ip', 'address', 'add', `${address}/24`, 'dev', 'eth0');
    this.#in(full, 'ip', 'link', 'set', 'eth0', 'up');
    this.#in(full, 'ip', 'route', 'add', 'default', 'via', gateway);
    const chromium = join(this.#folder, `chromium-${name}`);
    writeFileSync(chromium, `#!/bin/sh\nexec ip netns exec ${full} ${CHROMIUM} "$@"\n`);
    chmodSync(chromium, 0o755);
    return { address, chromium, prefix: ['ip', 'netns', 'exec', full] };
  }

  #in(namespace: string, program: string, ...args: string[]): void {
    execFileSync('ip', ['netns', 'exec', namespace, program, ...args], { stdio: 'pipe' });
  }

  /** Everything passes. */
  open(): void {
    this.#firewall('');
  }

  /** The clients reach the server, and not each other. */
  separate(): void {
    this.#firewall(
      'chain forward { type filter hook forward priority 0; reject with icmpx admin-prohibited; }',
    );
  }

  /** The clients reach these TCP ports of the server, and nothing else. */
  onlyTcp(...ports: number[]): void {
    this.#firewall(`
      chain forward { type filter hook forward priority 0; reject with icmpx admin-prohibited; }
      chain input {
        type filter hook input priority 0;
        iifname { "alice", "bob" } tcp dport { ${ports.join(', ')} } accept;
        iifname { "alice", "bob" } ct state established accept;
        iifname { "alice", "bob" } drop;
      }`);
  }

  #firewall(chains: string): void {
    const rules = `table inet atrium {}\ndelete table inet atrium\ntable inet atrium {\n${chains}\n}\n`;
    execFileSync(this.router[0]!, [...this.router.slice(1), 'nft', '-f', '-'], { input: rules });
  }

  /** How an attempt to open a TCP connection between two networks ends. */
  attempt(from: ClientNetwork, to: ClientNetwork): string {
    const script = `require('net').connect(9, '${to.address}').on('error', ({ code }) => console.log(code))`;
    const [program, ...args] = [...from.prefix, process.execPath, '-e', script];
    return execFileSync(program!, args, { timeout: 10_000 }).toString().trim();
  }

  close(): void {
    for (const name of this.#names) execFileSync('ip', ['netns', 'del', name], { stdio: 'pipe' });
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
