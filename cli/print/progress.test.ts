import { describe, expect, it } from 'vitest';
import { startProgress } from './progress.ts';

function stream(options: { isTTY: boolean; columns?: number }) {
  const written: string[] = [];
  return { ...options, written, write: (text: string) => written.push(text) > 0 };
}

describe('progress', () => {
  it('is a line each tenth of the way where no person looks', () => {
    const out = stream({ isTTY: false });
    const progress = startProgress({ label: 'importing', total: 49_102, stream: out });
    for (let done = 2_048; done < 49_102; done += 2_048) progress.update(done);
    progress.update(49_102);
    progress.end();
    expect(out.written).toHaveLength(10);
    expect(out.written[0]).toBe('importing  10%  6,144 of 49,102\n');
    expect(out.written[9]).toBe('importing 100%  49,102 of 49,102\n');
  });

  it('is one line that redraws itself on a terminal, no wider than that, ended once', () => {
    const out = stream({ isTTY: true, columns: 60 });
    const progress = startProgress({ label: 'importing', total: 10, stream: out });
    progress.update(5);
    progress.end();
    progress.end();
    const text = out.written.join('');
    expect(text.match(/\n/g)).toHaveLength(1);
    const last = text.trimEnd().split('\r\u001B[K').at(-1) ?? '';
    expect(last).toMatch(/^importing █+░+ {2}50% {2}5 of 10$/);
    expect(last.length).toBeLessThan(60);
  });
});
