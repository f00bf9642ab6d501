import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Form } from '../../src/rest/Form.js';
import { recordingRulesSchema } from '../../src/rooms/rules.js';
import { codeOf } from '../support/model.js';

const form = (query: string): Form => new Form(new URLSearchParams(query));

describe('A parameter', () => {
  it('is looked up by its exact name', () => {
    expect(form('UniqueName=standup').text('UniqueName')).toBe('standup');
    expect(form('uniquename=standup').text('UniqueName')).toBeUndefined();
  });

  it('that is empty counts as absent', () => {
    const empty = form('A=');
    expect(empty.text('A')).toBeUndefined();
    expect(empty.integer('A')).toBeUndefined();
    expect(empty.boolean('A')).toBeUndefined();
    expect(empty.choice('A', ['x'])).toBeUndefined();
    expect(empty.time('A')).toBeUndefined();
    expect(empty.url('A', 53111)).toBeUndefined();
    expect(empty.json('A', z.array(z.string()), 53120)).toBeUndefined();
  });

  it('that is absent is so in every form', () => {
    const none = form('');
    expect(none.text('A')).toBeUndefined();
    expect(none.integer('A')).toBeUndefined();
    expect(none.boolean('A')).toBeUndefined();
    expect(none.choice('A', ['x'])).toBeUndefined();
    expect(none.choices('A', ['x'])).toBeUndefined();
    expect(none.time('A')).toBeUndefined();
    expect(none.url('A', 53111)).toBeUndefined();
    expect(none.json('A', z.array(z.string()), 53120)).toBeUndefined();
  });

  it('is the first when its name is repeated', () => {
    expect(form('A=1&A=2').text('A')).toBe('1');
  });

  it('is among the names, each of which stands once', () => {
    expect(form('B=1&A=&B=2').names).toEqual(['B', 'A']);
  });
});

describe('A whole number', () => {
  it('is decimal', () => {
    expect(form('A=50').integer('A')).toBe(50);
    expect(form('A=0').integer('A')).toBe(0);
    expect(form('A=-7').integer('A')).toBe(-7);
    expect(form('A=007').integer('A')).toBe(7);
  });

  it.each(['1.5', '1e3', '0x10', ' 1', '1 ', '%2B1', '--1', 'NaN', 'Infinity', 'five', '1'.repeat(16)])(
    'is not "%s"',
    (text) => {
      expect(codeOf(() => form(`A=${text}`).integer('A'))).toBe(20001);
      expect(codeOf(() => form(`A=${text}`).integer('A', 53107))).toBe(53107);
    },
  );
});

describe('A truth value', () => {
  it('is true or false in letters of any case', () => {
    for (const text of ['true', 'True', 'TRUE']) expect(form(`A=${text}`).boolean('A')).toBe(true);
    for (const text of ['false', 'False']) expect(form(`A=${text}`).boolean('A')).toBe(false);
  });

  it.each(['1', '0', 'yes', 'on', 'truee'])('is not "%s"', (text) => {
    expect(codeOf(() => form(`A=${text}`).boolean('A'))).toBe(20001);
    expect(codeOf(() => form(`A=${text}`).boolean('A', 53124))).toBe(53124);
  });
});

describe('A choice', () => {
  it('is one of the words in its exact letters', () => {
    expect(form('Type=go').choice('Type', ['group', 'go'])).toBe('go');
    expect(codeOf(() => form('Type=Go').choice('Type', ['group', 'go']))).toBe(20001);
    expect(codeOf(() => form('Type=mesh').choice('Type', ['group', 'go'], 53108))).toBe(53108);
  });
});

describe('A list', () => {
  const codecs = ['VP8', 'H264'] as const;
  const list = (query: string) => form(query).choices('VideoCodecs', codecs);

  it('is a repeated name, or commas or a JSON array in one value', () => {
    expect(list('VideoCodecs=VP8&VideoCodecs=H264')).toEqual(['VP8', 'H264']);
    expect(list('VideoCodecs=H264')).toEqual(['H264']);
    expect(list('VideoCodecs=VP8,%20H264')).toEqual(['VP8', 'H264']);
    expect(list(`VideoCodecs=${encodeURIComponent('["H264", "VP8"]')}`)).toEqual(['H264', 'VP8']);
  });

  it('is empty when its one value is', () => {
    expect(list('VideoCodecs=')).toEqual([]);
    expect(list('VideoCodecs=[]')).toEqual([]);
  });

  it('is refused for one wrong word', () => {
    expect(codeOf(() => list('VideoCodecs=VP8&VideoCodecs=AV1'))).toBe(20001);
  });
});

describe('A time', () => {
  it('is a date, which begins at midnight UTC, or a date and time with a zone', () => {
    expect(form('A=2026-01-31').time('A')).toBe(Date.UTC(2026, 0, 31));
    expect(form('A=2026-01-31T10:20:30Z').time('A')).toBe(Date.UTC(2026, 0, 31, 10, 20, 30));
    expect(form('A=2026-01-31T10:20:30.250Z').time('A')).toBe(Date.UTC(2026, 0, 31, 10, 20, 30, 250));
    expect(form('A=2026-01-31T10:20:30%2B02:00').time('A')).toBe(Date.UTC(2026, 0, 31, 8, 20, 30));
  });

  it.each(['yesterday', '2026-13-01', '2026-01-31T25:00:00Z', '31.01.2026'])('is not "%s"', (text) => {
    expect(codeOf(() => form(`A=${text}`).time('A'))).toBe(20001);
  });
});

describe('A URL', () => {
  it('is absolute, http or https, and stays as it was written', () => {
    for (const url of [
      'http://example.com',
      'https://example.com:8443/hook?a=1#rc=2',
      'HTTPS://EXAMPLE.com/',
    ])
      expect(form(`A=${encodeURIComponent(url)}`).url('A', 53111)).toBe(url);
  });

  it.each(['example.com/hook', '/hook', 'ftp://example.com', 'javascript:alert(1)', 'http://'])(
    'is not "%s"',
    (text) => {
      expect(codeOf(() => form(`A=${encodeURIComponent(text)}`).url('A', 53111))).toBe(53111);
    },
  );
});

describe('A JSON text', () => {
  const rules = (text: string) =>
    form(`Rules=${encodeURIComponent(text)}`).json('Rules', recordingRulesSchema, 53120);

  it('is read in its form', () => {
    expect(rules('[{"type":"include","all":true}]')).toEqual([{ type: 'include', all: true }]);
  });

  it.each(['[', '{"type":"include","all":true}', '[]', 'null', 'undefined'])('is not %s', (text) => {
    expect(codeOf(() => rules(text))).toBe(53120);
  });
});

describe('A form', () => {
  it('fails with a TwilioError and nothing else, whatever it holds', () => {
    const values = fc.oneof(fc.string({ unit: 'binary' }), fc.json(), fc.webUrl(), fc.integer().map(String));
    fc.assert(
      fc.property(fc.array(values, { maxLength: 3 }), (list) => {
        const whole = new Form(new URLSearchParams(list.map((value) => ['A', value])));
        codeOf(() => whole.integer('A'));
        codeOf(() => whole.boolean('A'));
        codeOf(() => whole.choice('A', ['x']));
        codeOf(() => whole.choices('A', ['x']));
        codeOf(() => whole.time('A'));
        codeOf(() => whole.url('A', 53111));
        codeOf(() => whole.json('A', recordingRulesSchema, 53120));
      }),
    );
  });
});
