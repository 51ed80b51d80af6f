/** Redrawing more often than this only costs time. */
const REDRAW_MS = 100;
/** Without a terminal, a line each tenth of the way. */
const PLAIN_STEPS = 10;
const BAR_WIDTH_MAX = 30;

export interface Progress {
  /** How much is done, 0 to the total. */
  update(done: number): void;
  /** Leaves the line finished, so that whatever follows begins a new one. Idempotent. */
  end(): void;
}

export interface ProgressOptions {
  readonly label: string;
  readonly total: number;
  readonly stream: Pick<NodeJS.WriteStream, 'write'> & {
    readonly isTTY?: boolean;
    readonly columns?: number;
  };
}

/** A bar that redraws itself on a terminal, plain lines anywhere else. */
export function startProgress(options: ProgressOptions): Progress {
  return options.stream.isTTY === true ? barOn(options) : linesOn(options);
}

function barOn({ label, total, stream }: ProgressOptions): Progress {
  let drawnAt = -Infinity;
  let done = 0;
  let isEnded = false;
  const draw = (): void => {
    drawnAt = performance.now();
    const share = shareOf(done, total);
    const counts = ` ${percent(share)}  ${grouped(done)} of ${grouped(total)}`;
    const room = (stream.columns || 80) - label.length - counts.length - 2;
    const width = Math.max(0, Math.min(BAR_WIDTH_MAX, room));
    const filled = Math.round(width * share);
    stream.write(`\r\u001B[K${label} ${'█'.repeat(filled)}${'░'.repeat(width - filled)}${counts}`);
  };
  draw();
  return {
    update: (now) => {
      done = now;
      if (performance.now() - drawnAt >= REDRAW_MS) draw();
    },
    end: () => {
      if (isEnded) return;
      isEnded = true;
      draw();
      stream.write('\n');
    },
  };
}

function linesOn({ label, total, stream }: ProgressOptions): Progress {
  let written = 0;
  return {
    update: (done) => {
      const step = Math.floor(shareOf(done, total) * PLAIN_STEPS);
      if (step <= written) return;
      written = step;
      stream.write(`${label} ${percent(step / PLAIN_STEPS)}  ${grouped(done)} of ${grouped(total)}\n`);
    },
    end: () => undefined,
  };
}

function shareOf(done: number, total: number): number {
  return total === 0 ? 1 : Math.min(1, done / total);
}

function percent(share: number): string {
  return `${String(Math.floor(share * 100)).padStart(3)}%`;
}

function grouped(count: number): string {
  return count.toLocaleString('en-US');
}
