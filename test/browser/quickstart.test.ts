import { describe, expect, test } from 'vitest';
import { useLab } from '../support/lab-suite.js';

const suite = useLab();

describe('the quickstart page', () => {
  test('lets two browser tabs see each other and chat', async () => {
    const pages = [];
    for (const identity of ['alice', 'bob']) {
      const page = await suite.lab.blankPage();
      await page.goto(suite.atrium.url);
      await page.fill('input[name=identity]', identity);
      await page.click('button[type=submit]');
      await page.waitForFunction(() => document.querySelectorAll('.tile video').length > 0);
      pages.push(page);
    }
    for (const page of pages) {
      await page.waitForFunction(() => {
        const videos = [...document.querySelectorAll('video')];
        return videos.length === 2 && videos.every((video) => video.videoWidth > 0 && video.currentTime > 0);
      });
    }
    const [alice, bob] = pages;
    await alice!.fill('#chat input', 'hello bob');
    await alice!.press('#chat input', 'Enter');
    await bob!.waitForSelector('#messages li:has-text("alice: hello bob")');
    if (process.env['ATRIUM_TEST_SCREENSHOT'])
      await alice!.screenshot({ path: process.env['ATRIUM_TEST_SCREENSHOT'] });

    await bob!.click('#leave');
    await alice!.waitForFunction(() => document.querySelectorAll('.tile').length === 1);
    expect(await bob!.textContent('#status')).toContain('You have left the room');
  });
});
