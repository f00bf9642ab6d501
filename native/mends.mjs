// Faults of mediasoup's worker that are mended where it is compiled here. The upstream prebuilt has them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** @type {{ file: string, changes: [found: string, instead: string][] }[]} */
const MENDS = [
  {
    // All transports of a worker share the one packet that they probe the bandwidth with, its sequence number
    // included, and each new transport gives it another one at random. Where that is one behind, SRTP refuses to
    // send it for a transport that has sent a later one (RFC 3711, section 3.3.2): the bandwidth of that
    // participant is never probed again, and its probes count as lost. Each gets a packet of its own.
    file: 'src/RTC/RTP/ProbationGenerator.cpp',
    changes: [
      [
        'RTP::Packet::Factory(ProbationPacketBuffer, sizeof(ProbationPacketBuffer))',
        'RTP::Packet::Factory(new uint8_t[ProbationPacketMaxLength]{}, ProbationPacketMaxLength)',
      ],
      [
        'ProbationGenerator::~ProbationGenerator()\n\t\t{\n',
        'ProbationGenerator::~ProbationGenerator()\n\t\t{\n' +
          '\t\t\tconst uint8_t* buffer = this->probationPacket->GetBuffer();\n' +
          '\t\t\tthis->probationPacket.reset();\n' +
          '\t\t\tdelete[] buffer;\n',
      ],
    ],
  },
];

/**
 * The sources that are not compiled as they are: their mended texts, by path.
 * @param {string} worker the folder of the worker's sources
 * @returns {Map<string, string>}
 */
export function mendedSources(worker) {
  return new Map(
    MENDS.map(({ file, changes }) => {
      const path = join(worker, file);
      const text = changes.reduce(
        (current, [found, instead]) => {
          const parts = current.split(found);
          if (parts.length !== 2) throw new Error(`native/mends.mjs does not know this version of ${file}`);
          return parts.join(instead);
        },
        readFileSync(path, 'utf8'),
      );
      return [path, text];
    }),
  );
}
